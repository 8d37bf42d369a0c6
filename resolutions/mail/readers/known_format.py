"""Texts for people that a server wrote in one of the known formats."""

from resolutions.mail.failure import Failure
from resolutions.mail.formats import failures_in
from resolutions.mail.mail import Mail
from resolutions.mail.mime.header import parse_fields
from resolutions.mail.text.addresses import first_address
from resolutions.mail.text.original import cut_original
from resolutions.mail.text.outcome import kind_of


def read(mail: Mail) -> list[Failure]:
    """Return what a text of known format says; all of it is about a recipient that it names."""
    if not mail.server_text:
        return []
    words, returned = cut_original(mail.server_text)
    failures = failures_in(words)
    if not failures:
        return []
    kind = kind_of(words)
    original = mail.original or parse_fields(returned)
    failures = [failure._replace(kind=kind, original=original) for failure in failures]
    if len(failures) == 1 and not failures[0].recipient:
        return [failures[0]._replace(recipient=first_address(original.get("to", "")))]
    return failures
