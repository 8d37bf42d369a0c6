"""What Slack and the terminal both say of a diagnosis: one text each."""

from resolutions.bounce import Kind, Permanence
from resolutions.catalogue.family import FinalFor
from resolutions.reason import Reason

LOST = {
    FinalFor.ADDRESS: "Yes, if the refusal is permanent: it may be flagged as inactive.",
    FinalFor.MESSAGE: "No, but this message is: send it changed.",
    FinalFor.UNTIL_MENDED: "No: the same message may go once the cause is mended.",
    FinalFor.NOTHING: "No: nobody should be removed from a list because of this.",
}
"""Whether the address is lost."""

NOT_BOUNCED = {
    Kind.AUTO_REPLY: "a machine answered for a person: the mail arrived",
    Kind.DELIVERED: "the mail was accepted",
    Kind.NOT_A_BOUNCE: "nothing here says that a mail did not arrive",
}
"""What happened where no mail bounced."""

SAYS_LITTLE = frozenset({Reason.SUPPRESSED})
"""Reasons of which it tells nothing whether they pass: nobody was asked."""

OF_THE_ADDRESS = frozenset(
    {Reason.BAD_MAILBOX, Reason.INACTIVE_MAILBOX, Reason.DOMAIN_NOT_FOUND, Reason.UNKNOWN}
)
"""Reasons of which "hard" is not misread: it is the address that a final refusal speaks of."""


def hardness(permanence: Permanence, reason: Reason) -> str:
    """Return whether a failure may pass, in a word that blames no address for what is not its own.

    >>> hardness(Permanence.PERMANENT, Reason.BAD_MAILBOX)
    'hard'
    >>> hardness(Permanence.PERMANENT, Reason.QUOTA_ISSUES)
    'not retried'
    """
    if permanence is Permanence.UNKNOWN or reason in SAYS_LITTLE:
        return ""
    if permanence is Permanence.TRANSIENT:
        return "soft"
    return "hard" if reason in OF_THE_ADDRESS else "not retried"
