"""A mail as its readers see it: which part says what, who wrote it, what it shows and returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from resolutions.mail.mime.header import header_text, parse_fields
from resolutions.mail.mime.message import Part, parse, parse_all
from resolutions.mail.sender import Sender
from resolutions.mail.text.outcome import speaks_of_failure
from resolutions.mail.text.quoting import is_quoted_from_a_server, unquoted

STATUS = ("message/delivery-status", "message/global-delivery-status", "message/xdelivery-status")
FEEDBACK = "message/feedback-report"
RECEIPT = "message/disposition-notification"

RETURNED = (
    "message/rfc822",
    "message/rfc822-headers",
    "text/rfc822-headers",
    "text/rfc822-header",
    "message/global",
    "message/global-headers",
    "message/partial",
)

HEADERS_LENGTH = 65_536
"""Characters of a returned message in which its headers are looked for."""

TEXT_LENGTH = 65_536
"""Characters of the text for people that are read."""


@dataclass(frozen=True)
class Mail:
    """A mail; whatever is asked of it is worked out once, when it is first asked for."""

    parts: tuple[Part, ...]
    """The whole mail, then all that it consists of, in order."""

    @property
    def root(self) -> Part:
        """The part that is the whole mail."""
        return self.parts[0]

    @property
    def headers(self) -> Mapping[str, str]:
        """The fields of its header, not decoded."""
        return self.root.headers

    @cached_property
    def subject(self) -> str:
        """Its subject, decoded."""
        return header_text(self.headers.get("subject", ""))

    @cached_property
    def sender(self) -> Sender:
        """Who wrote it."""
        return Sender(self.headers, self.subject)

    def first(self, *kinds: str) -> Part | None:
        """Return the first part of one of the kinds."""
        for part in self.parts:
            if part.kind in kinds:
                return part
        return None

    @property
    def status(self) -> Part | None:
        """The part with the fields of a delivery report, even if it is called a mere text."""
        return self.first(*STATUS) or next(filter(_is_status, self.parts), None)

    @cached_property
    def text(self) -> str:
        """The text that it shows: its plain parts before any returned message."""
        texts = []
        html = None
        for part in self.parts:
            if part.kind in RETURNED:
                break
            if part.kind == "text/html":
                html = html or part
            elif _is_text(part):
                texts.append(part.text)
        if html is not None and not any(text.strip() for text in texts):
            return html.text[:TEXT_LENGTH]
        return "\n".join(texts)[:TEXT_LENGTH]

    @cached_property
    def server_text(self) -> str:
        """Its text, if a server wrote it, or somebody passed on what a server wrote; else none."""
        sender = self.sender
        if sender.is_person_replying:
            return ""
        if sender.passes_on:
            text = unquoted(self.text)
            return text if sender.claims_to_bounce or is_quoted_from_a_server(text) else ""
        if sender.is_auto_reply or not sender.is_server:
            return ""
        if sender.claims_to_bounce:
            return self.text
        # absence notes have an empty sender, too, and name other people's addresses
        speaks = speaks_of_failure(self.text) and not sender.is_auto_submitted
        return self.text if speaks else ""

    @cached_property
    def original(self) -> Mapping[str, str]:
        """The headers of the message that failed, as far as a part returns it, not decoded."""
        part = self.first(*RETURNED)
        if part is None:
            return {}
        return parse_fields(part.message.lstrip()[:HEADERS_LENGTH].partition("\n\n")[0])

    @property
    def attached(self) -> "Mail | None":
        """The mail that it carries as an attachment, if there is one."""
        part = self.first("message/rfc822")
        if part is not None:
            return Mail(parse(part.message.encode("latin-1", "replace")))
        files = (part for part in self.parts if part.kind in _MERE_FILES)
        part = next((part for part in files if _name_of(part).endswith(".eml")), None)
        return Mail(parse(part.content)) if part is not None else None


def mails_in(content: bytes) -> list[Mail]:
    """Return the mails of an mbox file (RFC 4155), of any other bytes the one mail they are."""
    return list(map(Mail, parse_all(content)))


_MERE_FILES = ("text/plain", "application/octet-stream", "text/x-mail", "application/x-mail")
_FIRST_FIELDS = (b"reporting-mta:", b"original-envelope-id:", b"final-recipient:")
_NO_TEXT = ("multipart", "text", "message", "image", "audio", "video", "font")


def _is_text(part: Part) -> bool:
    """Tell whether a part is meant to be read; what has no name of its own may be."""
    if part.kind == "text/plain":
        return not part.is_attached
    return not part.kind.startswith(_NO_TEXT)


def _is_status(part: Part) -> bool:
    if part.kind not in _MERE_FILES or not part.is_attached:
        return False
    return part.content[:400].lstrip().lower().startswith(_FIRST_FIELDS)


def _name_of(part: Part) -> str:
    disposition = part.headers.get("content-disposition", "")
    return (part.parameters.get("name", "") or disposition.rstrip('"; ')).lower()
