"""The bytes of a mail → its headers and parts.

A reader of its own instead of the standard library's `email`: bounces come by the thousand, most
of each mail is never looked at, and broken mails must still be read. It takes time linear in the
size of the mail, decodes a part only when asked, and never raises.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

from resolutions.mail.mime.charset import decode

MAIL_LIMIT = 5 * 1024 * 1024
"""Bytes of a mail that are read; what is behind is ignored."""

DEPTH_LIMIT = 20
PART_LIMIT = 100

TEXT_LIMIT = 192 * 1024
"""Characters of a text part that are decoded, still encoded; a report says it all before that."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a mail: its headers (the first of each name, in lower case) and its content.

    `body` holds the bytes as Latin-1 characters, lines ended by LF, still transfer-encoded; use
    `text_of` to read it. A `message/rfc822` has no parts: `returned_in` opens it.
    """

    headers: dict[str, str]
    body: str
    kind: str
    parameters: dict[str, str]
    parts: tuple["Part", ...] = ()

    def walk(self) -> Iterator["Part"]:
        """Yield this part and all below it, in the order of the mail."""
        yield self
        for part in self.parts:
            yield from part.walk()


def parse(mail: bytes) -> Part:
    """Return the mail as a tree of parts; whatever is wrong with it, the rest is kept."""
    return _part(_lines(mail), 0, _Budget())


def parse_all(mail: bytes) -> list[Part]:
    """Return the mails of an mbox file (RFC 4155), of any other bytes the one mail they are."""
    text = _lines(mail)
    if not mail.startswith(b"From "):
        return [_part(text, 0, _Budget())]
    return [_part(each, 0, _Budget()) for each in _SEPARATOR.split(text)[:PART_LIMIT]]


def _lines(mail: bytes) -> str:
    """Return the mail as text with plain line ends, without the separator of an mbox file."""
    raw = mail[:MAIL_LIMIT]
    if b"\r\r\n" in raw:  # line ends put in twice
        raw = raw.replace(b"\r\r\n", b"\n")
    text = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").decode("latin-1")
    text = text.removeprefix("\xef\xbb\xbf").lstrip("\n")
    return text.partition("\n")[2] if text.startswith(("From ", ">From ")) else text


def parse_fields(block: str) -> dict[str, str]:
    """Return the fields of a header block, the first of each name, unfolded, not decoded."""
    fields: dict[str, str] = {}
    for name, value in _FIELD.findall(block):
        name = name.lower()
        if name not in fields:
            fields[name] = (" ".join(value.split()) if "\n" in value else value.strip())[:8192]
    return fields


def text_of(part: Part) -> str:
    """Return the content of a text part, decoded; HTML as the text a person would see."""
    raw = content_of(part)
    text = decode(raw, part.parameters.get("charset", ""))
    return without_tags(text) if part.kind == "text/html" else text


def content_of(part: Part) -> bytes:
    """Return the content without its transfer encoding, as far as it is readable."""
    raw = part.body[:TEXT_LIMIT].encode("latin-1", "replace")
    encoding = part.headers.get("content-transfer-encoding", "").lower().split(";")[0].strip()
    if encoding == "base64":
        return _base64(raw)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(raw)
    return raw


def message_in(part: Part) -> str:
    """Return the mail inside a `message/rfc822` (or its headers alone) as Latin-1 text."""
    if "content-transfer-encoding" in part.headers:
        return content_of(part).replace(b"\r\n", b"\n").decode("latin-1").lstrip("\n")
    return part.body.lstrip("\n")


def header_text(value: str) -> str:
    """Return a header's value with its encoded words (RFC 2047) decoded, else its raw bytes."""
    if "=?" in value:
        joined = _BETWEEN_WORDS.sub("?==?", value)
        decoded, words = _ENCODED_WORD.subn(_decoded_word, joined)
        if words:
            return decoded
    if value.isascii():
        return value
    return decode(value.encode("latin-1"), "") if _is_latin(value) else value


def without_tags(html: str) -> str:
    """Return the text of an HTML document, one line a block or a row."""
    for tag in ("style", "script", "head"):
        html = _without_element(html, tag)
    html = _CELL_TAG.sub(" ", html)
    html = _BLOCK_TAG.sub("\n", html)
    html = _TAG.sub("", html)
    return unescape(html).replace("\xa0", " ") if "&" in html else html


class _Budget:
    """How many parts may still be opened: a mail of a million boundaries stays cheap."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = PART_LIMIT

    def take(self) -> bool:
        self.left -= 1
        return self.left >= 0


_SEPARATOR = re.compile(
    r"(?:\n|(?<=--))\nFrom [^\n ]{1,200} {1,3}[A-Z][a-z]{2} [A-Z][a-z]{2} [^\n]{6,40}\n"
    r"(?=[!-9;-~]{1,80}:)"
)
_FIELD = re.compile(r"^([!-9;-~]{1,100})[ \t]*:[ \t]*(.*(?:\n[ \t].*)*)", re.MULTILINE)
_BLOCK = re.compile(r"(?:[!-9;-~]{1,100}[ \t]*:.*(?:\n|\Z)(?:[ \t].*(?:\n|\Z))*+)*+")
_PARAMETER = re.compile(r';\s*([^\s=;]{1,64}?)\s*=\s*(?:"([^"]*)"|([^;\s]*))')
_GUESSED_BOUNDARY = re.compile(r"^--(.{1,200}?)[ \t]*\n(?=Content-)", re.MULTILINE | re.IGNORECASE)
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]{0,2000})\?=")
_BETWEEN_WORDS = re.compile(r"\?=\s{1,80}=\?")
_BLOCK_TAG = re.compile(
    r"<(?:br\b[^<>]{0,2000}>[ \t]{0,80}\n?|"
    r"(?:/?p|/?div|/?tr|/?li|/?h[1-6]|/?table|hr)\b[^<>]{0,2000}>)",
    re.I,
)
_CELL_TAG = re.compile(r"</t[dh]\b[^<>]{0,2000}>\s{0,80}", re.I)
_TAG = re.compile(r"<[a-zA-Z/!][^<>]*>")
_NOT_BASE64 = bytes(
    code
    for code in range(256)
    if code not in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)


def _part(text: str, depth: int, budget: _Budget) -> Part:
    block = _BLOCK.match(text)
    end = block.end() if block else 0
    headers = parse_fields(text[:end])
    body = text[end + 1 :] if text.startswith("\n", end) else text[end:]
    value = headers.get("content-type", "text/plain")
    kind = value.partition(";")[0].strip().lower()
    parameters = _parameters(value)
    parts: tuple[Part, ...] = ()
    if kind.startswith("multipart/") and depth < DEPTH_LIMIT:
        pieces = _split(body, parameters.get("boundary") or _guess(body))
        parts = tuple(_part(piece, depth + 1, budget) for piece in pieces if budget.take())
        if not parts:  # a multipart without parts: all of it is meant to be read
            parts = (Part({}, body, "text/plain", {}),)
    return Part(headers, body, kind, parameters, parts)


def _parameters(value: str) -> dict[str, str]:
    if ";" not in value:
        return {}
    return {
        match[1].lower(): match[2] if match[2] is not None else match[3]
        for match in _PARAMETER.finditer(value)
    }


def _guess(body: str) -> str:
    """Return the boundary of a multipart that forgot to name it, empty if there is none."""
    match = _GUESSED_BOUNDARY.search(body[:8192])
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


def _base64(raw: bytes) -> bytes:
    clean = raw.translate(None, _NOT_BASE64)
    if len(clean) % 4 == 1:
        clean = clean[:-1]
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))


def _decoded_word(match: re.Match[str]) -> str:
    charset, encoding, text = match[1].partition("*")[0], match[2], match[3]
    raw = text.encode("latin-1", "replace")
    raw = _base64(raw) if encoding in "bB" else binascii.a2b_qp(raw, header=True)
    return decode(raw, charset)


def _is_latin(value: str) -> bool:
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _without_element(html: str, tag: str) -> str:
    """Cut out an element with its content; by searching, as an expression could run away."""
    lower = html.lower()
    if len(lower) != len(html) or f"<{tag}" not in lower:
        return html
    kept, at = [], 0
    while (start := lower.find(f"<{tag}", at)) >= 0:
        kept.append(html[at:start])
        end = lower.find(f"</{tag}", start)
        if end < 0:
            return "".join(kept)
        at = end
    kept.append(html[at:])
    return "".join(kept)
