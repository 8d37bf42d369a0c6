"""What `bounce diagnose` says of one reply."""

from collections.abc import Iterator

from bot.cli.text.layout import numbered, wrapped
from resolutions.bounce import Kind
from resolutions.catalogue.evidence_text import against, because
from resolutions.catalogue.resolution import Catalogue
from resolutions.catalogue.texts import NOT_BOUNCED, hardness
from resolutions.diagnosis.result import NO_BOUNCE, Diagnosis


def diagnosed(diagnosis: Diagnosis, catalogue: Catalogue) -> str:
    """Return the reason, what speaks for it and against it, and what to do."""
    return "\n".join(_lines(diagnosis, catalogue))


def _lines(diagnosis: Diagnosis, catalogue: Catalogue) -> Iterator[str]:
    head = f"{diagnosis.word} ({_sureness(diagnosis)})"
    if diagnosis.kind in NOT_BOUNCED:
        yield f"{head} — {NOT_BOUNCED[diagnosis.kind]}"
        return
    complaint = diagnosis.kind is Kind.COMPLAINT
    resolution = catalogue.of(diagnosis.reason, complaint=complaint).special(diagnosis.variant)
    yield f"{head} — {resolution.summary}"
    opposed = against(diagnosis, catalogue)
    yield wrapped(f"because: {because(diagnosis)}" + (f" · against: {opposed}" if opposed else ""))
    if diagnosis.also:
        yield f"also possible: {', '.join(diagnosis.also)}"
    yield f"who can act: {resolution.owner}"
    yield "do:"
    yield from numbered(resolution.steps)


def _sureness(diagnosis: Diagnosis) -> str:
    words = ["nothing decides" if diagnosis.confidence == "none" else diagnosis.confidence.value]
    if diagnosis.kind not in NO_BOUNCE:
        words.append(hardness(diagnosis.permanence, diagnosis.reason))
    return ", ".join(filter(None, words))
