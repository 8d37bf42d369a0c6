"""Bounces that are no report: mails in which a server speaks to people."""

import re
from dataclasses import replace

from resolutions.bounce import Kind
from resolutions.mail.failure import Failure, host_in
from resolutions.mail.found import Found
from resolutions.mail.mime.message import Part, header_text, parse_fields
from resolutions.mail.mime.parts import address, addresses, human_text, original_headers
from resolutions.mail.original import cut_original
from resolutions.mail.readers.dsn import from_status
from resolutions.mail.readers.dsn_fields import parse_status
from resolutions.mail.readers.free_text import failures_told
from resolutions.mail.readers.known_formats import failures_in, kind_of, paragraph_about
from resolutions.mail.sender import (
    behind_header,
    claims_to_be_a_bounce,
    is_auto_reply,
    is_from_a_server,
    is_human_reply,
    is_quoted_from_a_server,
    is_reply_by_itself,
    is_sent_by_a_server,
    unquoted,
)

FORWARDED = re.compile(r"(?:fwd?|wg|tr|rv|enc|i|vs|doorst|fw)\s?:", re.IGNORECASE)
"""How the subject of a mail begins that somebody passed on."""


def told_in_a_known_shape(root: Part) -> Found | None:
    """Return what a mail for people says, if a server wrote it and its shape is known."""
    text = _text_of_a_server(root)
    if "final-recipient:" in text.lower():
        status = parse_status(text)
        if status.recipients:
            return from_status(root, status)
    words, returned = cut_original(text)
    original = original_headers(root) or parse_fields(returned)
    failures = failures_in(words)
    if len(failures) == 1 and not failures[0].recipient:
        failures = [replace(failures[0], recipient=address(original.get("to", "")))]
    return _of_kind(words, failures, original)


def told_in_any_shape(root: Part) -> Found | None:
    """Return what a bounce of unknown shape says of the recipient that it names."""
    subject = header_text(root.headers.get("subject", ""))
    text = _text_of_a_server(root)
    if not text or is_reply_by_itself(root.headers):
        return None
    claims = claims_to_be_a_bounce(root.headers, subject) or is_quoted_from_a_server(text)
    if not claims and not _is_plain_refusal(root, text):
        return None
    words, returned = cut_original(behind_header(text) if text.strip() else subject)
    original = original_headers(root) or parse_fields(returned)
    failures = failures_told(words, root.headers, original)
    if failed := addresses(root.headers.get("x-failed-recipients", "")):
        failures = _of_addresses(failed, failures, words)
    return _of_kind(words, failures or _nobody(root, words), original)


def _is_plain_refusal(root: Part, text: str) -> bool:
    """Tell whether a mail with an empty sender says that delivery failed, and quotes a server."""
    return (
        root.headers.get("return-path", "").strip() == "<>"
        and bool(_REFUSED.search(text[:4_096]))
        and bool(_FAILED.search(text[:4_096]))
    )


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
    if FORWARDED.match(subject):
        text = unquoted(human_text(root))
        claims = claims_to_be_a_bounce(root.headers, subject) or is_quoted_from_a_server(text)
        return text if claims else ""
    if is_auto_reply(root.headers, subject) or not is_from_a_server(root.headers, subject):
        return ""
    text = human_text(root)
    if claims_to_be_a_bounce(root.headers, subject):
        return text
    # absence notes have an empty sender, too, and name other people's addresses
    return text if _speaks_of_failure(text) and not is_reply_by_itself(root.headers) else ""


def _speaks_of_failure(text: str) -> bool:
    beginning = text[:8_192]
    return bool(_REFUSED.search(beginning) or _NOT_DELIVERED.search(beginning))


def _of_kind(words: str, failures: list[Failure], original: dict[str, str]) -> Found | None:
    if not failures:
        return None
    if (kind := kind_of(words)) is not Kind.BOUNCE:
        failures = [replace(failure, kind=kind) for failure in failures]
    return Found(failures=failures, original=original)


_REFUSED = re.compile(r"(?<![\d.])[45]\d\d[ -]#?[45]\.\d\.\d{1,3}\b")
_NOT_DELIVERED = re.compile(
    r"undeliver|(?:not|n['\u2019]t|unable to|never) (?:be |been )?(?:successfully )?"
    r"(?:deliver|reach)|(?:deliver\w*|e?-?mail|message|sending) [^.\n]{0,60}"
    r"(?:failed|failure|refused|rejected|aborted|returned)|permanent error|fatal error|"
    r"(?:user|recipient|mailbox|account)[^.\n]{0,40}(?:unknown|not found|full|disabled|"
    r"does not exist|over quota|unavailable)|no such user|smtp error|<<< [45]\d\d|"
    r"remote (?:host|server) (?:said|replied)|(?:421|45[0-2]|55[0-4])[ -](?!\d)\S|"
    r"zugestellt|unzustellbar|unbekannt|remis|distribué|entregar|entregad|consegn|recapit|"
    r"bezorg|afgelever|dostarcz|достав|配信|送信|退信|投递|投遞|送达|傳送|배달|전송",
    re.IGNORECASE,
)
"""How a server that shows by nothing else what it is says that a mail did not arrive."""
_FAILED = re.compile(
    r"undeliver|nicht zugestellt|non remis|"
    r"(?:not|n[o']t|never|un)(?: be)?(?: able to)? (?:deliver|sent|send|accept)|"
    r"was refused|rejected|failed|returned|(?<![\d.])[45](?:\d\d|\.\d\.\d{1,3}) ",
    re.IGNORECASE,
)
