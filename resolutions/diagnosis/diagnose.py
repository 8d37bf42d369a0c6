"""From a reported bounce to the reason for it, with the evidence."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from resolutions.bounce import Kind, Verdict
from resolutions.diagnosis.permanence import permanence_of
from resolutions.diagnosis.result import (
    NO_BOUNCE,
    Confidence,
    Diagnosis,
    Evidence,
    Reported,
    Symptoms,
    also_possible,
    by_side,
    no_bounce,
)
from resolutions.diagnosis.second_opinion import compared
from resolutions.reason import Reason, are_kin
from resolutions.rules.reply import Reply, read_words
from resolutions.rules.rule import Precedence
from resolutions.rules.rulebook import Hit, Rulebook
from resolutions.rules.statuses import Statuses

MATCHED_LIMIT = 120
"""Characters of the matched words that are kept as evidence."""

EVIDENCE_LIMIT = 5

REMEMBERED = 20_000
"""Diagnoses that are remembered, the newest."""


def diagnose(event: Symptoms, rulebook: Rulebook) -> Diagnosis:
    """Name the most likely reason for a bounce.

    The most trusted evidence decides. Evidence that contradicts it lowers the confidence by a
    band and is listed as also possible; it is never hidden. Replies that differ only in
    addresses and ids are looked at once.
    """
    if event.kind in NO_BOUNCE:
        return no_bounce(event.kind)
    reply = event.reply
    words = rulebook.words_of(reply.text)
    receiver = rulebook.receiver_of(event.remote_host)
    reported = Reported(event.kind, event.permanence, event.verdict)
    return _diagnosed(rulebook, words, reply.code, reply.status, receiver, reported)


@lru_cache(REMEMBERED)
def _diagnosed(
    rulebook: Rulebook, words: str, code: str, status: str, receiver: str, reported: Reported
) -> Diagnosis:
    reply = read_words(words, code, status)
    seen = tuple(
        [(hit.precedence, hit.rule.order, hit.matched) for hit in rulebook.find(reply, receiver)]
    )
    code, status = reply.code, reply.status
    diagnosis = _weighed(rulebook, seen, code, status, _is_taken(reply), reported)
    return compared(reported, reply, diagnosis)


@lru_cache(REMEMBERED)
def _weighed(
    rulebook: Rulebook,
    seen: tuple[tuple[Precedence, int, str], ...],
    code: str,
    status: str,
    taken: bool,
    reported: Reported,
) -> Diagnosis:
    """Weigh what was seen; other replies in which the same is seen need no new look."""
    hits = [Hit(precedence, rulebook.rules[order], words) for precedence, order, words in seen]
    kind = reported.kind or _kind_of(hits, taken, reported.verdict)
    if kind in NO_BOUNCE:
        return no_bounce(kind, tuple(_kind_piece(hit) for hit in hits if hit.rule.kind))
    findings = _findings(hits, code, status, reported.verdict, rulebook.statuses)
    return _examine(
        kind, [_by_side(finding, kind) for finding in findings], hits, code or status, reported
    )


class _Finding(NamedTuple):
    """One thing that points to a reason, before anything is weighed."""

    precedence: Precedence
    reason: Reason
    rule: str
    matched: str
    variant: str = ""
    status: tuple[str, ...] = ()  # the statuses its rule asks for


_CONFIDENCE = {
    Precedence.FACT: Confidence.CERTAIN,
    Precedence.OPERATOR: Confidence.CERTAIN,
    Precedence.RECEIVER: Confidence.CERTAIN,
    Precedence.SPECIFIC: Confidence.CERTAIN,
    Precedence.STATUS: Confidence.LIKELY,
    Precedence.GENERAL: Confidence.LIKELY,
    Precedence.VAGUE: Confidence.WEAK,
    Precedence.VAGUE_STATUS: Confidence.WEAK,
    Precedence.CODE: Confidence.WEAK,
    Precedence.PROVIDER: Confidence.WEAK,
}
_LOWER = {Confidence.CERTAIN: Confidence.LIKELY, Confidence.LIKELY: Confidence.WEAK}


def _examine(
    kind: Kind, findings: list[_Finding], hits: list[Hit], code: str, reported: Reported
) -> Diagnosis:
    findings.sort(key=_precedence)
    main = findings[0] if findings else _Finding(Precedence.PROVIDER, Reason.UNKNOWN, "", "")
    against = [finding for finding in findings[1:] if _contradicts(finding, main)]
    return Diagnosis(
        kind=kind,
        reason=main.reason,
        permanence=permanence_of(kind, reported.permanence, code, main.reason, reported.verdict),
        confidence=_confidence(main, findings, against),
        evidence=_evidence(main, findings, against),
        also=also_possible((finding.reason for finding in findings), main.reason),
        variant=main.variant,
        receiver=_receiver(hits),
    )


def _receiver(hits: list[Hit]) -> str:
    """Return the rule file of the receiver that is seen, one with an operator before others."""
    seen = [hit.rule for hit in hits if hit.precedence is Precedence.RECEIVER]
    return next((rule.receiver for rule in seen if rule.operator), seen[0].receiver if seen else "")


def _kind_piece(hit: Hit) -> Evidence:
    return Evidence("kind", hit.rule.id, hit.matched)


def _by_side(finding: _Finding, kind: Kind) -> _Finding:
    """Return what a finding means where our own side refused or speaks of itself."""
    if kind is not Kind.REJECTED and finding.precedence is not Precedence.FACT:
        return finding
    reason, variant = by_side(finding.reason, finding.variant)
    return finding._replace(reason=reason, variant=variant)


def _kind_of(hits: list[Hit], taken: bool, verdict: Verdict | None) -> Kind:
    """Return what is reported where nobody said so: a bounce, unless the words tell otherwise."""
    if verdict is not None and verdict.kind is not Kind.BOUNCE:
        return verdict.kind
    for hit in hits:
        if hit.rule.kind:
            return hit.rule.kind
    return Kind.DELIVERED if taken else Kind.BOUNCE


_DENIED = re.compile(r"\bdiscarded|\bbanned|\bnot relayed|\bsuppress|\bexpected \d")


def _is_taken(reply: Reply) -> bool:
    """Tell whether a server took the mail: a positive code that nothing in the reply denies."""
    positive = reply.code.startswith("2") and reply.status[:1] in {"", "2"}
    return positive and not _DENIED.search(reply.whole)


def _findings(
    hits: list[Hit], code: str, status: str, verdict: Verdict | None, statuses: Statuses
) -> Iterator[_Finding]:
    if verdict is not None and verdict.reason and verdict.reason is not Reason.UNKNOWN:
        precedence = Precedence.FACT if verdict.authoritative else Precedence.PROVIDER
        yield _Finding(precedence, verdict.reason, f"provider/{verdict.reason}", verdict.word)
    for precedence, rule, matched in hits:
        if not rule.kind:
            yield _Finding(precedence, rule.reason, rule.id, matched, rule.variant, rule.status)
    meaning = statuses.of_status(status)
    if meaning:
        precedence = Precedence.STATUS if meaning.precise else Precedence.VAGUE_STATUS
        yield _Finding(precedence, meaning.reason, f"status/{meaning.reason}", status)
    meaning = statuses.of_code(code)
    if meaning:
        yield _Finding(Precedence.CODE, meaning.reason, f"code/{meaning.reason}", code)


def _precedence(finding: _Finding) -> Precedence:
    return finding.precedence


def _contradicts(finding: _Finding, main: _Finding) -> bool:
    """Tell whether strong evidence names a reason that is not of the chosen one's kin."""
    if finding.precedence > Precedence.GENERAL or finding.reason in {main.reason, Reason.UNKNOWN}:
        return False
    if main.precedence is Precedence.FACT:
        return False
    if finding.precedence is Precedence.STATUS and main.status:
        return False  # the rule knows this status, and what this receiver means by it
    return not are_kin(main.reason, finding.reason)


def _confidence(main: _Finding, findings: list[_Finding], against: list[_Finding]) -> Confidence:
    if main.reason is Reason.UNKNOWN:
        return Confidence.WEAK if main.rule else Confidence.NONE
    confidence = _CONFIDENCE[main.precedence]
    agrees = any(other.reason is main.reason for other in findings if other is not main)
    if against:
        lower = _LOWER.get(confidence, confidence)
        even = against[0].precedence is main.precedence is Precedence.SPECIFIC and not agrees
        return _LOWER.get(lower, lower) if even else lower
    if confidence is Confidence.WEAK and agrees and findings[-1].precedence is Precedence.PROVIDER:
        return Confidence.LIKELY
    return confidence


_KINDS = {
    Precedence.FACT: "fact",
    Precedence.OPERATOR: "operator",
    Precedence.RECEIVER: "receiver",
    Precedence.SPECIFIC: "wording",
    Precedence.STATUS: "status",
    Precedence.GENERAL: "wording",
    Precedence.VAGUE: "wording",
    Precedence.VAGUE_STATUS: "status",
    Precedence.CODE: "code",
    Precedence.PROVIDER: "provider",
}


def _evidence(
    main: _Finding, findings: list[_Finding], against: list[_Finding]
) -> tuple[Evidence, ...]:
    """Return what decided, then what agrees, then what contradicts."""
    if not main.rule:
        return ()
    agreeing = [finding for finding in findings if finding.reason is main.reason]
    pieces = [_piece(finding) for finding in agreeing]
    pieces += [_piece(finding)._replace(opposes=True) for finding in against]
    return tuple(dict.fromkeys(pieces))[:EVIDENCE_LIMIT]


def _piece(finding: _Finding) -> Evidence:
    return Evidence(_KINDS[finding.precedence], finding.rule, finding.matched[:MATCHED_LIMIT])
