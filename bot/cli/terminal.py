"""What `bounce explain` and `bounce diagnose` say on a terminal."""

import re
import textwrap
from collections.abc import Iterator, Sequence

from bot.cli.diagnose import Answer, OwnFiles
from resolutions.bounce import Kind, Permanence
from resolutions.catalogue.evidence_text import against, because
from resolutions.catalogue.explain import Explained, explain
from resolutions.catalogue.resolution import Catalogue, Resolution
from resolutions.diagnosis.diagnose import NO_BOUNCE, Diagnosis

WIDTH = 96
"""Columns of a line."""

ALIASES = 6
"""Other names that are shown of a reason."""

NOT_BOUNCED = {
    Kind.AUTO_REPLY: "a machine answered for a person: the mail arrived",
    Kind.DELIVERED: "the mail was accepted",
    Kind.NOT_A_BOUNCE: "nothing here says that a mail did not arrive",
}
HARDNESS = {Permanence.PERMANENT: "hard", Permanence.TRANSIENT: "soft"}


def explained(words: str, own: OwnFiles) -> str:
    """Return what the words mean and what to do about it; what may be meant if nothing fits."""
    catalogue = own.resolutions()
    found = explain(words, catalogue, own.rulebook)
    return _safe("\n".join(_explanation(words, found, catalogue)))


def diagnosed(answer: Answer, own: OwnFiles) -> str:
    """Return the reason, what speaks for it and against it, and what to do."""
    return _safe("\n".join(_verdict(answer.diagnosis, own.resolutions())))


_UNSAFE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def _safe(text: str) -> str:
    """Return the text without what moves a terminal's cursor or turns the direction of writing."""
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text)


def _verdict(diagnosis: Diagnosis, catalogue: Catalogue) -> Iterator[str]:
    head = f"{diagnosis.word} ({_sureness(diagnosis)})"
    if diagnosis.kind in NOT_BOUNCED:
        yield f"{head} — {NOT_BOUNCED[diagnosis.kind]}"
        return
    complaint = diagnosis.kind is Kind.COMPLAINT
    resolution = catalogue.of(diagnosis.reason, complaint=complaint).special(diagnosis.variant)
    yield f"{head} — {resolution.summary}"
    opposed = against(diagnosis, catalogue)
    yield _wrapped(f"because: {because(diagnosis)}" + (f" · against: {opposed}" if opposed else ""))
    if diagnosis.also:
        yield f"also possible: {', '.join(diagnosis.also)}"
    yield f"who can act: {resolution.owner}"
    yield "do:"
    yield from _numbered(resolution.steps)


def _sureness(diagnosis: Diagnosis) -> str:
    words = ["nothing decides" if diagnosis.confidence == "none" else diagnosis.confidence.value]
    if diagnosis.kind not in NO_BOUNCE and diagnosis.permanence in HARDNESS:
        words.append(HARDNESS[diagnosis.permanence])
    return ", ".join(words)


def _explanation(words: str, found: Explained, catalogue: Catalogue) -> Iterator[str]:
    if found.resolution is None:
        yield from _suggestions(words, found, catalogue)
        return
    yield from _whole(found.resolution)
    yield ""
    yield _wrapped(f"Why this one: {found.because}.")
    if found.near:
        yield _wrapped(f"It may also be: {_named(found.near)}.")


def _suggestions(words: str, found: Explained, catalogue: Catalogue) -> Iterator[str]:
    said = textwrap.shorten(words, 60, placeholder=" …")
    if said:
        yield _wrapped(f'"{said}": {found.because}.')
    if found.near:
        yield _wrapped(f"Did you mean {_named(found.near)}?")
        return
    yield "What can be explained (bounce explain WORD):"
    for resolution in catalogue.values():
        yield f"  {resolution.word:<24}{resolution.summary}"


def _whole(resolution: Resolution) -> Iterator[str]:
    also = ", ".join(resolution.aliases[:ALIASES])
    yield _wrapped(f"{resolution.title} · {resolution.word}" + (f" (also: {also})" if also else ""))
    yield ""
    yield _wrapped(f"What it means: {resolution.explanation}")
    yield f"Who can act: {resolution.owner}"
    yield f"Is the address lost? {resolution.lost}"
    yield ""
    yield "What to do:"
    yield from _numbered(resolution.steps)
    yield ""
    yield "What it looks like:"
    yield from (_wrapped(f"  {sample}", "  ") for sample in resolution.samples)
    others = [each for each in resolution.variants if each.title != resolution.title]
    if others:
        yield ""
        yield "Special cases (bounce explain …):"
        yield from (_wrapped(f"  {each.name}: {each.summary}", "  ") for each in others)


def _named(resolutions: Sequence[Resolution]) -> str:
    return ", ".join(f"{each.word} ({each.title})" for each in resolutions)


def _numbered(steps: Sequence[str]) -> Iterator[str]:
    for number, step in enumerate(steps, 1):
        yield _wrapped(f"  {number}. {step}", "     ")


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
