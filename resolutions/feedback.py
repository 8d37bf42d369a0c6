"""Feedback reports (RFC 5965) and what mailbox providers send in their place."""

import re

from resolutions.bounce import Kind
from resolutions.delivery_status import address_in
from resolutions.failure import ADDRESS, Failure, host_in
from resolutions.mime import Part, message_in, parse_fields, text_of

NO_COMPLAINTS = frozenset({"auth-failure", "auth-failures", "not-spam", "dmarc", "delivery"})
"""`Feedback-Type` of reports that are about records or mistakes, not about unwanted mail."""

RECIPIENT_FIELDS = ("original-rcpt-to", "removal-recipient", "x-hmxmroriginalrecipient")

MARKS = ("x-hmxmroriginalrecipient", "x-apple-unsubscribe")
"""Headers by which Outlook.com's and Apple's complaints are known; neither has a report part."""


def complaint_in(root: Part) -> Failure | None:
    """Return the complaint (or the authentication report) that the mail is, if it is one."""
    report = next((part for part in root.walk() if part.kind == "message/feedback-report"), None)
    if report is not None:
        return _of_report(root, parse_fields(report.body))
    if "x-apple-unsubscribe" in root.headers:
        sender = _ADDRESS.search(root.headers.get("from", ""))
        return Failure(kind=Kind.COMPLAINT, recipient=sender[0] if sender else "")
    for part in root.walk():
        if part.kind == "message/rfc822" and (headers := parse_fields(message_in(part)[:65_536])):
            recipient = headers.get("x-hmxmroriginalrecipient")
            if recipient and "complaint" in root.headers.get("subject", "").lower():
                return Failure(
                    kind=Kind.COMPLAINT, recipient=address_in(recipient), text=_words(root)
                )
    return None


_ADDRESS = re.compile(ADDRESS)


def _of_report(root: Part, fields: dict[str, str]) -> Failure:
    kind = fields.get("feedback-type", "abuse").split(";")[0].strip().lower()
    recipient = next(
        (found for name in RECIPIENT_FIELDS if (found := address_in(fields.get(name, "")))), ""
    )
    return Failure(
        kind=Kind.NOT_A_BOUNCE if kind in NO_COMPLAINTS else Kind.COMPLAINT,
        recipient=recipient or _to(root),
        text=_words(root) or kind,
        remote_host=host_in(fields.get("reporting-mta", "")),
    )


def _to(root: Part) -> str:
    """Return whom the reported mail was sent to, where the report does not say."""
    for part in root.walk():
        if part.kind in {"message/rfc822", "text/rfc822-headers", "text/rfc822-header"}:
            headers = parse_fields(message_in(part)[:65_536])
            match = _ADDRESS.search(headers.get("to", ""))
            return match[0] if match else ""
    return ""


def _words(root: Part) -> str:
    text = next((part for part in root.walk() if part.kind == "text/plain"), None)
    return " ".join(text_of(text).split())[:500] if text is not None else ""
