"""From the bytes of a mail to what it reports (RFC 3464, RFC 6533, RFC 5965, plain shapes)."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from resolutions.autoreply import (
    is_auto_reply,
    is_from_a_server,
    is_human_reply,
    is_reply_by_itself,
    unquoted,
)
from resolutions.bounce import Kind, SmtpReply, clean
from resolutions.delivery_status import Status, failure_of, parse_status
from resolutions.failure import ADDRESS, Failure, is_silent, is_vague
from resolutions.feedback import complaint_in
from resolutions.maildate import parse_date
from resolutions.mime import (
    Part,
    content_of,
    header_text,
    message_in,
    parse,
    parse_all,
    parse_fields,
    text_of,
)
from resolutions.plainshapes import cut_original, failures_in, kind_of, paragraph_about

HEADERS_LIMIT = 100
"""Headers of the original message that are kept."""

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
    reply: SmtpReply = SmtpReply()
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was found in a mail: its failures, and the headers of the message that failed."""

    failures: list[Failure]
    original: dict[str, str] = field(default_factory=dict)
    envelope_id: str = ""


def _read(root: Part, forwards: int) -> list[MailReport]:
    found = _report(root) or _complaint(root) or _plain(root)
    if found is None and forwards and (inner := _forwarded(root)) is not None:
        reports = _read(inner, forwards - 1)
        if reports[0].kind not in {Kind.NOT_A_BOUNCE, Kind.AUTO_REPLY}:
            return reports
    return _reports(root, found or _no_bounce(root))


# The four things a mail can be


def _report(root: Part) -> _Found | None:
    """Return what a delivery report says, its text parts asked where its fields are silent."""
    part = _first(root, "message/delivery-status", "message/global-delivery-status")
    if part is None:
        return None
    status = parse_status(_status_text(part))
    return _from_status(root, status) if status.recipients else None


def _complaint(root: Part) -> _Found | None:
    complaint = complaint_in(root)
    return _Found(failures=[complaint], original=_original(root)) if complaint else None


def _plain(root: Part) -> _Found | None:
    """Return what a mail for people says, if a server wrote it and its shape is known."""
    subject = header_text(root.headers.get("subject", ""))
    text = _human_text(root)
    if is_human_reply(root.headers, subject):
        return None
    if _FORWARDED.match(subject):
        text = unquoted(text)
    elif not is_from_a_server(root.headers, subject) or is_auto_reply(root.headers, subject):
        return None
    if "final-recipient:" in text.lower():
        status = parse_status(text)
        if status.recipients:
            return _from_status(root, status)
    words, returned = cut_original(text)
    original = _original(root) or parse_fields(returned)
    failures = failures_in(words)
    if not failures and not is_reply_by_itself(root.headers):
        failures = _by_header(root, words, original)
    kind = kind_of(words)
    failures = [replace(failure, kind=kind) for failure in failures]
    return _Found(failures=failures, original=original) if failures else None


def _no_bounce(root: Part) -> _Found:
    subject = header_text(root.headers.get("subject", ""))
    if not (is_auto_reply(root.headers, subject) or is_reply_by_itself(root.headers)):
        return _Found(failures=[Failure(kind=Kind.NOT_A_BOUNCE)])
    sender = _ADDRESS.search(root.headers.get("from", ""))
    text = " ".join(_human_text(root).split())
    recipient = sender[0] if sender else ""
    return _Found(failures=[Failure(kind=Kind.AUTO_REPLY, recipient=recipient, text=text)])


# Delivery reports


def _from_status(root: Part, status: Status) -> _Found:
    original = _original(root)
    subject = root.headers.get("subject", "")
    silent = Kind.DEFERRAL if _DELAY_SUBJECT.search(subject) else Kind.BOUNCE
    failures = [failure_of(fields, silent) for fields in status.recipients]
    if any(is_vague(failure.text) or not failure.recipient for failure in failures):
        failures = _completed(root, failures)
    failures = [_behind_alias(root, failure) for failure in failures]
    envelope_id = status.message.get("original-envelope-id", "")
    return _Found(failures=_distinct(failures), original=original, envelope_id=envelope_id)


def _completed(root: Part, failures: list[Failure]) -> list[Failure]:
    """Take the words of the human part for recipients of whom the fields say nothing useful."""
    words, returned = cut_original(_human_text(root))
    told = failures_in(words)
    by_address = {failure.recipient.lower(): failure for failure in told}
    alone = len(failures) == 1
    completed = []
    for failure in failures:
        other = by_address.get(failure.recipient.lower()) or by_address.get(failure.other.lower())
        if other is None and alone and told:
            other = told[0]
        if not failure.recipient:
            address = other.recipient if other else _failed_header(root) or _to(root, returned)
            failure = replace(failure, recipient=address)
        if is_vague(failure.text):
            text = other.text if other else ""
            if alone and not text and is_silent(failure.text):
                text = paragraph_about(words)
            host = failure.remote_host or (other.remote_host if other else "")
            failure = replace(failure, text=text or failure.text, remote_host=host)
        completed.append(failure)
    return completed


def _behind_alias(root: Part, failure: Failure) -> Failure:
    """Go by the member's address where the report says that an alias was expanded.

    The alias still works for its other members: it must not be condemned with one of them.
    """
    if not failure.other:
        return failure
    text = " ".join(_human_text(root).split()).lower()
    pair = f"<{failure.other}> (expanded from <{failure.recipient}>)".lower()
    if pair not in text:
        return failure
    return replace(failure, recipient=failure.other, other=failure.recipient)


def _distinct(failures: list[Failure]) -> list[Failure]:
    """Drop reports of the same recipient that say the same."""
    seen: set[tuple[str, str, str]] = set()
    kept = []
    for failure in failures:
        key = (failure.recipient.lower(), failure.kind.value, failure.text)
        if key not in seen:
            seen.add(key)
            kept.append(failure)
    return kept


# Parts and headers

_ADDRESS = re.compile(ADDRESS)
_FORWARDED = re.compile(r"(?:fwd?|wg|tr|rv|enc|i|vs|doorst|fw)\s?:", re.IGNORECASE)
_DELAY_SUBJECT = re.compile(r"delay|warning|still being retried", re.IGNORECASE)
_RETURNED = (
    "message/rfc822",
    "text/rfc822-headers",
    "text/rfc822-header",
    "message/global",
    "message/global-headers",
    "message/rfc822-headers",
    "message/partial",
)


def _first(root: Part, *kinds: str) -> Part | None:
    return next((part for part in root.walk() if part.kind in kinds), None)


def _status_text(part: Part) -> str:
    if "content-transfer-encoding" in part.headers or not part.body.isascii():
        return text_of(replace(part, parameters={"charset": "utf-8"}))
    return part.body


def _human_text(root: Part) -> str:
    """Return the text that the mail shows: its plain parts before any returned message."""
    texts = []
    html = None
    for part in root.walk():
        if part.kind in _RETURNED:
            break
        if part.kind == "text/plain" and "filename" not in part.headers.get(
            "content-disposition", ""
        ):
            texts.append(text_of(part))
        elif part.kind == "text/html" and html is None:
            html = part
        elif not part.parts and not part.kind.startswith(("multipart", "text", "message", "image")):
            texts.append(text_of(part))
    if not any(text.strip() for text in texts) and html is not None:
        return text_of(html)
    return "\n".join(texts)


def _original(root: Part) -> dict[str, str]:
    part = _first(root, *_RETURNED)
    return parse_fields(_header_block(message_in(part))) if part is not None else {}


def _header_block(text: str) -> str:
    return text.lstrip().partition("\n\n")[0][:65_536]


def _forwarded(root: Part) -> Part | None:
    """Return the mail that this one carries as an attachment, if there is one."""
    part = _first(root, "message/rfc822")
    return parse(message_in(part).encode("latin-1", "replace")) if part is not None else None


def _by_header(root: Part, words: str, original: dict[str, str]) -> list[Failure]:
    """Return failures of a mail from a server whose shape is unknown but whose recipient is not."""
    recipients = _ADDRESS.findall(root.headers.get("x-failed-recipients", ""))
    recipients = recipients or _named(root, words, original)
    text = paragraph_about(words)
    return [Failure(recipient=recipient, text=text) for recipient in dict.fromkeys(recipients)]


def _named(root: Part, words: str, original: dict[str, str]) -> list[str]:
    """Return the address that the text names, or the original's only recipient."""
    sent_to = _ADDRESS.findall(original.get("to", ""))
    ours = {address.lower() for address in _ADDRESS.findall(_envelope(root))}
    named = [address.rstrip(".") for address in _ADDRESS.findall(words)]
    for address in named:
        if address in sent_to:
            return [address]
    others = [address for address in named if address.lower() not in ours]
    return others[:1] or sent_to[:1]


def _envelope(root: Part) -> str:
    return " ".join(root.headers.get(name, "") for name in ("to", "from", "return-path"))


def _failed_header(root: Part) -> str:
    match = _ADDRESS.search(root.headers.get("x-failed-recipients", ""))
    return match[0] if match else ""


def _to(root: Part, returned: str) -> str:
    original = _original(root) or parse_fields(returned)
    match = _ADDRESS.search(original.get("to", ""))
    return match[0] if match else ""


# The reports


def _reports(root: Part, found: _Found) -> list[MailReport]:
    original = {name: header_text(value) for name, value in found.original.items()}
    sender = _ADDRESS.search(original.get("from", ""))
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
            from_domain=sender[0].rpartition("@")[2].lower() if sender else "",
            subject=original.get("subject", ""),
            campaign=original.get("x-campaign-id", "") or original.get("list-id", ""),
            headers=original,
            final_recipient=failure.other,
        )
        for index, failure in enumerate(found.failures, 1)
    ]


def _cleaned(reply: SmtpReply) -> SmtpReply:
    return replace(reply, text=clean(reply.text, len(reply.text)))


def _hash(root: Part) -> str:
    part = _first(root, "message/delivery-status", "message/feedback-report") or root
    return hashlib.sha256(content_of(part)).hexdigest()[:32]
