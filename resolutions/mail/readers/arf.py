"""Feedback reports (RFC 5965) and what mailbox providers send in their place."""

import re
from itertools import islice

from resolutions.bounce import Kind
from resolutions.mail.failure import Failure
from resolutions.mail.mail import FEEDBACK, Mail
from resolutions.mail.mime.header import parse_fields
from resolutions.mail.readers.dsn_fields import address_in
from resolutions.mail.text.addresses import first_address
from resolutions.mail.text.smtp import host_in

NO_COMPLAINTS = frozenset({"auth-failure", "auth-failures", "not-spam", "dmarc", "delivery"})
"""`Feedback-Type` of reports that are about records or mistakes, not about unwanted mail."""

RECIPIENT_FIELDS = ("original-rcpt-to", "removal-recipient", "x-hmxmroriginalrecipient")

RECIPIENTS_LIMIT = 1_000

SENDERS = ("staff@hotmail.com", "@email-abuse.amazonses.com")
"""Who sends complaints with nothing but the message complained of."""


def read(mail: Mail) -> list[Failure]:
    """Return the complaints (or the authentication report) that a mail holds."""
    report = mail.first(FEEDBACK)
    if report is not None:
        return _of_report(mail, report.fields)
    claimed = mail.root.parameters.get("report-type", "").lower() == "feedback-report"
    if claimed and "feedback-type:" in mail.text.lower():
        return _of_report(mail, mail.text)
    recipient = _unreported(mail)
    if recipient is None and not claimed:
        return []
    recipient = recipient or _to(mail)
    words = _words(mail)
    return [Failure(kind=Kind.COMPLAINT, recipient=recipient, text=words, original=mail.original)]


def _unreported(mail: Mail) -> str | None:
    """Return who complained in a mail without a report part, None if it is no complaint."""
    sender = mail.headers.get("from", "").lower()
    if "x-apple-unsubscribe" in mail.headers:
        return first_address(sender)
    if "complaint" not in mail.headers.get("subject", "").lower():
        return None
    if recipient := address_in(mail.original.get("x-hmxmroriginalrecipient", "")):
        return recipient
    return _to(mail) if any(name in sender for name in SENDERS) else None


def _of_report(mail: Mail, text: str) -> list[Failure]:
    fields = parse_fields(text)
    feedback = fields.get("feedback-type", "abuse").split(";")[0].strip().lower()
    kind = Kind.NOT_A_BOUNCE if feedback in NO_COMPLAINTS else Kind.COMPLAINT
    words = _words(mail) or feedback
    host = host_in(fields.get("reporting-mta", ""))
    return [
        Failure(
            kind=kind, recipient=recipient, text=words, remote_host=host, original=mail.original
        )
        for recipient in _recipients(text) or [_to(mail)]
    ]


def _recipients(text: str) -> list[str]:
    """Return whom a report names; `Original-Rcpt-To` may occur more than once (RFC 5965, 3.2)."""
    values = islice(_RECIPIENT.findall(text), RECIPIENTS_LIMIT)
    return list(dict.fromkeys(filter(None, map(address_in, values))))


def _to(mail: Mail) -> str:
    """Return whom the reported mail was sent to, where the report does not say."""
    return first_address(mail.original.get("to", ""))


def _words(mail: Mail) -> str:
    part = mail.first("text/plain")
    return " ".join(part.text.split())[:500] if part is not None else ""


_RECIPIENT = re.compile(
    rf"^(?:{'|'.join(RECIPIENT_FIELDS)})[ \t]*:[ \t]*(.+)$", re.MULTILINE | re.IGNORECASE
)
