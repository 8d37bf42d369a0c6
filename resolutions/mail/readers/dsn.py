"""Mails with a delivery report: its fields, and the text for people where they are silent."""

import re
from dataclasses import replace

from resolutions.bounce import Kind
from resolutions.mail.failure import Failure, is_silent, is_vague
from resolutions.mail.found import Found
from resolutions.mail.mime.message import Part, parse_fields
from resolutions.mail.mime.parts import (
    address,
    fields_text,
    human_text,
    original_headers,
    status_part,
)
from resolutions.mail.original import cut_original
from resolutions.mail.readers.dsn_fields import Status, failure_of, parse_status
from resolutions.mail.readers.free_text import failures_told
from resolutions.mail.readers.known_formats import failures_in, paragraph_about


def reported(root: Part) -> Found | None:
    """Return what a delivery report says, its text parts asked where its fields are silent."""
    part = status_part(root)
    if part is None:
        return None
    status = parse_status(fields_text(part))
    return from_status(root, status) if status.recipients else None


def from_status(root: Part, status: Status) -> Found:
    """Return what the fields of a report say, wherever in the mail they were found."""
    original = original_headers(root)
    subject = root.headers.get("subject", "")
    silent = Kind.DEFERRAL if _DELAY_SUBJECT.search(subject) else Kind.BOUNCE
    failures = [failure_of(fields, silent) for fields in status.recipients]
    if any(is_vague(failure.text) or not failure.recipient for failure in failures):
        failures = _completed(root, failures)
    failures = [_behind_alias(root, failure) for failure in failures]
    envelope_id = status.message.get("original-envelope-id", "")
    return Found(failures=_distinct(failures), original=original, envelope_id=envelope_id)


def _completed(root: Part, failures: list[Failure]) -> list[Failure]:
    """Take the words of the human part for recipients of whom the fields say nothing useful."""
    words, returned = cut_original(human_text(root))
    told = failures_in(words) or _told_apart(root, words, len(failures))
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


def _told_apart(root: Part, words: str, recipients: int) -> list[Failure]:
    """Return what a text of no known shape says of each recipient, if it tells them apart."""
    if recipients < 2:
        return []
    told = failures_told(words, root.headers, original_headers(root))
    return told if len({failure.text for failure in told}) > 1 else []


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


_DELAY_SUBJECT = re.compile(r"delay|warning|still being retried", re.IGNORECASE)
