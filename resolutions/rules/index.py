"""Finds which of some thousand wordings are in a reply, without trying each.

An inverted index: each wording hangs on literals of which every match holds one. An automaton
(Aho and Corasick, 1975) finds the literals that are in a text at once; the wordings that hang on
them are then tried.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import ahocorasick

from resolutions.memo import Memo

FEW = 16
"""Texts for which the literals are looked for one by one: making the automaton takes longer."""


class PhraseParts(NamedTuple):
    """One wording of what `owner` stands for, in plain values.

    The match begins at most `back` characters before the end of the literal on which the wording
    hangs; the text holds one literal of each set of
    `further`, and what the expression `alone` finds. Without an `expression` the `literal` is all
    of it. `before` and `after` tell whether a word must begin and end with the match.
    """

    owner: int
    literal: str
    expression: str
    before: bool
    after: bool
    back: int
    further: tuple[tuple[str, ...], ...]
    alone: str


class Phrase:
    """A wording that can be looked for; its expression is compiled when it is first needed."""

    __slots__ = (
        "_after",
        "_alone",
        "_back",
        "_before",
        "_expression",
        "_further",
        "_pattern",
        "literal",
        "owner",
    )

    def __init__(self, parts: PhraseParts) -> None:
        """Take the parts."""
        self.owner = parts.owner
        self.literal = parts.literal
        self._expression = parts.expression
        self._before = parts.before
        self._after = parts.after
        self._back = parts.back
        self._further = parts.further
        self._alone = re.compile(parts.alone) if parts.alone else None
        self._pattern: re.Pattern[str] | None = None

    def find(self, text: str, end: int = 0) -> str:
        """Return the words that match, empty if none do.

        `end` is where the first literal ends on which the wording hangs, if that is known.
        """
        start = end - self._back if end > self._back else 0
        for literals in self._further:
            for literal in literals:
                if literal in text:
                    break
            else:
                return ""
        if not self._expression:
            return self._find_literal(text, start)
        pattern = self._pattern or self._compile()
        match = pattern.search(text, start)
        while match and self._before and _goes_on(text, match.start() - 1):
            match = pattern.search(text, match.start() + 1)
        if match is None or (self._alone and not self._alone.search(text)):
            return ""
        return match[0]

    def _compile(self) -> re.Pattern[str]:
        self._pattern = pattern = re.compile(self._expression)
        return pattern

    def _find_literal(self, text: str, start: int) -> str:
        literal, before, after = self.literal, self._before, self._after
        at = text.find(literal, start)
        while at >= 0:
            begins = not (before and _goes_on(text, at - 1))
            if begins and not (after and _goes_on(text, at + len(literal))):
                return literal
            at = text.find(literal, at + 1)
        return ""


def _goes_on(text: str, place: int) -> bool:
    """Tell whether a word goes on at a place beside a match."""
    return 0 <= place < len(text) and text[place].isalnum()


Candidates = dict[int, int]
"""The numbers of phrases that may be in a text, with the end of the first literal they hang on."""


class PhraseIndex:
    """From the literals in a reply to the phrases that may be in it."""

    def __init__(
        self, parts: Sequence[tuple[Any, ...]], literals: Mapping[str, tuple[int, ...]], late: int
    ) -> None:
        """Take the parts of all phrases, and the numbers of those that hang on each literal.

        Those from the number `late` on are told apart from those before.
        """
        self.phrases = Memo[int, Phrase](self._phrase, len(parts))
        self._parts = parts
        self._literals = literals
        self._late = late
        self._asked = 0
        self._automaton = ahocorasick.Automaton()

    def _phrase(self, number: int) -> Phrase:
        return Phrase(PhraseParts(*self._parts[number]))

    def candidates(self, text: str) -> tuple[Candidates, Candidates]:
        """Return the phrases whose literals are in a text, those that are tried late apart."""
        soon: Candidates = {}
        late: Candidates = {}
        first_late = self._late
        for end, numbers in self._literals_in(text):
            for number in numbers:
                (soon if number < first_late else late).setdefault(number, end + 1)
        return soon, late

    def _literals_in(self, text: str) -> Iterable[tuple[int, tuple[int, ...]]]:
        """Return where literals end (their last character), and the numbers that hang on them."""
        if self._automaton:
            ends: Iterable[tuple[int, tuple[int, ...]]] = self._automaton.iter(text)
            return ends
        self._asked += 1
        if self._asked >= FEW and self._literals:
            for literal, numbers in self._literals.items():
                self._automaton.add_word(literal, numbers)
            self._automaton.make_automaton()
        return sorted(
            (text.find(literal) + len(literal) - 1, numbers)
            for literal, numbers in self._literals.items()
            if literal in text
        )
