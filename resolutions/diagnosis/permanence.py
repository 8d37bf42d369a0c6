"""Whether a failure is final: from the codes, from what the provider states, from its meaning."""

from resolutions.bounce import Kind, Permanence, Verdict
from resolutions.reason import Reason

SOFT = frozenset(
    {
        Reason.BAD_CONNECTION,
        Reason.MESSAGE_EXPIRED,
        Reason.NO_ANSWER_FROM_HOST,
        Reason.QUOTA_ISSUES,
        Reason.RATE_LIMITED,
    }
)
"""Causes that pass: a provider that calls one of these soft is believed against a 5xx."""

HARD = frozenset(
    {
        Reason.BAD_MAILBOX,
        Reason.CONTENT_RELATED,
        Reason.DOMAIN_NOT_FOUND,
        Reason.INACTIVE_MAILBOX,
        Reason.MESSAGE_EXPIRED,
        Reason.MESSAGE_TOO_LARGE,
        Reason.SUPPRESSED,
        Reason.VIRUS_RELATED,
    }
)
"""Causes that stay, if no code says otherwise. An expired message is not tried again."""

_BY_CLASS = {"4": Permanence.TRANSIENT, "5": Permanence.PERMANENT}


def permanence_of(
    kind: Kind, stated: Permanence, code: str, reason: Reason, verdict: Verdict | None
) -> Permanence:
    """Return whether the same attempt could succeed later.

    `code` is the reply code or the enhanced status, whichever there is. A deferral is transient
    unless the provider itself calls it final. A provider's "soft" does not outweigh a 5xx unless
    it names a cause that passes: SES calls `550 5.3.0` Transient/General, and it is not.
    """
    if kind is Kind.DEFERRAL:
        return Permanence.PERMANENT if stated is Permanence.PERMANENT else Permanence.TRANSIENT
    if kind is Kind.COMPLAINT or stated is Permanence.PERMANENT:
        return Permanence.PERMANENT
    by_code = _BY_CLASS.get(code[:1], Permanence.UNKNOWN)
    if stated is Permanence.TRANSIENT:
        believed = by_code is not Permanence.PERMANENT or reason in SOFT or _is_precise(verdict)
        return stated if believed else by_code
    return _by_meaning(by_code, reason)


def _by_meaning(by_code: Permanence, reason: Reason) -> Permanence:
    if reason in {Reason.MESSAGE_EXPIRED, Reason.SUPPRESSED}:
        return Permanence.PERMANENT
    if reason is Reason.RATE_LIMITED:
        return Permanence.TRANSIENT
    if by_code is not Permanence.UNKNOWN:
        return by_code
    if reason in HARD:
        return Permanence.PERMANENT
    return Permanence.TRANSIENT if reason in SOFT else Permanence.UNKNOWN


def _is_precise(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.reason not in {None, Reason.UNKNOWN}
