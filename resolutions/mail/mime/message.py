"""The bytes of a mail → its headers and parts.

A reader of its own instead of the standard library's `email`: bounces come by the thousand, most
of each mail is never looked at, and broken mails must still be read. It takes time linear in the
size of the mail, decodes a part only when asked, and never raises.
"""

import binascii
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from resolutions.mail.mime.charset import decode
from resolutions.mail.mime.encoding import from_base64
from resolutions.mail.mime.header import parse_fields
from resolutions.mail.mime.html import without_tags

MAIL_LIMIT = 5 * 1024 * 1024
"""Bytes of a mail that are read; what is behind is ignored."""

DEPTH_LIMIT = 20
PART_LIMIT = 100

CONTENT_LIMIT = 192 * 1024
"""Characters of a text part that are decoded, still encoded; a report says it all before that."""

HEAD_LIMIT = 400
"""Characters of a part's header that is remembered: the same few head the parts of all mails."""


class Part(NamedTuple):
    """One part of a mail: its headers (the first of each name, in lower case) and its content.

    `body` holds the bytes as Latin-1 characters, lines ended by LF, still transfer-encoded, all
    parts within among them. What a `message/rfc822` holds is no part: its `message` is to be
    parsed as a mail of its own.
    """

    headers: Mapping[str, str]
    body: str
    kind: str
    parameters: Mapping[str, str]

    @property
    def content(self) -> bytes:
        """The content without its transfer encoding, as far as it is readable."""
        raw = self.body[:CONTENT_LIMIT].encode("latin-1", "replace")
        encoding = self.headers.get("content-transfer-encoding", "").lower().split(";")[0].strip()
        if encoding == "base64":
            return from_base64(raw)
        if encoding == "quoted-printable":
            return binascii.a2b_qp(raw)
        return raw

    @property
    def text(self) -> str:
        """The content of a text part, decoded; HTML as the text a person would see."""
        text = decode(self.content, self.parameters.get("charset", ""))
        return without_tags(text) if self.kind == "text/html" else text

    @property
    def fields(self) -> str:
        """The text of a part that holds fields; what is not ASCII in it is UTF-8."""
        if "content-transfer-encoding" in self.headers or not self.body.isascii():
            return decode(self.content, "utf-8")
        return self.body

    @property
    def message(self) -> str:
        """The mail inside a `message/rfc822` (or its headers alone) as Latin-1 text."""
        if "content-transfer-encoding" in self.headers:
            return self.content.replace(b"\r\n", b"\n").decode("latin-1").lstrip("\n")
        return self.body.lstrip("\n")

    @property
    def is_attached(self) -> bool:
        """Whether the part is a file, and not meant to be shown as part of the text."""
        return "filename" in self.headers.get("content-disposition", "")


def parse(mail: bytes) -> tuple[Part, ...]:
    """Return all parts of a mail in order, the whole first; what is wrong with one, it is kept."""
    return _parts(_lines(mail))


def parse_all(mail: bytes) -> list[tuple[Part, ...]]:
    """Return the mails of an mbox file (RFC 4155), of any other bytes the one mail they are."""
    text = _lines(mail)
    if not mail.startswith(b"From "):
        return [_parts(text)]
    return [_parts(piece) for piece in _SEPARATOR.split(text)[:PART_LIMIT]]


def _lines(mail: bytes) -> str:
    """Return the mail as text with plain line ends, without the separator of an mbox file."""
    raw = mail[:MAIL_LIMIT]
    if _BARE_RETURN.search(raw):  # put in twice, or where lines end by nothing else
        raw = raw.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    elif b"\r" in raw:
        raw = raw.translate(None, b"\r")
    text = raw.decode("latin-1").removeprefix("\xef\xbb\xbf").lstrip("\n")
    return text.partition("\n")[2] if text.startswith(("From ", ">From ")) else text


_BARE_RETURN = re.compile(rb"\r(?!\n)")
_SEPARATOR = re.compile(
    r"(?:\n|(?<=--))\nFrom [^\n ]{1,200} {1,3}[A-Z][a-z]{2} [A-Z][a-z]{2} [^\n]{6,40}\n"
    r"(?=[!-9;-~]{1,80}:)"
)
_BLOCK = re.compile(r"(?:[!-9;-~]{1,100}[ \t]*:.*(?:\n|\Z)(?:[ \t].*(?:\n|\Z))*+)*+")
_PARAMETER = re.compile(r';\s*([^\s=;]{1,64}?)\s*=\s*(?:"([^"]*)"|([^;\s]*))')
_GUESSED_BOUNDARY = re.compile(r"^--(.{1,200}?)[ \t]*\n(?=Content-)", re.MULTILINE | re.IGNORECASE)


def _parts(text: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    _add(parts, text, 0)
    return tuple(parts)


def _add(parts: list[Part], text: str, depth: int) -> None:
    """Add a part and those within; only so many, so that a million boundaries stay cheap."""
    block = _BLOCK.match(text)
    end = block.end() if block else 0
    headers, kind, parameters = (_remembered if end < HEAD_LIMIT else _head)(text[:end])
    body = text[end + 1 :] if text.startswith("\n", end) else text[end:]
    parts.append(Part(headers, body, kind, parameters))
    if not kind.startswith("multipart/") or depth == DEPTH_LIMIT:
        return
    before = len(parts)
    for piece in _split(body, parameters.get("boundary") or _guess(body)):
        if len(parts) > PART_LIMIT:
            break
        _add(parts, piece, depth + 1)
    if len(parts) == before:  # a multipart without parts: all of it is meant to be read
        parts.append(Part({}, body, "text/plain", {}))


def _head(block: str) -> tuple[Mapping[str, str], str, Mapping[str, str]]:
    """Return the fields of a part's header, what kind of content they name, its parameters."""
    headers = parse_fields(block)
    kind, semicolon, rest = headers.get("content-type", "text/plain").partition(";")
    parameters = {
        name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(semicolon + rest)
    }
    return headers, kind.strip().lower(), parameters


_remembered = lru_cache(512)(_head)


def _guess(body: str) -> str:
    """Return the boundary of a multipart that forgot to name it, empty if there is none."""
    match = _GUESSED_BOUNDARY.search(body[:8_192])
    return match[1] if match else ""


def _split(body: str, boundary: str) -> list[str]:
    """Cut a multipart at its boundary; a missing end is no harm."""
    if not boundary:
        return []
    pieces: list[str] = []
    open_piece = False
    for piece in ("\n" + body).split("\n--" + boundary)[1:]:
        rest, newline, content = piece.partition("\n")
        ending = rest.strip()
        if ending and ending != "--" and open_piece:
            # a longer boundary that begins like ours: part of what is inside
            pieces[-1] += f"\n--{boundary}{piece}"
        elif ending != "--" and newline:
            pieces.append(content)
            open_piece = True
        if len(pieces) > PART_LIMIT:
            break
    return pieces
