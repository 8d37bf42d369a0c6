"""How one kind of server words its bounces for people to read, and how such a text is read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice, zip_longest

from resolutions.mail.failure import Failure
from resolutions.mail.text.addresses import ADDRESS
from resolutions.mail.text.paragraphs import paragraph_about, to_stop
from resolutions.mail.text.smtp import host_in

ANY = rf"<?({ADDRESS})>?"
"""An address with or without its brackets."""

ALONE = rf"^[ \t]*{ANY}[ \t]*$"
"""An address on a line of its own."""

ALIAS = rf"<?(?P<alias>{ADDRESS})>?"
HOST = r"(?P<host>[\w-]{1,63}(?:\.[\w-]{1,63}){1,10}|\d{1,3}(?:\.\d{1,3}){3})"
"""A server's name or address that stands by itself."""

RECIPIENTS_LIMIT = 1_000

APART_LIMIT = 50
"""Recipients that are looked for one by one where all of them share the same words."""


@dataclass(frozen=True)
class Format:
    """How a recipient is introduced, and where the server's words are.

    One of `cues` occurs in the text (lower case). `to` finds each recipient (the group `named`, or
    else its first; the group `alias` is the address it was expanded from, `host` the server that
    refused, `words` what is said before it). The words, without that group, are what the first of
    `why` that is found behind the recipient (or, if `anywhere`, in the whole text) finds; without
    any, all that follows up to the next recipient. In patterns `^` and `$` stand for lines, and
    case is ignored; they are compiled when first asked for, as most of them never are.
    """

    cues: str | tuple[str, ...]
    to: str
    why: str | tuple[str, ...] = ()
    anywhere: bool = False

    def failures_in(self, text: str) -> list[Failure]:
        """Return the failure of each recipient that a text of this format names."""
        matches = list(islice(self._to.finditer(text), RECIPIENTS_LIMIT))
        failures: list[Failure] = []
        seen: set[str] = set()
        for match, behind in zip_longest(matches, matches[1:]):
            if (recipient := _recipient(match).lower()) in seen:
                continue
            seen.add(recipient)
            stretch = text[match.end() : behind.start() if behind else len(text)]
            failures.append(self._failure(match, stretch, text))
            for other in _named_beside(match, text):
                if other.lower() not in seen:
                    seen.add(other.lower())
                    failures.append(failures[-1]._replace(recipient=other, other=""))
        if len(failures) == 1:
            return [_alone(failures[0], text)]
        return _told_apart(_shared(failures), text)

    def _failure(self, match: re.Match[str], stretch: str, text: str) -> Failure:
        groups = match.groupdict("")
        words = _joined(groups.get("words", "")) or self._words(stretch, text)
        return Failure(
            recipient=_recipient(match),
            text=words,
            remote_host=host_in(words) or groups.get("host", "").lower() or host_in(stretch),
            other=groups.get("alias", ""),
        )

    def _words(self, stretch: str, text: str) -> str:
        places = (stretch, text) if self.anywhere else (stretch,)
        for place in places:
            for pattern in self._why:
                if match := pattern.search(place):
                    return _joined(match[1]).rstrip(_CLOSING)
        return _joined(to_stop(stretch))

    @cached_property
    def _to(self) -> re.Pattern[str]:
        return _compile(self.to)

    @cached_property
    def _why(self) -> list[re.Pattern[str]]:
        return [_compile(pattern) for pattern in several(self.why)]


def behind(words: str, lines: int) -> str:
    """Return the pattern of what stands behind words: so many lines at most."""
    return rf"{words}\s*((?:.+\n?){{1,{lines}}})"


def several(given: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return what may be one or several as several."""
    return (given,) if isinstance(given, str) else given


_compile = partial(re.compile, flags=re.MULTILINE | re.IGNORECASE)
_BESIDE = re.compile(
    rf"[>)'\"]{{0,2}}[ \t]{{0,3}}(?:[,;&]|\b(?:and|und|et|y|e|en|og|och)\b)"
    rf"\s{{0,20}}[<(\"']{{0,2}}({ADDRESS})"
)
_CLOSING = " '\u2019\u201d\u00bb#"


def _named_beside(match: re.Match[str], text: str) -> Iterator[str]:
    """Yield the addresses that a comma or an "and" joins to the one found."""
    if not _recipient(match):
        return
    at = match.end(_group(match))
    for _ in range(RECIPIENTS_LIMIT):
        more = _BESIDE.match(text, at)
        if more is None:
            return
        yield more[1]
        at = more.end(1)


def _recipient(match: re.Match[str]) -> str:
    return match[_group(match)] or ""


def _group(match: re.Match[str]) -> int | str:
    return "named" if match.groupdict().get("named") else 1


def _told_apart(failures: list[Failure], text: str) -> list[Failure]:
    """Give recipients who share all words the refusals among them that name each."""
    if len({failure.text for failure in failures}) > 1 or len(failures) > APART_LIMIT:
        return failures
    return [
        failure._replace(text=_naming(failure.recipient, text) or failure.text)
        for failure in failures
    ]


def _naming(recipient: str, text: str) -> str:
    """Return the refusal that names a recipient, or that answers the command that did."""
    address = re.escape(recipient)
    match = re.search(
        rf"^(?!.*RCPT TO:)[^\n]{{0,200}}?(?:(?<!\d)(?P<a>[45]\d\d[ -][^\n]{{0,200}}?{address}.*)|"
        rf"{address}[^\n]{{0,20}}(?<!\d)(?P<b>[45]\d\d[ -].+))$|"
        rf"RCPT TO:[ \t]?<?{address}[^\n]*\n[^\n]{{0,60}}?(?<![\d:.-])(?P<c>[45]\d\d[ -].+)$",
        text,
        re.MULTILINE | re.IGNORECASE,
    )
    return match[match.lastgroup or 0] if match else ""


def _shared(failures: list[Failure]) -> list[Failure]:
    """Give those of whom nothing is said the words of the next: a list, then what is said of it."""
    for index in range(len(failures) - 2, -1, -1):
        if not failures[index].text:
            behind = failures[index + 1]
            host = failures[index].remote_host or behind.remote_host
            failures[index] = failures[index]._replace(text=behind.text, remote_host=host)
    return failures


def _alone(failure: Failure, text: str) -> Failure:
    """Return the only failure of a mail: all of the mail is about it."""
    if failure.text and failure.remote_host:
        return failure
    return failure._replace(
        text=failure.text or paragraph_about(text), remote_host=failure.remote_host or host_in(text)
    )


def _joined(words: str) -> str:
    return " ".join(words.split())
