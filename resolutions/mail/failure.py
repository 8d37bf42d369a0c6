"""One recipient's failure as a report words it, and what can be read from the words alone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from resolutions.bounce import Kind, SmtpReply

_WIDE = (
    "\uff08\uff09\uff1a\uff1b\uff0c\uff3b\uff3d\u3001\u3002\u3008-\u3011"
    "\u201c-\u201e\u00ab\u00bb\u2026"
)
"""What parts words as brackets, quotes and commas do, in Chinese and Japanese, in print."""

_PARTING = rf"""\s<>()\[\]",;:@{_WIDE}"""

ADDRESS = (
    rf"""(?:"[^"\n]{{1,80}}"|(?<![^{_PARTING}'`|\u2018\u2019])"""
    rf"""[^{_PARTING}'`|\u2018\u2019][^{_PARTING}]{{0,127}})"""
    rf"""@[^{_PARTING}'*.\u2019][^{_PARTING}'*\u2019]{{0,189}}(?<![.])"""
)
"""An email address inside other text; bounded, so that no text can make it run away."""

REPLY_LIMIT = 8_192
"""Characters of a reply that are kept (as in `SmtpReply`)."""

COMMANDS = {
    "rcpt": "RCPT TO",
    "recipient": "RCPT TO",
    "mail": "MAIL FROM",
    "data": "DATA",
    "end": "DATA",
    "text": "DATA",
    "transfer": "DATA",
    "pipelined": "DATA",
    "sent": "DATA",
    "sender": "MAIL FROM",
    "my": "EHLO",
    "greeting": "CONNECT",
    "ehlo": "EHLO",
    "helo": "HELO",
    "initial": "CONNECT",
    "connection": "CONNECT",
    "starttls": "STARTTLS",
    "auth": "AUTH",
    "quit": "QUIT",
}
"""First word by which servers name the refused command → the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What a report says of one recipient, before the mail around it is taken into account.

    `other` is the address of the same recipient that the report does not go by: Final-Recipient
    where Original-Recipient is known, the alias an address was expanded from.
    """

    recipient: str = ""
    kind: Kind = Kind.BOUNCE
    text: str = ""
    code: str = ""
    status: str = ""
    remote_host: str = ""
    command: str = ""
    other: str = ""

    @property
    def reply(self) -> SmtpReply:
        """The failure as a reply; what the fields left open is read from the text."""
        text = self.text[:REPLY_LIMIT]
        return SmtpReply(
            text,
            self.code or code_in(text),
            status_of(self.status, text),
            self.command or command_in(text),
        )


def address_matches(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each address in a text, and where it begins and ends.

    Chinese and Japanese write words and addresses without a gap between them.

    >>> [address for address, _, _ in address_matches("to <a@x.example>, 发送到b@x.example失败")]
    ['a@x.example', 'b@x.example']
    """
    if "@" not in text:
        return
    for match in _ADDRESS.finditer(text):
        start, end = match.span()
        if not match[0].isascii() and (inner := _UNPARTED.search(match[0])):
            start, end = start + inner.start(), start + inner.end()
        yield text[start:end], start, end


def code_in(text: str) -> str:
    """Return the reply code of an SMTP error in the text, empty if there is none.

    >>> code_in("host mx.example[192.0.2.1] said: 550-5.1.1 no such user")
    '550'
    """
    match = _CODE_FIRST.match(text) or _CODE_SAID.search(text.lower()) or _CODE.search(text)
    return match[1] if match else ""


def status_of(status: str, text: str) -> str:
    """Return the enhanced status code: the field's, or the text's where the field is vague.

    >>> status_of("5.0.0 (undefined status)", "550 5.1.1 no such user")
    '5.1.1'
    """
    field = _STATUS.search(status)
    given = field[1] if field else ""
    if given and not given.endswith(".0.0"):
        return given
    told = [match[1] for match in _STATUS.finditer(text)]
    told = [each for each in told if each[0] in "45"] or told
    for each in told:
        if not each.endswith(".0.0") and (not given or each[0] == given[0]):
            return each
    return given or next(iter(told), "")


def command_in(text: str) -> str:
    """Return the SMTP command that was refused, empty if the text does not tell.

    >>> command_in("554 refused (in reply to end of DATA command)")
    'DATA'
    """
    match = _COMMAND.search(text.lower())
    return COMMANDS.get(match[match.lastindex or 1].split(None, 1)[0], "") if match else ""


def host_in(text: str) -> str:
    """Return the receiving server that the text names (a name, else an IP address), or nothing.

    >>> host_in("host mx.example.com[192.0.2.1] said: 550 no")
    'mx.example.com'
    """
    text = text.lower()
    if refuser := refuser_in(text):
        return refuser
    match = None
    if any(cue in text for cue in _HOST_FIRST_CUES):
        match = _HOST_FIRST.search(text)
    match = match or _HOST.search(text)
    return match[match.lastindex or 1].strip("<>[]().:;,'\"") if match else ""


def refuser_in(text: str) -> str:
    """Return the last server that is quoted by name: relays wrap what was said to them.

    >>> refuser_in("554 host a.example[192.0.2.1] said: 550 host b.example[192.0.2.2] said: no")
    'b.example'
    """
    quoted = _QUOTED_HOST.findall(text.lower()) if " said" in text else ()
    return quoted[-1].strip("[]") if quoted else ""


def is_vague(text: str) -> bool:
    """Tell whether a diagnostic explains nothing, so that better words are wanted."""
    words = _words(text)
    return len(words) < 4 or words in VAGUE


def is_silent(text: str) -> bool:
    """Tell whether a diagnostic holds nothing but numbers and addresses."""
    return len(_words(text)) < 4


def _words(text: str) -> str:
    return _NUMBERS.sub(" ", text).strip(" .;:-<>()[]*\t\n").lower()


VAGUE = frozenset(
    {
        "failed",
        "failure",
        "error",
        "unknown",
        "unknown error",
        "none",
        "null",
        "undeliverable",
        "delivery failed",
        "delivery failure",
        "message undeliverable",
        "other undefined status",
        "permanent error",
        "permanent failure",
        "temporary failure",
        "service unavailable",
        "unspecified error",
        "delivery error",
        "mail rejected",
    }
)
"""Whole diagnostics that explain nothing."""

_ADDRESS = re.compile(ADDRESS)
_UNPARTED = re.compile(r"(?<![!-~])[!-~]+@[0-9A-Za-z.-]+\.[A-Za-z]{2,}(?![!-~])(?=\Z|[^.@A-Za-z])")
_CODE_FIRST = re.compile(
    r"\s{0,20}(?:smtp\s{0,5};\s{0,5}|responsecode )?[#<(\"']?([245]\d\d)(?![\d./])", re.IGNORECASE
)
_CODE_SAID = re.compile(
    r"(?:said|replied|returned|was|responsecode|error_code|responded|error message|response|<<<|"
    r"reason|failure|\]|data|command|"
    r"rcpt to:<[^<>\n]{1,200}>)\s?:?\s{0,8}[\[\"'(#:]{0,3}\s?([245]\d\d)(?![\d.,/:])"
)
_CODE = re.compile(
    r"(?<![\w.:/-])([45]\d\d)(?=[ -](?:#?[245]\.\d{1,3}\.\d|- [A-Z]|[A-Za-z<'\"#\[(:]))"
)
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_NUMBERS = re.compile(r"\b[245]\d\d\b|\b[245]\.\d{1,3}\.\d{1,3}\b|" + ADDRESS + r"|\bsmtp\s?;")
_COMMAND = re.compile(
    r"in\s+reply\s+to\s+(?:the\s+)?(\w{3,8})|"
    r"error\s+from\s+remote\s+(?:mail\s+server|mailer|server)\s+(?:after|for)\s+(\w{3,8})|"
    r"\[(rcpt|mail|data)_?(?:to|from)?\]|"
    r"error\s+following\s+(\w{4,8})\s+command|your message \((data)\)|"
    r"did\s+not\s+like\s+our\s+(\w{3,8})|"
    r">>> (rcpt|mail|data|ehlo|helo|auth|starttls)\b|step: (data|rcpt|mail)\b|"
    r"does\s+not\s+like\s+(?:the\s+)?(recipient)|after\s+(rcpt|data|mail)\b|"
    r"but\s+(sender|my\s+name|greeting)\s|failed\s+(?:on\s+(data)|after\s+i\s+(sent))\b|"
    r"sent: (rcpt|mail|data|helo|ehlo)\b"
)
_NAME = r"(\[?\d{1,3}(?:\.\d{1,3}){3}(?![\w.-])\]?|[\w.-]{1,200}\.[\w-]{2,63})"
_HOST = re.compile(
    rf"host:?\s{{1,20}}{_NAME}\s{{0,5}}[\[(]?|"
    rf"while\s+talking\s+to\s+{_NAME}|"
    rf"connect\s+to\s+{_NAME}\s?[\[:]|"
    rf"(?:connection|conversation)\s+with\s+{_NAME}\s?\[|"
    rf"lost\s+connection\s+with\s+{_NAME}|"
    rf"remote\s+server\s+at\s+{_NAME}|"
    rf"remote[\s-](?:system|mta|server)\s?:?\s{{1,40}}[(]?(?:dns;\s?)?<?{_NAME}|"
    rf"(?:timed\s+out|refused|reset)\s+(?:with|by)\s+{_NAME}|connected\s+to\s+{_NAME}\sbut|"
    rf"smtp\s+server\s+<{_NAME}>|"
    rf"server\s+for\s+the\s+recipient\s+domain\s+\S{{1,200}}\s+by\s+{_NAME}|"
    rf"giving\s+up\s+on\s+{_NAME}|"
    rf"server\s+{_NAME}\[[\d.:a-f]+\]\s(?:failed|responded)"
)
_QUOTED_HOST = re.compile(rf"host\s{{1,20}}{_NAME}\s?(?:\[[\w.:]{{1,60}}\])?\s{{1,20}}said:")
_HOST_FIRST = re.compile(
    rf"^[ \t]{{0,20}}{_NAME}\s?(?:\[[\d.:a-f]+\]:?\s(?:did|responded)|"
    rf"(?:failed\s+after|does\s+not\s+like)|\[[\d.:a-f]+\]:$)",
    re.MULTILINE,
)
_HOST_FIRST_CUES = (
    "] did",
    "]: did",
    "] respond",
    "]: respond",
    "failed after",
    "not like",
    "]:\n",
)
