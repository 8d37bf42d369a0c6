"""How one kind of server words its bounces for people to read."""

import re
from dataclasses import dataclass

from resolutions.mail.failure import ADDRESS

ANY = rf"<?({ADDRESS})>?"
"""An address with or without its brackets."""

ALIAS = rf"<?(?P<alias>{ADDRESS})>?"
HOST = r"(?P<host>[\w-]{1,63}(?:\.[\w-]{1,63}){1,10}|\d{1,3}(?:\.\d{1,3}){3})"
"""A server's name or address that stands by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a recipient is introduced, and where the server's words are.

    One of `cues` occurs in the text (lower case). `to` finds each recipient (the group `named`, or
    else its first; the group `alias` is the address it was expanded from, `host` the server that
    refused, `words` what is said before it). The words, without that group, are what the first of
    `why` that is found behind the recipient (or, if `anywhere`, in the whole text) finds; without
    any, all that follows up to the next recipient.
    """

    name: str
    cues: tuple[str, ...]
    to: re.Pattern[str]
    why: tuple[re.Pattern[str], ...] = ()
    anywhere: bool = False


def shape(
    name: str,
    cue: str | tuple[str, ...],
    to: str,
    why: str | tuple[str, ...] = (),
    *,
    anywhere: bool = False,
) -> Shape:
    """Return a shape of patterns in which `^` and `$` stand for lines, and case is ignored."""
    return Shape(
        name=name,
        cues=_several(cue),
        to=_lines(to),
        why=tuple(map(_lines, _several(why))),
        anywhere=anywhere,
    )


def _several(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else given


def _lines(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE | re.IGNORECASE)
