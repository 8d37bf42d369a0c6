"""What a diagnosis is: the reason, how sure, what speaks for it; and what it looks at."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from resolutions.bounce import Kind, Permanence, SmtpReply, Verdict
from resolutions.reason import Reason

ALSO_LIMIT = 3
"""Reasons that are named beside the chosen one."""


class Confidence(StrEnum):
    """How far a diagnosis can be relied on; lowered by a band when evidence conflicts."""

    CERTAIN = "certain"
    LIKELY = "likely"
    WEAK = "weak"
    NONE = "none"


class Evidence(NamedTuple):
    """One thing that points to a reason, or (`opposes`) to another than the chosen one.

    Its kind, the rule that saw it, the words it matched.
    """

    kind: str
    rule: str
    matched: str
    opposes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The most likely reason, what speaks for it, and what else it could be.

    The first piece of evidence decided; what follows agrees or opposes. `receiver` is the rule
    file of the receiver whose own words were found.
    """

    kind: Kind
    reason: Reason
    permanence: Permanence
    confidence: Confidence
    evidence: tuple[Evidence, ...] = ()
    also: tuple[Reason, ...] = ()
    variant: str = ""
    receiver: str = ""

    @property
    def word(self) -> str:
        """The reason, or the kind's word where nothing bounced."""
        return self.kind.value if self.kind in NO_BOUNCE else self.reason.value


class Symptoms(Protocol):
    """What a diagnosis looks at. A `kind` of None means that nobody said what is reported."""

    @property
    def kind(self) -> Kind | None: ...
    @property
    def permanence(self) -> Permanence: ...
    @property
    def reply(self) -> SmtpReply: ...
    @property
    def remote_host(self) -> str: ...
    @property
    def verdict(self) -> Verdict | None: ...


class Reported(NamedTuple):
    """What a report says beside the reply."""

    kind: Kind | None
    permanence: Permanence
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class PastedReply:
    """Symptoms without an event: a reply as somebody pasted it, or as one line of a file."""

    reply: SmtpReply
    remote_host: str = ""
    verdict: Verdict | None = None
    kind: Kind | None = None
    permanence: Permanence = Permanence.UNKNOWN


OWN_REFUSAL = "own-refusal"
"""The variant of a reason for a refusal by our own provider or server."""

NO_BOUNCE = frozenset({Kind.COMPLAINT, Kind.AUTO_REPLY, Kind.DELIVERED, Kind.NOT_A_BOUNCE})
"""Kinds that are no failure to deliver; what is in their text does not matter."""


_THEIRS = frozenset(
    {
        Reason.BAD_CONFIGURATION,
        Reason.BAD_CONNECTION,
        Reason.NO_ANSWER_FROM_HOST,
        Reason.POLICY_RELATED,
    }
)
"""Reasons for which a recipient has to act, unless our own side refused."""


def by_side(reason: Reason, variant: str) -> tuple[Reason, str]:
    """Return what a reason means if our own side refused: no recipient has any part in it.

    Our own provider's quota is no full mailbox; for other reasons the catalogue has a variant in
    which somebody on our side has to act.
    """
    if reason is Reason.QUOTA_ISSUES:
        return Reason.RATE_LIMITED, variant
    if reason in _THEIRS and not variant:
        return reason, OWN_REFUSAL
    return reason, variant


def also_possible(reasons: Iterable[Reason], chosen: Reason) -> tuple[Reason, ...]:
    """Return the reasons that are named beside the chosen one, the first of them first."""
    others = dict.fromkeys(reasons)
    others.pop(chosen, None)
    others.pop(Reason.UNKNOWN, None)
    return tuple(others)[:ALSO_LIMIT]


def no_bounce(kind: Kind, evidence: tuple[Evidence, ...] = ()) -> Diagnosis:
    """Return the diagnosis of what is no bounce; only a complaint has a reason, spam."""
    complaint = kind is Kind.COMPLAINT
    return Diagnosis(
        kind=kind,
        reason=Reason.SPAM_RELATED if complaint else Reason.UNKNOWN,
        permanence=Permanence.PERMANENT if complaint else Permanence.UNKNOWN,
        confidence=Confidence.CERTAIN,
        evidence=evidence,
    )
