"""From a reported bounce to the reason for it, with the evidence."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from resolutions.bounce import Kind, Verdict
from resolutions.diagnosis.permanence import permanence_of
from resolutions.diagnosis.result import NO_BOUNCE as NO_BOUNCE
from resolutions.diagnosis.result import OWN_REFUSAL as OWN_REFUSAL
from resolutions.diagnosis.result import Confidence as Confidence
from resolutions.diagnosis.result import Diagnosis as Diagnosis
from resolutions.diagnosis.result import Evidence as Evidence
from resolutions.diagnosis.result import PastedReply as PastedReply
from resolutions.diagnosis.result import Symptoms as Symptoms
from resolutions.diagnosis.result import also_possible, by_side, no_bounce
from resolutions.diagnosis.second_opinion import compared
from resolutions.reason import Reason, are_kin
from resolutions.rules.reply import Reply, read_words
from resolutions.rules.rule import Strength
from resolutions.rules.rulebook import MEMORY, Hit, Rulebook
from resolutions.rules.statuses import Statuses

MATCHED_LIMIT = 120
"""Characters of the matched words that are kept as evidence."""

EVIDENCE_LIMIT = 5


def diagnose(event: Symptoms, rulebook: Rulebook) -> Diagnosis:
    """Name the most likely reason for a bounce.

    The most trusted evidence decides. Evidence that contradicts it lowers the confidence by a
    band and is listed as also possible; it is never hidden. Replies that differ only in
    addresses and ids are looked at once.
    """
    if event.kind in NO_BOUNCE:
        return no_bounce(event.kind)
    said = event.reply
    words = rulebook.words_of(said.text)
    receiver = rulebook.receiver_of(event.remote_host)
    key = (words, said.code, said.status, receiver, event.kind, event.permanence, event.verdict)
    known = rulebook.memory.get(key)
    if known is None:
        reply = read_words(words, said.code, said.status)
        known = _weighed(event, reply, rulebook.find(reply, receiver), rulebook)
        known = compared(event, reply, known)
        if len(rulebook.memory) >= MEMORY:
            rulebook.memory.clear()
        rulebook.memory[key] = known
    return known


def _weighed(event: Symptoms, reply: Reply, hits: list[Hit], rulebook: Rulebook) -> Diagnosis:
    """Examine what was found; other replies in which the same was found are worth no new look."""
    found = tuple([(hit.strength, hit.rule.order, hit.matched) for hit in hits])
    key = (found, reply.code, reply.status, event.kind, event.permanence, event.verdict)
    known = rulebook.findings.get(key)
    if known is None:
        known = _examine(event, reply, hits, rulebook.statuses)
        if len(rulebook.findings) >= MEMORY:
            rulebook.findings.clear()
        rulebook.findings[key] = known
    return known


class _Finding(NamedTuple):
    """One thing that points to a reason, before anything is weighed."""

    strength: Strength
    reason: Reason
    rule: str
    matched: str
    variant: str = ""
    status: tuple[str, ...] = ()  # the statuses its rule asks for


_CONFIDENCE = {
    Strength.FACT: Confidence.CERTAIN,
    Strength.OPERATOR: Confidence.CERTAIN,
    Strength.RECEIVER: Confidence.CERTAIN,
    Strength.SPECIFIC: Confidence.CERTAIN,
    Strength.STATUS: Confidence.LIKELY,
    Strength.GENERAL: Confidence.LIKELY,
    Strength.VAGUE: Confidence.WEAK,
    Strength.VAGUE_STATUS: Confidence.WEAK,
    Strength.CODE: Confidence.WEAK,
    Strength.PROVIDER: Confidence.WEAK,
}
_LOWER = {Confidence.CERTAIN: Confidence.LIKELY, Confidence.LIKELY: Confidence.WEAK}


def _examine(event: Symptoms, reply: Reply, hits: list[Hit], statuses: Statuses) -> Diagnosis:
    verdict = event.verdict
    kind = event.kind or _kind_of(reply, hits, verdict)
    if kind in NO_BOUNCE:
        return no_bounce(kind, tuple(_kind_piece(hit) for hit in hits if hit.rule.kind))
    findings = sorted(
        (_by_side(found, kind) for found in _findings(reply, hits, verdict, statuses)),
        key=_strength,
    )
    main = findings[0] if findings else _Finding(Strength.PROVIDER, Reason.UNKNOWN, "", "")
    against = [found for found in findings[1:] if _contradicts(found, main)]
    return Diagnosis(
        kind=kind,
        reason=main.reason,
        permanence=permanence_of(
            kind, event.permanence, reply.code or reply.status, main.reason, verdict
        ),
        confidence=_confidence(main, findings, against),
        evidence=_evidence(main, findings, against),
        also=also_possible((found.reason for found in findings), main.reason),
        variant=main.variant,
        receiver=_receiver(hits),
    )


def _receiver(hits: list[Hit]) -> str:
    """Return the rule file of the receiver that is seen, one with an operator before others."""
    seen = [hit.rule for hit in hits if hit.strength is Strength.RECEIVER]
    return next((rule.receiver for rule in seen if rule.operator), seen[0].receiver if seen else "")


def _kind_piece(hit: Hit) -> Evidence:
    return Evidence("kind", hit.rule.id, hit.matched)


def _by_side(found: _Finding, kind: Kind) -> _Finding:
    """Return what a finding means where our own side refused or speaks of itself."""
    if kind is not Kind.REJECTED and found.strength is not Strength.FACT:
        return found
    reason, variant = by_side(found.reason, found.variant)
    return found._replace(reason=reason, variant=variant)


def _kind_of(reply: Reply, hits: list[Hit], verdict: Verdict | None) -> Kind:
    """Return what is reported where nobody said so: a bounce, unless the words tell otherwise."""
    if verdict is not None and verdict.kind is not Kind.BOUNCE:
        return verdict.kind
    for hit in hits:
        if hit.rule.kind:
            return hit.rule.kind
    return Kind.DELIVERED if _is_taken(reply) else Kind.BOUNCE


_DENIED = re.compile(r"\bdiscarded|\bbanned|\bnot relayed|\bsuppress|\bexpected \d")


def _is_taken(reply: Reply) -> bool:
    """Tell whether a server took the mail: a positive code that nothing in the reply denies."""
    positive = reply.code.startswith("2") and reply.status[:1] in {"", "2"}
    return positive and not _DENIED.search(reply.whole)


def _findings(
    reply: Reply, hits: list[Hit], verdict: Verdict | None, statuses: Statuses
) -> Iterator[_Finding]:
    if verdict is not None and verdict.reason and verdict.reason is not Reason.UNKNOWN:
        strength = Strength.FACT if verdict.fact else Strength.PROVIDER
        yield _Finding(strength, verdict.reason, f"provider/{verdict.reason}", verdict.word)
    for strength, rule, matched in hits:
        if not rule.kind:
            yield _Finding(strength, rule.reason, rule.id, matched, rule.variant, rule.status)
    meaning = statuses.of_status(reply.status)
    if meaning:
        strength = Strength.STATUS if meaning.precise else Strength.VAGUE_STATUS
        yield _Finding(strength, meaning.reason, f"status/{meaning.reason}", reply.status)
    meaning = statuses.of_code(reply.code)
    if meaning:
        yield _Finding(Strength.CODE, meaning.reason, f"code/{meaning.reason}", reply.code)


def _strength(finding: _Finding) -> Strength:
    return finding.strength


def _contradicts(finding: _Finding, main: _Finding) -> bool:
    """Tell whether strong evidence names a reason that is not of the chosen one's kin."""
    if finding.strength > Strength.GENERAL or finding.reason in {main.reason, Reason.UNKNOWN}:
        return False
    if main.strength is Strength.FACT:
        return False
    if finding.strength is Strength.STATUS and main.status:
        return False  # the rule knows this status, and what this receiver means by it
    return not are_kin(main.reason, finding.reason)


def _confidence(main: _Finding, findings: list[_Finding], against: list[_Finding]) -> Confidence:
    if main.reason is Reason.UNKNOWN:
        return Confidence.WEAK if main.rule else Confidence.NONE
    confidence = _CONFIDENCE[main.strength]
    agrees = any(found.reason is main.reason for found in findings if found is not main)
    if against:
        lower = _LOWER.get(confidence, confidence)
        even = against[0].strength is main.strength is Strength.SPECIFIC and not agrees
        return _LOWER.get(lower, lower) if even else lower
    if confidence is Confidence.WEAK and agrees and findings[-1].strength is Strength.PROVIDER:
        return Confidence.LIKELY
    return confidence


_KINDS = {
    Strength.FACT: "fact",
    Strength.OPERATOR: "operator",
    Strength.RECEIVER: "receiver",
    Strength.SPECIFIC: "wording",
    Strength.STATUS: "status",
    Strength.GENERAL: "wording",
    Strength.VAGUE: "wording",
    Strength.VAGUE_STATUS: "status",
    Strength.CODE: "code",
    Strength.PROVIDER: "provider",
}


def _evidence(
    main: _Finding, findings: list[_Finding], against: list[_Finding]
) -> tuple[Evidence, ...]:
    """Return what decided, then what agrees, then what contradicts."""
    if not main.rule:
        return ()
    agreeing = [found for found in findings if found.reason is main.reason]
    pieces = [_piece(found, "") for found in agreeing]
    pieces += [_piece(found, "against-") for found in against]
    return tuple(dict.fromkeys(pieces))[:EVIDENCE_LIMIT]


def _piece(finding: _Finding, side: str) -> Evidence:
    return Evidence(side + _KINDS[finding.strength], finding.rule, finding.matched[:MATCHED_LIMIT])
