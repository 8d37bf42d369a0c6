"""What a text for people says in other words than numbers, addresses and polite phrases."""

import re
from functools import partial
from itertools import islice

from resolutions.mail.text.addresses import ADDRESS

VAGUE = (
    "failed|failure|error|unknown|unknown error|none|null|undeliverable|message undeliverable|"
    "mail rejected|service unavailable|other undefined status|delivery failed|delivery failure|"
    "delivery error|permanent error|permanent failure|temporary failure|unspecified error"
)
"""Whole diagnostics that explain nothing."""


def paragraph_about(text: str) -> str:
    """Return what a text of no known format says, without greeting and signature.

    Where a server's refusal is quoted, that alone.
    """
    if refusals := [match[1] or match[2] for match in islice(_REFUSAL.finditer(text), 8)]:
        return "\n".join(refusals)[:2_000]
    lines = [line.strip() for line in without_disclaimer(text).splitlines()]
    kept = [line for line in lines if line and not _NOISE.match(line)]
    return "\n".join(kept)[:2_000]


def without_disclaimer(text: str) -> str:
    """Return a text without what an office writes under each of its mails."""
    foot = _DISCLAIMER.search(text, 80)
    return text[: foot.start()] if foot else text


def to_stop(stretch: str) -> str:
    """Return the words up to a rule of dashes or a closing phrase, at most three paragraphs."""
    stretch = stretch.lstrip("\n")
    stop = _STOP.search(stretch, 1)
    if stop:
        stretch = stretch[: stop.start()]
    return "\n".join(_PARAGRAPH.split(stretch, 3)[:3])


def is_vague(text: str) -> bool:
    """Tell whether a diagnostic explains nothing, so that better words are wanted."""
    if _says_something(text):
        return False
    words = _words(text)
    return len(words) < 4 or words in _VAGUE


def is_silent(text: str) -> bool:
    """Tell whether a diagnostic holds nothing but numbers and addresses."""
    return not _says_something(text) and len(_words(text)) < 4


def _says_something(text: str) -> bool:
    """Tell quickly what is true of most diagnostics: they hold a word that is not in `VAGUE`.

    It is no part of an address: those hold spaces only where their names are quoted.
    """
    if '"@' in text:
        return False
    for word in text.lower().split():
        if word.isalpha() and len(word) > 3 and word not in _EMPTY:
            return True
    return False


def _words(text: str) -> str:
    return _NUMBERS.sub(" ", text).strip(" .;:-<>()[]*\t\n").lower()


_compile = partial(re.compile, flags=re.MULTILINE | re.IGNORECASE)
_NUMBERS = re.compile(r"\b[245]\d\d\b|\b[245]\.\d{1,3}\.\d{1,3}\b|" + ADDRESS + r"|\bsmtp\s?;")
_VAGUE = frozenset(VAGUE.split("|"))
_EMPTY = {"smtp", *re.findall(r"\w+", VAGUE)}
_REFUSAL = _compile(
    r"^[ \t]{0,20}(?:<<<|<--|>>>)?[ \t]{0,4}([45]\d\d[ -].+)$|"
    r"(?:: |\bsaid:? |\breturned )['\"(]?([45]\d\d[ -](?:#?[45]\.\d\.\d|[A-Za-z<]).+)$"
)
_NOISE = _compile(
    r"(?:dear\b|hello\b|hi[.!,]|thank you|sincerely|regards|[-=*_#|~ ]+$|"
    r"this (?:is an automat|message was (?:created|generated) automat)|please do not reply)"
)
_STOP = _compile(
    r"^[ \t]{0,20}(?:-{3,}|={5,}|\*{5,}|this has been a permanent failure|"
    r"the (?:attachment|following text was generated)|please verify recipient|"
    r"message headers follow|please note that|if you (?:do so|require|sent)|"
    r"for further assistance|no further delivery|reporting-mta:)"
)
_DISCLAIMER = _compile(
    r"^.{0,200}(?:confidential|intended (?:only|solely) for|not the intended|vertraulich|"
    r"confidentiel|confidenci|riservat[eo] |disclaimer|vertrouwelijk).*"
)
"""What offices write under every mail, which has nothing to do with the bounce."""

_PARAGRAPH = re.compile(r"\n[ \t]*\n")
