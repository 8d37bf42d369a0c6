"""Mails with a delivery report: its fields, and the text for people where they are silent."""

import re

from resolutions.bounce import Kind
from resolutions.mail.failure import Failure
from resolutions.mail.formats import failures_in
from resolutions.mail.mail import Mail
from resolutions.mail.mentions import failures_named
from resolutions.mail.mime.header import parse_fields
from resolutions.mail.readers.dsn_fields import failure_of, parse_status, value_of
from resolutions.mail.text.addresses import first_address
from resolutions.mail.text.original import cut_original
from resolutions.mail.text.paragraphs import is_silent, is_vague, paragraph_about


def read(mail: Mail) -> list[Failure]:
    """Return what a delivery report says, its text parts asked where its fields are silent."""
    part = mail.status
    return _failures(mail, part.fields) if part is not None else []


def read_in_text(mail: Mail) -> list[Failure]:
    """Return what a report says that stands in the text for people."""
    text = mail.server_text
    return _failures(mail, text) if "final-recipient:" in text.lower() else []


def _failures(mail: Mail, text: str) -> list[Failure]:
    message, recipients = parse_status(text)
    if not recipients:
        return []
    silent = Kind.DEFERRAL if _DELAY.search(mail.headers.get("subject", "")) else Kind.BOUNCE
    envelope_id = value_of(message, "original-envelope-id")
    original = mail.original
    failures = [failure_of(fields, silent, original, envelope_id) for fields in recipients]
    if any(not failure.recipient or is_vague(failure.text) for failure in failures):
        failures = _completed(mail, failures)
    if any(failure.other for failure in failures):
        failures = _behind_aliases(mail, failures)
    return _distinct(failures) if len(failures) > 1 else failures


def _completed(mail: Mail, failures: list[Failure]) -> list[Failure]:
    """Take the words of the text for people for recipients of whom the fields say nothing."""
    words, returned = cut_original(mail.text)
    named = failures_in(words) or _named_apart(mail, words, len(failures))
    by_address = {failure.recipient.lower(): failure for failure in named}
    alone = len(failures) == 1
    completed = []
    for failure in failures:
        other = by_address.get(failure.recipient.lower()) or by_address.get(failure.other.lower())
        if other is None and alone and named:
            other = named[0]
        if not failure.recipient:
            recipient = other.recipient if other else _only_recipient(mail, returned)
            failure = failure._replace(recipient=recipient)
        if is_vague(failure.text):
            text = other.text if other else ""
            if alone and not text and is_silent(failure.text):
                text = paragraph_about(words)
            host = failure.remote_host or (other.remote_host if other else "")
            failure = failure._replace(text=text or failure.text, remote_host=host)
        completed.append(failure)
    return completed


def _named_apart(mail: Mail, words: str, recipients: int) -> list[Failure]:
    """Return what a text of no known format says of each recipient, if it tells them apart."""
    if recipients < 2:
        return []
    named = failures_named(words, mail.headers, mail.original)
    return named if len({failure.text for failure in named}) > 1 else []


def _only_recipient(mail: Mail, returned: str) -> str:
    original = mail.original or parse_fields(returned)
    failed = mail.headers.get("x-failed-recipients", "")
    return first_address(failed) or first_address(original.get("to", ""))


def _behind_aliases(mail: Mail, failures: list[Failure]) -> list[Failure]:
    """Go by the member's address where the report says that an alias was expanded.

    The alias still works for its other members: it must not be condemned with one of them.
    """
    text = " ".join(mail.text.split()).lower()
    return [
        failure._replace(recipient=failure.other, other=failure.recipient)
        if f"<{failure.other}> (expanded from <{failure.recipient}>)".lower() in text
        else failure
        for failure in failures
    ]


def _distinct(failures: list[Failure]) -> list[Failure]:
    """Drop reports of the same recipient that say the same."""
    first: dict[tuple[str, str, str], Failure] = {}
    for failure in failures:
        key = (failure.recipient.lower(), failure.kind.value, failure.text)
        first.setdefault(key, failure)
    return list(first.values())


_DELAY = re.compile(r"delay|warning|still being retried", re.IGNORECASE)
