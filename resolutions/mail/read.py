"""From the bytes of a mail to what it reports (RFC 3464, RFC 6533, RFC 5965, plain texts)."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from resolutions.bounce import Kind, SmtpReply, clean
from resolutions.mail.failure import Failure
from resolutions.mail.mail import FEEDBACK, STATUS, Mail, mails_in
from resolutions.mail.mime.date import parse_date
from resolutions.mail.mime.header import header_text
from resolutions.mail.readers import GUESSES, READERS, Reader
from resolutions.mail.text.addresses import first_address

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


def read(content: bytes) -> list[MailReport]:
    """Return one report a recipient; a mail that reports nothing gives one `not-a-bounce`.

    Any bytes are accepted; nothing is raised. The first 5 MiB, 20 levels and 100 parts are read.
    """
    return reports_of(mails_in(content))


def reports_of(mails: Iterable[Mail]) -> list[MailReport]:
    """Return what mails report, their recipients counted from the first to the last."""
    reports = [report for mail in mails for report in _read(mail, FORWARDS_LIMIT)]
    return [
        report if report.index == index else replace(report, index=index)
        for index, report in enumerate(reports, 1)
    ]


def _read(mail: Mail, forwards: int) -> list[MailReport]:
    failures = _first_answer(READERS, mail)
    inner = mail.attached if forwards and not failures else None
    if inner is not None:
        reports = _read(inner, forwards - 1)
        if reports[0].kind not in {Kind.NOT_A_BOUNCE, Kind.AUTO_REPLY} and _passes_on(mail, inner):
            return reports
    return _reports(mail, failures or _first_answer(GUESSES, mail))


def _first_answer(readers: Iterable[Reader], mail: Mail) -> list[Failure]:
    for reader in readers:
        if failures := reader(mail):
            return failures
    return []


def _passes_on(mail: Mail, inner: Mail) -> bool:
    """Tell whether the mail inside is the news, and not a message that a server returned."""
    if inner.first(*STATUS) is not None or mail.sender.passes_on:
        return True
    return not mail.sender.claims_to_bounce


def _reports(mail: Mail, failures: list[Failure]) -> list[MailReport]:
    original = {name: header_text(value) for name, value in failures[0].original.items()}
    sender = first_address(original.get("from", ""))
    reported_at = parse_date(mail.headers.get("date", ""))
    report_id = mail.headers.get("message-id", "").strip() or _hash(mail)
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
            envelope_id=failure.envelope_id,
            from_domain=sender.rpartition("@")[2].lower(),
            subject=original.get("subject", ""),
            campaign=original.get("x-campaign-id", "") or original.get("list-id", ""),
            headers=original,
            final_recipient=failure.other,
        )
        for index, failure in enumerate(failures, 1)
    ]


def _cleaned(reply: SmtpReply) -> SmtpReply:
    text = clean(reply.text, len(reply.text))
    return reply if text == reply.text else replace(reply, text=text)


def _hash(mail: Mail) -> str:
    part = mail.first(*STATUS, FEEDBACK) or mail.root
    return hashlib.sha256(part.content).hexdigest()[:32]
