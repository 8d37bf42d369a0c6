"""What a server's words tell: its name, reply code, status, the command that it refused."""

import re

COMMANDS = {
    word: command
    for command, words in {
        "CONNECT": "greeting initial connection",
        "EHLO": "ehlo my",
        "HELO": "helo",
        "STARTTLS": "starttls",
        "AUTH": "auth",
        "MAIL FROM": "mail sender",
        "RCPT TO": "rcpt recipient",
        "DATA": "data end text transfer pipelined sent",
        "QUIT": "quit",
    }.items()
    for word in words.split()
}
"""First word by which servers name the refused command → the command."""


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
    codes: list[str] = _STATUS.findall(text)
    codes = [code for code in codes if code[0] in "45"] or codes
    for code in codes:
        if not code.endswith(".0.0") and (not given or code[0] == given[0]):
            return code
    return given or next(iter(codes), "")


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


_CODE_FIRST = re.compile(
    r"\s{0,20}(?:smtp\s{0,5};\s{0,5}|responsecode )?[#<(\"']?([245]\d\d)(?![\d./])", re.IGNORECASE
)
_CODE_SAID = re.compile(
    r"(?:said|replied|returned|was|responsecode|error_code|responded|error message|response|<<<|"
    r"reason|failure|\]|data|command|"
    r"rcpt to:<[^<>\n]{1,200}>)\s?:?\s{0,8}[\[\"'(#:]{0,3}\s?([245]\d\d)(?![\d.,/:])"
)
_CODE = re.compile(
    r"([45](?<![\w.:/-][45])\d\d)(?=[ -](?:#?[245]\.\d{1,3}\.\d|- [A-Z]|[A-Za-z<'\"#\[(:]))"
)
_STATUS = re.compile(r"([245](?<![\d.][245])\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
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
# each way begins with a letter of its own, so that most of a text is passed over at once
_HOST = re.compile(
    rf"host:?\s{{1,20}}{_NAME}\s{{0,5}}[\[(]?|"
    rf"while\s+talking\s+to\s+{_NAME}|"
    rf"connect\s+to\s+{_NAME}\s?[\[:]|"
    rf"con(?:nection|versation)\s+with\s+{_NAME}\s?\[|"
    rf"lost\s+connection\s+with\s+{_NAME}|"
    rf"remote\s+server\s+at\s+{_NAME}|"
    rf"remote[\s-](?:system|mta|server)\s?:?\s{{1,40}}[(]?(?:dns;\s?)?<?{_NAME}|"
    rf"timed\s+out\s+(?:with|by)\s+{_NAME}|re(?:fused|set)\s+(?:with|by)\s+{_NAME}|"
    rf"connected\s+to\s+{_NAME}\sbut|"
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
