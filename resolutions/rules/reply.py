"""What the receiving server itself said, freed of everything that relays put around it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from resolutions.bounce import SmtpReply

LIMIT = 2_048
"""Characters of a reply that are looked at; RFC 5321 (4.5.3.1.5) allows 512 a line."""

TOKENS_KEPT = 50_000
"""Words whose mask is remembered; the memory starts anew beyond."""

ADDRESS, HOST_ADDRESS, NUMBER = "<@>", "<#>", "<~>"
"""What stands for an email address, an IP address, a queue id or another long number."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply ready to be matched: in lower case, on one line, addresses and ids masked.

    `text` is the innermost reply, `whole` what was reported (the same object where nothing was
    wrapped around). `code` and `status` are the innermost ones, empty where there are none.
    """

    text: str
    whole: str
    code: str
    status: str


class _Masks(dict[str, str]):
    """Each word's mask, worked out once: replies are made of the same few thousand words."""

    def __missing__(self, word: str) -> str:
        if len(self) >= TOKENS_KEPT:
            self.clear()
        self[word] = masked = mask_word(word)
        return masked


def read_reply(reply: SmtpReply) -> Reply:
    """Return the innermost reply, with its own code and status where it has them.

    >>> read_reply(SmtpReply("host mx.example[192.0.2.1] said: 550 5.1.1 <a@b.example> unknown"))
    Reply(text='550 5.1.1 <@> unknown', whole='host mx.example[<#>] said: 550 5.1.1 <@> unknown', \
code='550', status='5.1.1')
    """
    return read_words(masked(reply.text), reply.code, reply.status)


def read_words(words: str, code: str, status: str) -> Reply:
    """Return the innermost reply of a masked text; code and status are those given beside it."""
    whole = _without_aftermath(words)
    text = _without_aftermath(_without_continuations(_innermost(whole)))
    own_code, own_status = _head(text)
    given = _GIVEN.match(status.strip())
    if given and (not own_status or (own_status.endswith(".0.0") and given[1][0] == own_status[0])):
        own_status = given[1]
    return Reply(text, whole, own_code or _first_code(code), own_status)


def masked(text: str, words: Mapping[str, str] | None = None) -> str:
    """Return the text in lower case on one line, addresses and numbers that vary masked.

    `words` may say otherwise what stands for a word.

    >>> masked("550 5.1.1 <Jo@Example.com>:\\n unknown; id 4f2ab119cc01")
    '550 5.1.1 <@>: unknown; id <~>'
    """
    if len(text) > LIMIT:
        text = text[:LIMIT]
    words = _masks if words is None else words
    text = " ".join(map(words.__getitem__, text.lower().split()))
    return text.replace("( <@> )", ADDRESS) if "( <@>" in text else text


_masks = _Masks()

_MAIL = re.compile(r"[^\s<>()\[\],;:\"'=]{1,80}@[\w.\-]{1,120}>?")
_IPV4 = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\d.])")
_IPV6 = re.compile(r"\b(?:[0-9a-f]{1,4}:){2,7}[0-9a-f:]{1,40}")
_LONG = re.compile(
    r"(?<![a-z0-9])(?![245]\d\d-[a-z])(?=[a-z\-]{0,40}\d)[a-z0-9\-]{10,120}(?![a-z0-9])|"
    r"(?<![a-z0-9])\d{8,200}(?![a-z0-9])"
)
_DIGIT = re.compile(r"\d")
_TELLING = re.compile(r"\w\.\w")


def mask_word(word: str) -> str:
    """Return one word with addresses, IP addresses and long numbers masked."""
    if "@" in word:
        word = _MAIL.sub(ADDRESS, word).replace("<<@>", "<@>")
    if not _DIGIT.search(word):
        return word
    if word.count(".") >= 3:
        word = _IPV4.sub(HOST_ADDRESS, word)
    if word.count(":") >= 2:
        word = _IPV6.sub(HOST_ADDRESS, word)
    if len(word) < 8 or ("." in word and "/" not in word and _TELLING.search(word)):
        return word  # a status, a host name
    return _LONG.sub(NUMBER, word) if "://" not in word else word


# The innermost reply

_MARKS = {
    "said": (" said: ", " said:", "said[response message]:", "remote host said: "),
    "respon": (
        "responded with failure: ",
        "responded with: ",
        "responded as follows: ",
        "the response was: ",
        "response from the remote server was: ",
        "generated response: ",
        "body of message generated response: ",
    ),
    "error": (
        "with the following error message: ",
        "error from remote server: ",
        "last error: ",
    ),
    "did not like our": (
        "did not like our rcpt to:",
        "did not like our data:",
        "did not like our mail from:",
    ),
    "other server returned": ("other server returned was: ",),
    " returned '": (" returned '",),
    "refused to talk": ("refused to talk to me: ",),
    "<<< ": ("<<< ",),
    "diagnostic-code": ("diagnostic-code: smtp; ",),
}
"""What relays write before the reply that they got, by a word that all marks of a kind hold."""

_TAILS = (" (in reply to ", " giving up on ", "i'm not going to try again", " remote-mta: ")
_EXIM = re.compile(
    r"smtp error from remote (?:mailer|mail server|mta) after "
    r"(?:[^:]{0,60}:\s?<[^>]{0,120}>[^:]{0,80}|[^:]{0,80}): ?(?:host [^:]{1,160}\]: ?)?"
)
_PREFIX = re.compile(
    r"(?:(?:smtp|x-[a-z\-]{1,20}|dns);\s?|(?:recipienterror|undefined|smtp(?! error)):? )+"
)

_OF_SENDER = re.compile(
    r"sender address rejected|(?:sender|postmaster) verif|callback|failed while"
)
"""Before an answer that is not about the recipient: somebody asked whether the sender exists."""

_QUOTING = re.compile(
    r"[45]\.\w\.\d - (?:unknown address error|other mail system problem) "
    r"(?:([45]\d\d)-)?'(.{3,1000}?)'? ?(?:\(delivery attempts: \d{1,3}\))?$"
)


def _innermost(text: str) -> str:
    """Return what stands behind the last mark of a relay, without the relay's own tail."""
    if not (": " in text or ";" in text or " - " in text or " returned '" in text):
        return text
    prefix = _PREFIX.match(text)
    if prefix:
        text = text[prefix.end() :]
    if "error from remote m" in text:
        text = _behind_exim(text)
    if " - " in text:
        quoting = _QUOTING.match(text)
        text = (quoting.expand(r"\1 \2") if quoting else text).strip()
    text = text[_end_of_marks(text) :] or text
    for tail in _TAILS:
        cut = text.find(tail)
        if cut > 0:
            text = text[:cut]
    return text


def _end_of_marks(text: str) -> int:
    """Return where the last mark ends; zero if the answer behind it is not about the recipient."""
    start = 0
    for word, marks in _MARKS.items():
        if word in text:
            ends = [text.rfind(mark) + len(mark) for mark in marks if mark in text]
            start = max(start, *ends, 0)
    return 0 if start and _OF_SENDER.search(text, 0, start) else start


_AFTERMATH = re.compile(r" (?:503[ \-]|421 4\.7\.0 |554 (?:5\.5\.1 )?(?:error: )?no valid )")


def _without_aftermath(text: str) -> str:
    """Drop the answers to commands that were sent although the recipient was refused."""
    if " 503" not in text and "421 4.7.0 " not in text and "no valid " not in text:
        return text
    match = _AFTERMATH.search(text, 8)
    return text[: match.start()] if match and text[:1] in "45" else text


def _behind_exim(text: str) -> str:
    ends = [match.end() for match in _EXIM.finditer(text)]
    return text[ends[-1] :] or text if ends else text


_DASHED = re.compile(r"[245]\d\d-")
_CONTINUED = re.compile(r"(?:^| )([245]\d\d)-([245]\.\d{1,3}\.\d{1,3}(?= ))?")


def _without_continuations(text: str) -> str:
    """Join the lines of a reply: the code stays at its beginning only (RFC 5321, 4.2.1)."""
    continued = _CONTINUED.search(text) if _DASHED.search(text) else None
    if continued is None:
        return text
    code, status = continued[1], continued[2] or ""
    rest = text[continued.start() :]
    for head in (f"{code}-{status} ", f"{code} {status} ", f"{code}-"):
        rest = rest.replace(head, "")
    return f"{text[: continued.start()]} {code} {status} {rest}".replace("  ", " ").strip()


# Code and status; an expression whose first character is known is match several times faster, so
# what must not stand before it is asked for behind it

_HEAD = re.compile(
    r"(?:^(?=2)|(?:^|[:'\"<(\[#] ?)#?(?=[45]|2\d\d[ \-](?:2\.|ok)))([245]\d\d)"
    r"(?:[ :]{1,3}\(?#?([245]\.\d{1,3}\.\d{1,3})(?![.\d]))?(?![\d./%\-])"
)
_CODE = re.compile("[245][0-9][0-9]")
_BOTH = re.compile(r"([245](?<![^ #].)\d\d)[ \-:]{1,3}\(?#?([245]\.\d{1,3}\.\d{1,3})(?![.\d])")
_START = re.compile(r"([245]\d\d) ([245]\.\d{1,3}\.\d{1,3}) ")
_STATUS = re.compile(r"([245](?<![\d.].)\.\d{1,3}\.\d{1,3})(?![.\d])")
_GIVEN = re.compile(r"[^\d.]?([245]\.\d{1,3}\.\d{1,3})(?![.\d])")


def _head(text: str) -> tuple[str, str]:
    match = _START.match(text)
    if match is None and _CODE.search(text):
        match = _BOTH.search(text) or _HEAD.search(text)
    code, status = (match[1], match[2] or "") if match else ("", "")
    if not status:
        lone = _STATUS.search(text)
        status = lone[1] if lone else ""
    return code, status


def _first_code(code: str) -> str:
    code = code.strip()[:3]
    return code if _CODE.fullmatch(code) else ""
