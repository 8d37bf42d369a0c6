"""Makes replies alike that differ only in names and numbers that no rule asks for."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from resolutions.memo import Memo
from resolutions.rules.reply import NUMBER, mask_word

MEMORY = 50_000
"""Tokens that are remembered; the memory starts anew beyond."""

LONG = 16
"""Characters of a token that is no word and is most likely nobody else's."""

HOST = "<h>"
"""What stands for a part of a host name or an address of a page that no rule knows."""

SHORTEST_BEGINNING, SHORTEST_END = 3, 4
"""Letters of a word's beginning and end that may belong to a wording."""

_PLACES = re.compile(r"\\(?:[dws]|\W)|\[[^\]]*\]|\{\d+(?:,\d+)?\}")
_OPEN_NUMBER = re.compile(r"(?<![\\{,])\b([^\W_]*\d[^\W_]*)(?:[\[(]|\\[dw])")
_WORD = re.compile(r"[^\W_]+")
_NAME = re.compile(r"[a-z0-9]\.[a-z]|://")
_DIGIT = re.compile(r"\d")


class Words(NamedTuple):
    """The words of all wordings, and numbers and codes of which a wording holds the beginning."""

    whole: frozenset[str]
    numbers: tuple[str, ...]
    codes: tuple[str, ...]


def words_to_keep(wordings: Iterable[str]) -> Words:
    """Return the words of wordings: these stay what they are."""
    texts = list(wordings)
    words = frozenset(word for text in texts for word in _WORD.findall(_PLACES.sub(" ", text)))
    begun = {word for text in texts for word in _OPEN_NUMBER.findall(text)}
    numbers = tuple(sorted(word for word in begun if word.isdigit()))
    return Words(words, numbers, tuple(sorted(begun.difference(numbers))))


class Vocabulary(Memo[str, str]):
    """Each token of a reply as it is matched; every word of the wordings stays what it is.

    In other words, ids and host names give way to a sign and longer numbers to nines, so that
    replies which mean the same are looked at once.
    """

    def __init__(self, words: Words) -> None:
        """Take the words to keep."""
        super().__init__(self._matched, MEMORY)
        self._words, self._numbers, self._codes = words
        self._known = Memo(self._plain, MEMORY)

    def __missing__(self, token: str) -> str:
        """Work a token out; addresses and ids, which hardly ever come again, are not remembered."""
        if token.isalpha() or (len(token) < LONG and "@" not in token):
            return super().__missing__(token)
        return self._matched(token)

    def _matched(self, token: str) -> str:
        return token if token.isalpha() else self._known[mask_word(token)]

    def _plain(self, token: str) -> str:
        if _NAME.search(token):
            return _WORD.sub(self._part_of_name, token)
        return _WORD.sub(self._part, token) if _DIGIT.search(token) else token

    def _part(self, match: re.Match[str]) -> str:
        word = match[0]
        if word.isdigit():
            is_kept = len(word) < 4 or word in self._words or word.startswith(self._numbers)
            return word if is_kept else "9" * len(word)
        if not _DIGIT.search(word) or self._may_be_meant(word):
            return word
        return NUMBER

    def _part_of_name(self, match: re.Match[str]) -> str:
        word = match[0]
        if word.isdigit():
            return self._part(match)
        return word if self._may_be_meant(word) else HOST

    def _may_be_meant(self, word: str) -> bool:
        """Tell whether a wording may hold the word, its beginning or its end."""
        words = self._words
        if word in words or word.startswith(self._codes):
            return True
        for end in range(SHORTEST_BEGINNING, len(word)):
            if word[:end] in words:
                return True
        ends = [word[start:] for start in range(1, len(word) - SHORTEST_END + 1)]
        return not words.isdisjoint(ends)
