"""A second opinion on a diagnosis that little supports: what the reply is most like."""

from dataclasses import replace

from resolutions.bounce import Kind
from resolutions.diagnosis.classifier import Likeness, Resemblance
from resolutions.diagnosis.permanence import permanence_of
from resolutions.diagnosis.result import (
    NO_BOUNCE,
    Confidence,
    Diagnosis,
    Evidence,
    Reported,
    also_possible,
    by_side,
    no_bounce,
)
from resolutions.reason import Reason, are_kin
from resolutions.rules.reply import Reply

REASONS = frozenset(Reason)
_LIKELY, _RATHER, _PERHAPS = 0.9, 0.7, 0.5
"""How like known replies a reply has to be, to be called likely, to beat a status, to beat less."""

_WELL_KNOWN = frozenset({"fact", "operator", "receiver"})
"""Kinds of evidence for which no second opinion is asked."""

_OF_THE_ADDRESS = frozenset({Reason.BAD_MAILBOX, Reason.DOMAIN_NOT_FOUND, Reason.INACTIVE_MAILBOX})


def compared(reported: Reported, reply: Reply, first: Diagnosis) -> Diagnosis:
    """Ask what a reply is most like where little or one wording alone decides.

    What nothing but vague words, a status or a code decided is decided by likeness; a wording is
    not, but is believed less where the reply is very like those of an unrelated reason.
    """
    if not _is_doubtful(first):
        return first
    like = Likeness.load().of(reply)
    if like is None or like.word in {first.word, Reason.UNKNOWN}:
        return first
    vague = first.confidence in {Confidence.NONE, Confidence.WEAK}
    if like.word in REASONS:
        return _by_likeness(reported, reply, first, like, vague)
    if vague and reported.kind is None and like.probability >= _LIKELY:
        return no_bounce(Kind(like.word), (_likeness(like),))
    return first


def _is_doubtful(first: Diagnosis) -> bool:
    if first.kind in NO_BOUNCE:
        return False
    if first.confidence in {Confidence.NONE, Confidence.WEAK}:
        return True
    return len(first.evidence) == 1 and first.evidence[0].kind not in _WELL_KNOWN


def _by_likeness(
    reported: Reported, reply: Reply, first: Diagnosis, like: Resemblance, vague: bool
) -> Diagnosis:
    code = reply.code or reply.status
    reason, variant = Reason(like.word), ""
    if first.kind is Kind.REJECTED:
        reason, variant = by_side(reason, variant)
    says_unknown = bool(first.evidence) and first.reason is Reason.UNKNOWN
    by_status = bool(first.evidence) and first.evidence[0].kind == "status"
    needed = _PERHAPS if vague and not says_unknown else _RATHER
    if like.probability >= needed and (vague or by_status):
        return replace(
            first,
            reason=reason,
            permanence=permanence_of(
                first.kind, reported.permanence, code, reason, reported.verdict
            ),
            confidence=_confidence(like, reason),
            evidence=(_likeness(like),),
            also=also_possible((first.reason, *first.also), reason),
            variant=variant,
        )
    if vague or like.probability < _LIKELY or are_kin(reason, first.reason):
        return first
    return replace(
        first,
        confidence=Confidence.WEAK,
        evidence=(*first.evidence, _likeness(like)._replace(opposes=True)),
        also=also_possible((reason, *first.also), first.reason),
    )


def _confidence(like: Resemblance, reason: Reason) -> Confidence:
    """Return how sure likeness makes; never so sure that an address is condemned by it."""
    likely = like.probability >= _LIKELY and reason not in _OF_THE_ADDRESS
    return Confidence.LIKELY if likely else Confidence.WEAK


def _likeness(like: Resemblance) -> Evidence:
    return Evidence("likeness", f"likeness/{like.word}", " … ".join(like.words))
