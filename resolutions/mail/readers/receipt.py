"""Receipts (RFC 8098): no bounces, unless a filter rejected the mail by one (RFC 5429, 2.1)."""

from resolutions.bounce import Kind
from resolutions.mail.failure import Failure
from resolutions.mail.mail import RECEIPT, Mail
from resolutions.mail.mime.header import parse_fields
from resolutions.mail.readers.dsn_fields import address_in
from resolutions.mail.text.paragraphs import paragraph_about


def read(mail: Mail) -> list[Failure]:
    """Return what a receipt says."""
    part = mail.first(RECEIPT)
    if part is None:
        return []
    if "automatically rejected" not in mail.text:
        return [Failure(kind=Kind.NOT_A_BOUNCE)]
    recipient = address_in(parse_fields(part.fields).get("final-recipient", ""))
    text = paragraph_about(mail.text)
    return [Failure(recipient=recipient, text=text, original=mail.original)]
