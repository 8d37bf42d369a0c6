"""Mails that report no failure: written by a person, or by a machine that answers for one."""

from resolutions.bounce import Kind
from resolutions.mail.failure import Failure
from resolutions.mail.mail import Mail
from resolutions.mail.text.addresses import first_address


def read(mail: Mail) -> list[Failure]:
    """Return who answered, and whether a machine did; or that somebody wants to be asked first."""
    recipient = first_address(mail.headers.get("from", ""))
    text = " ".join(mail.text.split())
    if mail.sender.challenges(text):
        return [Failure(recipient=recipient, text=text)]
    if mail.sender.is_machine:
        return [Failure(kind=Kind.AUTO_REPLY, recipient=recipient, text=text)]
    return [Failure(kind=Kind.NOT_A_BOUNCE)]
