"""The header fields of a mail: their values as they stand, and as text."""

import binascii
import re

from resolutions.mail.mime.charset import decode
from resolutions.mail.mime.encoding import from_base64

VALUE_LIMIT = 8_192
"""Characters of a field's value that are read."""


def parse_fields(block: str) -> dict[str, str]:
    """Return the fields of a header block, the first of each name, unfolded, not decoded."""
    fields: dict[str, str] = {}
    for name, value in _FIELD.findall(block):
        name = name.lower()
        if name not in fields:
            value = " ".join(value.split()) if "\n" in value else value.strip()
            fields[name] = value[:VALUE_LIMIT]
    return fields


def header_text(value: str) -> str:
    """Return a header's value with its encoded words (RFC 2047) decoded, else its raw bytes."""
    if "=?" in value:
        joined = _BETWEEN_WORDS.sub("?==?", value)
        decoded, words = _ENCODED_WORD.subn(_decoded_word, joined)
        if words:
            return decoded
    if value.isascii():
        return value
    try:
        return decode(value.encode("latin-1"), "")
    except UnicodeEncodeError:
        return value


_FIELD = re.compile(r"^([!-9;-~]{1,100}+)[ \t]*+:[ \t]*+(.*+(?:\n[ \t].*+)*+)", re.MULTILINE)
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]{0,2000})\?=")
_BETWEEN_WORDS = re.compile(r"\?=\s{1,80}=\?")


def _decoded_word(match: re.Match[str]) -> str:
    charset, encoding, text = match[1].partition("*")[0], match[2], match[3]
    raw = text.encode("latin-1", "replace")
    raw = from_base64(raw) if encoding in "bB" else binascii.a2b_qp(raw, header=True)
    return decode(raw, charset)
