"""Feedback reports (RFC 5965) and what mailbox providers send in their place."""

import re
from itertools import islice

from resolutions.bounce import Kind
from resolutions.mail.failure import Failure, host_in
from resolutions.mail.mime.message import Part, parse_fields, text_of
from resolutions.mail.mime.parts import address, fields_text, first, human_text, original_headers
from resolutions.mail.readers.dsn_fields import address_in

NO_COMPLAINTS = frozenset({"auth-failure", "auth-failures", "not-spam", "dmarc", "delivery"})
"""`Feedback-Type` of reports that are about records or mistakes, not about unwanted mail."""

RECIPIENT_FIELDS = ("original-rcpt-to", "removal-recipient", "x-hmxmroriginalrecipient")

RECIPIENTS_LIMIT = 1_000


SENDERS = ("staff@hotmail.com", "@email-abuse.amazonses.com")
"""Who sends complaints with nothing but the message complained of."""


def complaints_in(root: Part) -> list[Failure]:
    """Return the complaints (or the authentication report) that a mail holds, if any."""
    report = first(root, "message/feedback-report")
    if report is not None:
        return _of_report(root, fields_text(report))
    claimed = root.parameters.get("report-type", "").lower() == "feedback-report"
    if claimed and "feedback-type:" in (text := human_text(root)).lower():
        return _of_report(root, text)
    recipient = _unreported(root)
    if recipient is None and not claimed:
        return []
    return [Failure(kind=Kind.COMPLAINT, recipient=recipient or _to(root), text=_words(root))]


def _unreported(root: Part) -> str | None:
    """Return who complained in a mail without a report part, None if it is no complaint."""
    sender = root.headers.get("from", "").lower()
    if "x-apple-unsubscribe" in root.headers:
        return address(sender)
    if "complaint" not in root.headers.get("subject", "").lower():
        return None
    if recipient := address_in(original_headers(root).get("x-hmxmroriginalrecipient", "")):
        return recipient
    return _to(root) if any(known in sender for known in SENDERS) else None


def _of_report(root: Part, text: str) -> list[Failure]:
    fields = parse_fields(text)
    kind = fields.get("feedback-type", "abuse").split(";")[0].strip().lower()
    recipients = _recipients(text) or [_to(root)]
    return [
        Failure(
            kind=Kind.NOT_A_BOUNCE if kind in NO_COMPLAINTS else Kind.COMPLAINT,
            recipient=recipient,
            text=_words(root) or kind,
            remote_host=host_in(fields.get("reporting-mta", "")),
        )
        for recipient in recipients
    ]


def _recipients(text: str) -> list[str]:
    """Return whom a report names; `Original-Rcpt-To` may occur more than once (RFC 5965, 3.2)."""
    found = [address_in(match[1]) for match in islice(_RECIPIENT.finditer(text), RECIPIENTS_LIMIT)]
    return list(dict.fromkeys(filter(None, found)))


def _to(root: Part) -> str:
    """Return whom the reported mail was sent to, where the report does not say."""
    return address(original_headers(root).get("to", ""))


def _words(root: Part) -> str:
    text = first(root, "text/plain")
    return " ".join(text_of(text).split())[:500] if text is not None else ""


_RECIPIENT = re.compile(rf"^(?:{'|'.join(RECIPIENT_FIELDS)})[ \t]*:[ \t]*(.+)$", re.M | re.I)
