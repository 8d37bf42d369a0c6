"""The words of a question in the form in which they are compared with names."""

import re
import unicodedata
from collections.abc import Mapping
from typing import TypeVar

WORDS_LIMIT = 2_048
"""Characters of a question that are looked at."""

Entry = TypeVar("Entry")


def looked_up(words: str, whole: Mapping[str, Entry], joined: Mapping[str, Entry]) -> Entry | None:
    """Return what is called so, whatever its spelling with spaces, hyphens and capitals.

    `whole` has plain names; `joined` those that are also known without their spaces.
    """
    asked = plain(words[:WORDS_LIMIT])
    for key in (asked, telling(asked)):
        entry = whole.get(key) or joined.get(key.replace(" ", ""))
        if entry is not None:
            return entry
    return None


def plain(text: str) -> str:
    """Return the words of a text as they are compared: folded, singular, no marks.

    >>> plain("Quota_Issues"), plain("MailboxFull"), plain("Boîte pleine!")
    ('quota issue', 'mailbox full', 'boite pleine')
    """
    text = unicodedata.normalize("NFKD", _CAMEL.sub(" ", text).casefold())
    text = "".join(character for character in text if not unicodedata.combining(character))
    return " ".join(map(_singular, _WORDS.findall(text)))


def telling(asked: str) -> str:
    """Return the plain words without those that every question is made of.

    >>> telling(plain("Is the mailbox full?"))
    'mailbox full'
    """
    return " ".join(word for word in asked.split() if word not in FILLER)


def without_filler(text: str) -> str:
    """Return a question without the words around a code, dots kept.

    >>> without_filler("What does SMTP error 552-5.2.2 mean?")
    '552 5.2.2'
    """
    words = (word.strip(_MARKS) for word in re.split(r"[\s_-]+", text.casefold()))
    return " ".join(word for word in words if word and _singular(word) not in FILLER)


_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORDS = re.compile(r"[^\W_]+")
_MARKS = "?!.,:;#()[]<>\"'`*"


def _singular(word: str) -> str:
    keeps = len(word) < 4 or word.endswith(("ss", "us", "is"))
    return word if keeps else word.removesuffix("s")


_QUESTION = """
a an the this that these it its is are was were be been has have had do does did what why how when
which who mean means meant meaning explain tell me about please my our your their his her i we you
they of for in on at to from with and or by because as error errors issue issues problem problems
code codes status reply answer smtp enhanced response bounce bounces bounced bouncing reason reasons
says say said got get getting email emails mail mails message messages help gmail google outlook
microsoft hotmail office365 yahoo icloud ses sendgrid mailgun postmark sparkpost amazon
was ist heisst bedeutet der die das ein eine que signifie le la les
"""
FILLER = frozenset(map(_singular, _QUESTION.split()))
"""Words around what is asked for. "Failure", "failed" and "no" are not among them: they tell."""
