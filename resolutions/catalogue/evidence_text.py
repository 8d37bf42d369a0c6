"""Why a diagnosis is what it is, in a phrase for people."""

import re
from collections.abc import Iterable, Iterator
from typing import Protocol

from resolutions.bounce import Kind
from resolutions.catalogue.resolution import Catalogue
from resolutions.diagnosis.result import Evidence

NOTHING = "nothing in the reply decides"
REPORTED = "the recipient reported it as spam, as the provider's feedback says"


WORDED = "worded"
"""The kind of what an earlier release kept: the whole evidence, put into words already."""


class Diagnosed(Protocol):
    """What has evidence: a diagnosis, or a delivery that was diagnosed."""

    @property
    def kind(self) -> Kind:
        """What is reported."""

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What decided, then what agrees or does not."""


def phrase(diagnosis: Diagnosed) -> str:
    """Return what decided, whether a status agrees, and the first thing that contradicts.

    'the words "mailbox full", status 5.2.2 agrees'
    """
    if not diagnosis.evidence:
        return _without_evidence(diagnosis)
    first, *others = diagnosis.evidence
    agreeing = [piece for piece in others if not piece.opposes]
    status = next((piece for piece in agreeing if piece.kind == "status"), None)
    opposing = next((piece for piece in others if piece.opposes), None)
    agrees = f", {_phrase(status)} agrees" if status and first.kind != "status" else ""
    opposes = f", against {_phrase(opposing)}" if opposing else ""
    return f"{_phrase(first)}{agrees}{opposes}"


def because(diagnosis: Diagnosed) -> str:
    """Return what decided and what agrees: 'the words "mailbox full"; status 5.2.2'."""
    agreeing = _distinct(piece for piece in diagnosis.evidence if not piece.opposes)
    return _joined(_phrase(piece) for piece in agreeing) or _without_evidence(diagnosis)


def against(diagnosis: Diagnosed, catalogue: Catalogue) -> str:
    """Return what contradicts and what it says, empty if nothing does."""
    return _joined(
        _phrase(piece) + _saying(piece, catalogue) for piece in diagnosis.evidence if piece.opposes
    )


_PLACES = re.compile(r"(?:[\w-]*<[@#~h]>[\w.-]*)+")
"""Where an address, a host or a number stood in the reply that was compared."""

_NUMBERS = re.compile(r"[\d.]+")
_PHRASES = {
    WORDED: "{}",
    "status": "status {}",
    "code": "reply code {}",
    "provider": 'the provider\'s class "{}"',
    "receiver": 'the receiver\'s own words "{}"',
    "operator": 'your own rule for "{}"',
    "likeness": 'likeness to known replies in the words "{}"',
}


def _distinct(pieces: Iterable[Evidence]) -> Iterator[Evidence]:
    """Give the pieces without those whose words say again what the words of one before said."""
    before: list[str] = []
    for piece in pieces:
        words = piece.matched.casefold() if _is_wording(piece) else ""
        if words and any(words in other or other in words for other in before):
            continue
        before += [words] if words else []
        yield piece


def _is_wording(piece: Evidence) -> bool:
    return piece.kind not in {"status", "code"} and not piece.rule.startswith("provider/")


def _without_evidence(diagnosis: Diagnosed) -> str:
    """Return what decided where no server replied: of a complaint, that it was made."""
    return REPORTED if diagnosis.kind is Kind.COMPLAINT else NOTHING


def _phrase(piece: Evidence) -> str:
    kind = "provider" if piece.rule.startswith("provider/") else piece.kind
    if kind == "receiver" and _NUMBERS.fullmatch(piece.matched):
        return f"what {piece.matched} means at this receiver"
    return _PHRASES.get(kind, 'the words "{}"').format(_PLACES.sub("…", piece.matched))


def _saying(piece: Evidence, catalogue: Catalogue) -> str:
    """Return what a status, a code or a provider's class means; a wording speaks for itself."""
    reason = piece.rule.partition("/")[2]
    return f" says: {catalogue[reason].summary}" if reason in catalogue else ""


def _joined(phrases: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(phrases))
