"""Texts for people that a server wrote in no known format."""

from resolutions.mail.failure import Failure
from resolutions.mail.mail import Mail
from resolutions.mail.mentions import failures_named
from resolutions.mail.mime.header import parse_fields
from resolutions.mail.text.addresses import addresses
from resolutions.mail.text.original import cut_original
from resolutions.mail.text.outcome import kind_of, quotes_a_refusal, says_failed
from resolutions.mail.text.paragraphs import paragraph_about
from resolutions.mail.text.quoting import behind_header, is_quoted_from_a_server
from resolutions.mail.text.smtp import host_in


def read(mail: Mail) -> list[Failure]:
    """Return what a bounce says of those whom its header, its text or the original names."""
    if not _is_of_a_server(mail):
        return []
    text = mail.server_text
    words, returned = cut_original(behind_header(text) if text.strip() else mail.subject)
    original = mail.original or parse_fields(returned)
    failures = failures_named(words, mail.headers, original)
    if failed := addresses(mail.headers.get("x-failed-recipients", "")):
        failures = _of_addresses(failed, failures, words)
    kind = kind_of(words)
    return [
        failure._replace(kind=kind, original=original)
        for failure in failures or _of_nobody(mail, words)
    ]


def _is_of_a_server(mail: Mail) -> bool:
    """Tell whether a server wrote the text, by more than the words that one may use."""
    text = mail.server_text
    if not text or mail.sender.is_auto_submitted:
        return False
    if mail.sender.claims_to_bounce or is_quoted_from_a_server(text):
        return True
    return mail.headers.get("return-path", "").strip() == "<>" and quotes_a_refusal(text)


def _of_addresses(failed: list[str], failures: list[Failure], words: str) -> list[Failure]:
    """Return a failure for each address of a header, in the words of the text about it."""
    about = {failure.recipient.lower(): failure for failure in failures}
    all_of_it = Failure(text=paragraph_about(words), remote_host=host_in(words))
    return [
        about.get(address.lower(), all_of_it)._replace(recipient=address)
        for address in dict.fromkeys(failed)
    ]


def _of_nobody(mail: Mail, words: str) -> list[Failure]:
    """Return the failure of a server's mail that names no recipient, if it speaks of one."""
    text = paragraph_about(words)
    if not mail.sender.is_daemon or not says_failed(text):
        return []
    return [Failure(text=text, remote_host=host_in(words))]
