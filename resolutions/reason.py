"""The closed list of reasons a bounce can be diagnosed with.

The words are those of the field (PowerMTA's bounce categories and their kin).
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why an email bounced. `bad-domain` and `blocked-ip` speak of *our* domain and IP address."""

    BAD_CONFIGURATION = "bad-configuration"
    BAD_CONNECTION = "bad-connection"
    BAD_DOMAIN = "bad-domain"
    BAD_MAILBOX = "bad-mailbox"
    INACTIVE_MAILBOX = "inactive-mailbox"
    MESSAGE_EXPIRED = "message-expired"
    NO_ANSWER_FROM_HOST = "no-answer-from-host"
    PROTOCOL_ERRORS = "protocol-errors"
    QUOTA_ISSUES = "quota-issues"
    ROUTING_ERRORS = "routing-errors"
    CHALLENGE_RESPONSE = "challenge-response"
    UNKNOWN = "unknown"
    DOMAIN_NOT_FOUND = "domain-not-found"
    SUPPRESSED = "suppressed"
    RATE_LIMITED = "rate-limited"
    SPAM_RELATED = "spam-related"
    BLOCKED_IP = "blocked-ip"
    AUTHENTICATION_FAILURE = "authentication-failure"
    TLS_REQUIRED = "tls-required"
    INVALID_SENDER = "invalid-sender"
    CONTENT_RELATED = "content-related"
    VIRUS_RELATED = "virus-related"
    MESSAGE_TOO_LARGE = "message-too-large"
    RELAYING_ISSUES = "relaying-issues"
    POLICY_RELATED = "policy-related"


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
