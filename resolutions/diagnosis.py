"""From a reported bounce to the reason for it, with the evidence."""

from dataclasses import dataclass
from enum import StrEnum

from resolutions.bounce import Kind, Permanence
from resolutions.reason import Reason


class Confidence(StrEnum):
    """How far a diagnosis can be relied on; lowered by a band when evidence conflicts."""

    CERTAIN = "certain"
    LIKELY = "likely"
    WEAK = "weak"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that points to a reason: its kind, the rule that saw it, the words it matched."""

    kind: str
    rule: str
    matched: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The most likely reason, what speaks for it, and what else it could be."""

    kind: Kind
    reason: Reason
    permanence: Permanence
    confidence: Confidence
    evidence: tuple[Evidence, ...] = ()
    also: tuple[Reason, ...] = ()
    variant: str = ""
