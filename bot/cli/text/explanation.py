"""What `bounce explain` says."""

import textwrap
from collections.abc import Iterator, Sequence

from bot.cli.own_files import OwnFiles
from bot.cli.text.layout import numbered, wrapped
from bot.cli.text.ready import why
from resolutions.catalogue.explain import Explained, explain
from resolutions.catalogue.resolution import Catalogue, Resolution

ALIASES = 6
"""Other names that are shown of a reason."""

QUESTION = 60
"""Characters of a question that are repeated."""


def explained(words: str, own: OwnFiles) -> str:
    """Return what the words mean and what to do about it; what may be meant if nothing fits."""
    catalogue = own.resolutions()
    answer = explain(words, catalogue, own.rulebook)
    return "\n".join(_lines(words, answer, catalogue))


def _lines(words: str, answer: Explained, catalogue: Catalogue) -> Iterator[str]:
    if answer.resolution is None:
        yield from _suggestions(words, answer, catalogue)
        return
    yield from meaning(answer.resolution)
    yield why(answer.because)
    if answer.near:
        yield wrapped(f"It may also be: {_named(answer.near)}.")


def _suggestions(words: str, answer: Explained, catalogue: Catalogue) -> Iterator[str]:
    question = textwrap.shorten(words, QUESTION, placeholder=" …")
    if question:
        yield wrapped(f'"{question}": {answer.because}.')
    if answer.near:
        yield wrapped(f"Did you mean {_named(answer.near)}?")
        return
    yield "What can be explained (bounce explain WORD):"
    for resolution in catalogue.values():
        yield f"  {resolution.word:<24}{resolution.summary}"


def meaning(resolution: Resolution) -> Iterator[str]:
    """Yield the lines about a resolution, whatever was asked."""
    also = ", ".join(resolution.aliases[:ALIASES])
    yield wrapped(f"{resolution.title} · {resolution.word}" + (f" (also: {also})" if also else ""))
    yield ""
    yield wrapped(f"What it means: {resolution.explanation}")
    yield f"Who can act: {resolution.owner}"
    yield f"Is the address lost? {resolution.lost}"
    yield ""
    yield "What to do:"
    yield from numbered(resolution.steps)
    yield ""
    yield "What it looks like:"
    yield from (wrapped(f"  {sample}", "  ") for sample in resolution.samples)
    others = [variant for variant in resolution.variants if variant.title != resolution.title]
    if others:
        yield ""
        yield "Special cases (bounce explain …):"
        yield from (wrapped(f"  {other.name}: {other.summary}", "  ") for other in others)


def _named(resolutions: Sequence[Resolution]) -> str:
    return ", ".join(f"{near.word} ({near.title})" for near in resolutions)
