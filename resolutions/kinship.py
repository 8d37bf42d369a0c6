"""Which reasons servers hardly keep apart."""

from resolutions.reason import Reason

KIN = (
    frozenset({Reason.BAD_MAILBOX, Reason.INACTIVE_MAILBOX, Reason.DOMAIN_NOT_FOUND}),
    frozenset(
        {
            Reason.BAD_DOMAIN,
            Reason.BLOCKED_IP,
            Reason.CONTENT_RELATED,
            Reason.POLICY_RELATED,
            Reason.RATE_LIMITED,
            Reason.SPAM_RELATED,
            Reason.VIRUS_RELATED,
        }
    ),
    frozenset({Reason.AUTHENTICATION_FAILURE, Reason.INVALID_SENDER, Reason.POLICY_RELATED}),
    frozenset(
        {
            Reason.BAD_CONNECTION,
            Reason.MESSAGE_EXPIRED,
            Reason.NO_ANSWER_FROM_HOST,
            Reason.ROUTING_ERRORS,
            Reason.BAD_CONFIGURATION,
        }
    ),
    frozenset({Reason.DOMAIN_NOT_FOUND, Reason.ROUTING_ERRORS}),
)
"""Reasons that servers hardly keep apart: naming another of the group is no contradiction."""


def are_kin(one: Reason, other: Reason) -> bool:
    """Tell whether two reasons are of one group, so that naming the other is no contradiction."""
    return any(one in kin and other in kin for kin in KIN)
