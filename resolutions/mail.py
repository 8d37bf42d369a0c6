"""From the bytes of a mail to what it reports (RFC 3464, RFC 6533, RFC 5965, plain shapes)."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from resolutions.autoreply import (
    behind_header,
    claims_to_be_a_bounce,
    is_answer_of_a_machine,
    is_auto_reply,
    is_challenge,
    is_from_a_server,
    is_human_reply,
    is_quoted_from_a_server,
    is_reply_by_itself,
    is_sent_by_a_server,
    unquoted,
)
from resolutions.bounce import Kind, SmtpReply, clean
from resolutions.delivery_status import Status, address_in, failure_of, parse_status
from resolutions.failure import Failure, host_in, is_silent, is_vague
from resolutions.feedback import complaints_in
from resolutions.maildate import parse_date
from resolutions.mailparts import (
    STATUS,
    address,
    addresses,
    fields_text,
    first,
    forwarded,
    human_text,
    original_headers,
    status_part,
)
from resolutions.mime import Part, content_of, header_text, parse_all, parse_fields
from resolutions.plainshapes import cut_original, failures_in, kind_of, paragraph_about
from resolutions.sesnotice import notified_in, notified_original
from resolutions.unshaped import failures_told

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was found in a mail: its failures, and the headers of the message that failed."""

    failures: list[Failure]
    original: dict[str, str] = field(default_factory=dict)
    envelope_id: str = ""


def _read(root: Part, forwards: int) -> list[MailReport]:
    found = _told(root)
    inner = forwarded(root) if found is None and forwards else None
    if inner is not None:
        reports = _read(inner, forwards - 1)
        if reports[0].kind not in {Kind.NOT_A_BOUNCE, Kind.AUTO_REPLY} and _passes_on(root, inner):
            return reports
    return _reports(root, found or _unknown(root) or _no_bounce(root))


def _told(root: Part) -> _Found | None:
    """Return what a mail says in a way that is known."""
    return _receipt(root) or _report(root) or _complaint(root) or _notice(root) or _plain(root)


def _receipt(root: Part) -> _Found | None:
    """Return what a receipt (RFC 8098) says: nothing, unless it is a rejection (RFC 5429, 2.1)."""
    part = first(root, "message/disposition-notification")
    if part is None:
        return None
    words = human_text(root)
    if "automatically rejected" not in words:
        return _Found(failures=[Failure(kind=Kind.NOT_A_BOUNCE)])
    recipient = address_in(parse_fields(fields_text(part)).get("final-recipient", ""))
    failure = Failure(recipient=recipient, text=paragraph_about(words))
    return _Found(failures=[failure], original=original_headers(root))


def _passes_on(root: Part, inner: Part) -> bool:
    """Tell whether the mail inside is the news, and not a message that a server returned."""
    subject = header_text(root.headers.get("subject", ""))
    if first(inner, *STATUS) is not None or _FORWARDED.match(subject):
        return True
    return not claims_to_be_a_bounce(root.headers, subject)


# What a mail can be


def _report(root: Part) -> _Found | None:
    """Return what a delivery report says, its text parts asked where its fields are silent."""
    part = status_part(root)
    if part is None:
        return None
    status = parse_status(fields_text(part))
    return _from_status(root, status) if status.recipients else None


def _complaint(root: Part) -> _Found | None:
    complaints = complaints_in(root)
    return _Found(failures=complaints, original=original_headers(root)) if complaints else None


def _notice(root: Part) -> _Found | None:
    """Return what a provider notifies by mail in the way it does it by HTTP."""
    if "x-amz-sns-message-id" not in root.headers and "@sns." not in root.headers.get("from", ""):
        return None
    text = human_text(root)
    failures = notified_in(text)
    return _Found(failures=failures, original=notified_original(text)) if failures else None


def _plain(root: Part) -> _Found | None:
    """Return what a mail for people says, if a server wrote it and its shape is known."""
    text = _text_of_a_server(root)
    if "final-recipient:" in text.lower():
        status = parse_status(text)
        if status.recipients:
            return _from_status(root, status)
    words, returned = cut_original(text)
    original = original_headers(root) or parse_fields(returned)
    failures = failures_in(words)
    if len(failures) == 1 and not failures[0].recipient:
        failures = [replace(failures[0], recipient=address(original.get("to", "")))]
    return _of_kind(words, failures, original)


def _unknown(root: Part) -> _Found | None:
    """Return what a bounce of unknown shape says of the recipient that it names."""
    subject = header_text(root.headers.get("subject", ""))
    text = _text_of_a_server(root)
    if not text or is_reply_by_itself(root.headers):
        return None
    if not claims_to_be_a_bounce(root.headers, subject) and not is_quoted_from_a_server(text):
        return None
    words, returned = cut_original(behind_header(text) if text.strip() else subject)
    original = original_headers(root) or parse_fields(returned)
    failures = failures_told(words, root.headers, original)
    if failed := addresses(root.headers.get("x-failed-recipients", "")):
        failures = _of_addresses(failed, failures, words)
    return _of_kind(words, failures or _nobody(root, words), original)


def _of_addresses(failed: list[str], told: list[Failure], words: str) -> list[Failure]:
    """Return a failure for each address of a header, in the words of the text about it."""
    about = {failure.recipient.lower(): failure for failure in told}
    all_of_it = Failure(text=paragraph_about(words), remote_host=host_in(words))
    return [
        replace(about.get(each.lower(), all_of_it), recipient=each)
        for each in dict.fromkeys(failed)
    ]


def _nobody(root: Part, words: str) -> list[Failure]:
    """Return the failure of a server's mail that names no recipient, if it speaks of one."""
    text = paragraph_about(words)
    if not is_sent_by_a_server(root.headers) or not _FAILED.search(text):
        return []
    return [Failure(text=text, remote_host=host_in(words))]


def _text_of_a_server(root: Part) -> str:
    """Return the text of a mail that a server wrote, or that somebody passed on; else nothing."""
    subject = header_text(root.headers.get("subject", ""))
    if is_human_reply(root.headers, subject):
        return ""
    if _FORWARDED.match(subject):
        text = unquoted(human_text(root))
        claims = claims_to_be_a_bounce(root.headers, subject) or is_quoted_from_a_server(text)
        return text if claims else ""
    if is_auto_reply(root.headers, subject) or not is_from_a_server(root.headers, subject):
        return ""
    if is_reply_by_itself(root.headers) and not claims_to_be_a_bounce(root.headers, subject):
        return ""
    return human_text(root)


def _of_kind(words: str, failures: list[Failure], original: dict[str, str]) -> _Found | None:
    if not failures:
        return None
    if (kind := kind_of(words)) is not Kind.BOUNCE:
        failures = [replace(failure, kind=kind) for failure in failures]
    return _Found(failures=failures, original=original)


def _no_bounce(root: Part) -> _Found:
    subject = header_text(root.headers.get("subject", ""))
    text = " ".join(human_text(root).split())
    sender = address(root.headers.get("from", ""))
    if is_challenge(root.headers, subject, text):
        return _Found(failures=[Failure(recipient=sender, text=text)])
    if is_answer_of_a_machine(root.headers, subject):
        return _Found(failures=[Failure(kind=Kind.AUTO_REPLY, recipient=sender, text=text)])
    return _Found(failures=[Failure(kind=Kind.NOT_A_BOUNCE)])


# Delivery reports


def _from_status(root: Part, status: Status) -> _Found:
    original = original_headers(root)
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
    words, returned = cut_original(human_text(root))
    told = failures_in(words)
    by_address = {failure.recipient.lower(): failure for failure in told}
    alone = len(failures) == 1
    completed = []
    for failure in failures:
        other = by_address.get(failure.recipient.lower()) or by_address.get(failure.other.lower())
        if other is None and alone and told:
            other = told[0]
        if not failure.recipient:
            known = other.recipient if other else _known_recipient(root, returned)
            failure = replace(failure, recipient=known)
        if is_vague(failure.text):
            text = other.text if other else ""
            if alone and not text and is_silent(failure.text):
                text = paragraph_about(words)
            host = failure.remote_host or (other.remote_host if other else "")
            failure = replace(failure, text=text or failure.text, remote_host=host)
        completed.append(failure)
    return completed


def _known_recipient(root: Part, returned: str) -> str:
    original = original_headers(root) or parse_fields(returned)
    failed = root.headers.get("x-failed-recipients", "")
    return address(failed) or address(original.get("to", ""))


def _behind_alias(root: Part, failure: Failure) -> Failure:
    """Go by the member's address where the report says that an alias was expanded.

    The alias still works for its other members: it must not be condemned with one of them.
    """
    if not failure.other:
        return failure
    text = " ".join(human_text(root).split()).lower()
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


_FORWARDED = re.compile(r"(?:fwd?|wg|tr|rv|enc|i|vs|doorst|fw)\s?:", re.IGNORECASE)
_FAILED = re.compile(
    r"undeliver|(?:not|n[o']t|never|un)(?: be)?(?: able to)? (?:deliver|sent|send|accept)|"
    r"was refused|rejected|failed|returned|(?<![\d.])[45](?:\d\d|\.\d\.\d{1,3}) ",
    re.IGNORECASE,
)
_DELAY_SUBJECT = re.compile(r"delay|warning|still being retried", re.IGNORECASE)


# The reports


def _reports(root: Part, found: _Found) -> list[MailReport]:
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
