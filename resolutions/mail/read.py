"""From the bytes of a mail to what it reports (RFC 3464, RFC 6533, RFC 5965, plain shapes)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from resolutions.bounce import Kind, SmtpReply, clean
from resolutions.mail.failure import Failure
from resolutions.mail.found import Found
from resolutions.mail.mime.date import parse_date
from resolutions.mail.mime.message import Part, content_of, header_text, parse_all, parse_fields
from resolutions.mail.mime.parts import (
    STATUS,
    address,
    fields_text,
    first,
    forwarded,
    human_text,
    original_headers,
)
from resolutions.mail.readers.arf import complaints_in
from resolutions.mail.readers.dsn import reported
from resolutions.mail.readers.dsn_fields import address_in
from resolutions.mail.readers.known_formats import paragraph_about
from resolutions.mail.readers.ses_notification import notified_in, notified_original
from resolutions.mail.readers.text_bounce import FORWARDED, told_in_a_known_shape, told_in_any_shape
from resolutions.mail.sender import claims_to_be_a_bounce, is_answer_of_a_machine, is_challenge

FORWARDS_LIMIT = 2
"""How deep a bounce may be wrapped in mails that only pass it on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReport:
    """What one mail says of one recipient.

    `index` counts the recipients of the mail from 1. `report_id` is the report's own Message-ID
    (a hash of the report part where there is none); `reported_at` its Date, None if unreadable.
    The fields of the original message are empty when it was not returned. `final_recipient` is
    set where the server tried another address than the one the sender wrote to.
    """

    index: int
    kind: Kind
    recipient: str = ""
    reply: SmtpReply = field(default_factory=SmtpReply)
    remote_host: str = ""
    report_id: str = ""
    reported_at: datetime | None = None
    message_id: str = ""
    envelope_id: str = ""
    from_domain: str = ""
    subject: str = ""
    campaign: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    final_recipient: str = ""


def read(mail: bytes) -> list[MailReport]:
    """Return one report a recipient; a mail that reports nothing gives one `not-a-bounce`.

    Any bytes are accepted; nothing is raised. The first 5 MiB, 20 levels and 100 parts are read.
    """
    reports = [report for root in parse_all(mail) for report in _read(root, FORWARDS_LIMIT)]
    if len(reports) > 1:  # several mails of one file
        reports = [replace(report, index=index) for index, report in enumerate(reports, 1)]
    return reports


def _read(root: Part, forwards: int) -> list[MailReport]:
    found = _told(root)
    inner = forwarded(root) if found is None and forwards else None
    if inner is not None:
        reports = _read(inner, forwards - 1)
        if reports[0].kind not in {Kind.NOT_A_BOUNCE, Kind.AUTO_REPLY} and _passes_on(root, inner):
            return reports
    return _reports(root, found or told_in_any_shape(root) or _no_bounce(root))


def _told(root: Part) -> Found | None:
    """Return what a mail says in a way that is known."""
    return (
        _receipt(root)
        or reported(root)
        or _complaint(root)
        or _notice(root)
        or told_in_a_known_shape(root)
    )


def _receipt(root: Part) -> Found | None:
    """Return what a receipt (RFC 8098) says: nothing, unless it is a rejection (RFC 5429, 2.1)."""
    part = first(root, "message/disposition-notification")
    if part is None:
        return None
    words = human_text(root)
    if "automatically rejected" not in words:
        return Found(failures=[Failure(kind=Kind.NOT_A_BOUNCE)])
    recipient = address_in(parse_fields(fields_text(part)).get("final-recipient", ""))
    failure = Failure(recipient=recipient, text=paragraph_about(words))
    return Found(failures=[failure], original=original_headers(root))


def _passes_on(root: Part, inner: Part) -> bool:
    """Tell whether the mail inside is the news, and not a message that a server returned."""
    subject = header_text(root.headers.get("subject", ""))
    if first(inner, *STATUS) is not None or FORWARDED.match(subject):
        return True
    return not claims_to_be_a_bounce(root.headers, subject)


# What a mail can be


def _complaint(root: Part) -> Found | None:
    complaints = complaints_in(root)
    return Found(failures=complaints, original=original_headers(root)) if complaints else None


def _notice(root: Part) -> Found | None:
    """Return what a provider notifies by mail in the way it does it by HTTP."""
    if "x-amz-sns-message-id" not in root.headers and "@sns." not in root.headers.get("from", ""):
        return None
    text = human_text(root)
    failures = notified_in(text)
    return Found(failures=failures, original=notified_original(text)) if failures else None


def _no_bounce(root: Part) -> Found:
    subject = header_text(root.headers.get("subject", ""))
    text = " ".join(human_text(root).split())
    sender = address(root.headers.get("from", ""))
    if is_challenge(root.headers, subject, text):
        return Found(failures=[Failure(recipient=sender, text=text)])
    if is_answer_of_a_machine(root.headers, subject):
        return Found(failures=[Failure(kind=Kind.AUTO_REPLY, recipient=sender, text=text)])
    return Found(failures=[Failure(kind=Kind.NOT_A_BOUNCE)])


# The reports


def _reports(root: Part, found: Found) -> list[MailReport]:
    original = {name: header_text(value) for name, value in found.original.items()}
    sender = address(original.get("from", ""))
    reported_at = parse_date(root.headers.get("date", ""))
    report_id = root.headers.get("message-id", "").strip() or _hash(root)
    return [
        MailReport(
            index=index,
            kind=failure.kind,
            recipient=failure.recipient,
            reply=_cleaned(failure.reply),
            remote_host=failure.remote_host,
            report_id=report_id,
            reported_at=reported_at,
            message_id=original.get("message-id", ""),
            envelope_id=found.envelope_id,
            from_domain=sender.rpartition("@")[2].lower(),
            subject=original.get("subject", ""),
            campaign=original.get("x-campaign-id", "") or original.get("list-id", ""),
            headers=original,
            final_recipient=failure.other,
        )
        for index, failure in enumerate(found.failures, 1)
    ]


def _cleaned(reply: SmtpReply) -> SmtpReply:
    text = clean(reply.text, len(reply.text))
    return reply if text == reply.text else replace(reply, text=text)


def _hash(root: Part) -> str:
    part = first(root, *STATUS, "message/feedback-report") or root
    return hashlib.sha256(content_of(part)).hexdigest()[:32]
