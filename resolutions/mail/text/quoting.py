"""What a text quotes: the marks before its lines, the header lines of what was passed on."""

import re
from itertools import islice

QUOTES_LIMIT = 3
"""How often a text may have been forwarded, each time with marks before its lines."""

SERVER = re.compile(
    r"mailer[ _-]?daemon|postmaster|mail[ ._-]?delivery|mail ?router|mail ?daemon|"
    r"mail[ ._-]?admin|mail system|mdaemon|"
    r"system administrator|delivery[ _-]?(?:subsystem|system|service)|"
    r"microsoft (?:exchange|outlook)|interscan|no-?reply@.{0,80}(?:dion|auone)|<>",
    re.IGNORECASE,
)
"""How mail servers sign, in the field From."""


def unquoted(text: str) -> str:
    """Return a forwarded text without the marks of quoting before its lines.

    They go where most lines have them once they begin, and only down to a server's words.
    """
    for depth in range(QUOTES_LIMIT):
        if depth and is_quoted_from_a_server(text):
            break
        first = _QUOTED.search(text)
        if first is None:
            break
        quoted = text[first.start() :]
        lines = sum(1 for line in quoted.splitlines() if line.strip())
        if len(_QUOTED.findall(quoted)) * 2 < lines:
            break
        text = _QUOTED.sub("", text)
    return text


def behind_header(text: str) -> str:
    """Return what a server's mail says that was passed on: all behind the header lines quoted."""
    for match in islice(_QUOTED_HEADER.finditer(text), 8):
        if SERVER.search(match[1]):
            begin = _HEADER_LINES.match(text, match.end())
            behind = text[begin.end() :] if begin else ""
            return behind if behind.strip() else text
    return text


def is_quoted_from_a_server(text: str) -> bool:
    """Tell whether the header lines that head a forwarded text name a mail server."""
    return any(SERVER.search(match[1]) for match in islice(_QUOTED_HEADER.finditer(text), 8))


_HEADER_LINES = re.compile(r"(?:\n[ \t]{0,8}[*_]{0,2}[\w-]{1,20}[*_]{0,2}\s?:[^\n]{0,500})*")
_QUOTED = re.compile(r"^>[ ]?", re.MULTILINE)
_QUOTED_HEADER = re.compile(
    r"^[ \t]{0,8}[*_]{0,2}(?:From|Sender|Von|De|Da|Van|Od|Fra|Från|От|差出人|发件人|寄件者)"
    r"[*_]{0,2}\s?:(.+)$",
    re.MULTILINE | re.IGNORECASE,
)
