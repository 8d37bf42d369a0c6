"""Finds which of some thousand wordings are in a reply, without trying each."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from resolutions.wording import PREFIX_LENGTH, Anchor, Wording, is_ideographic, words

MEMORY = 20_000
"""Words whose phrases are remembered; the memory starts anew beyond."""

WORD_LIMIT = 40
"""Characters of a word that can be the beginning of an anchor."""


@dataclass(slots=True, eq=False)
class Phrase:
    """One wording of what `owner` stands for; its expression is compiled when first needed.

    `needs` are sets of words as bits: of each set, one word must be in the text.
    """

    wording: Wording
    owner: int
    needs: tuple[int, ...] = ()
    pattern: re.Pattern[str] | None = None

    def find(self, text: str) -> str:
        """Return the words that match, empty if none do."""
        wording = self.wording
        if wording.literal not in text:
            return ""
        if self.pattern is None:
            if not wording.expression:
                return self._find_literal(text)
            self.pattern = re.compile(wording.expression + self._end())
        found = self.pattern.search(text)
        while found and wording.before and _goes_on(text, found.start() - 1):
            found = self.pattern.search(text, found.start() + 1)
        return found[0] if found else ""

    def _end(self) -> str:
        return r"(?![^\W_])" if self.wording.after else ""

    def _find_literal(self, text: str) -> str:
        wording = self.wording
        literal = wording.literal
        at = text.find(literal)
        while at >= 0:
            begins = not (wording.before and _goes_on(text, at - 1))
            if begins and not (wording.after and _goes_on(text, at + len(literal))):
                return literal
            at = text.find(literal, at + 1)
        return ""


def _goes_on(text: str, place: int) -> bool:
    """Tell whether a word goes on at a place beside a match."""
    return 0 <= place < len(text) and text[place].isalnum()


class Denial(NamedTuple):
    """Words that speak against something, as anchors: sure ones, and what must be looked for."""

    sure: int
    perhaps: tuple[tuple[int, Phrase], ...]

    def holds(self, text: str, seen: int) -> bool:
        """Tell whether any of the words is in a text, of which the anchors seen are known."""
        if self.sure & seen:
            return True
        return any(
            (not needed or needed & seen) and phrase.find(text) for needed, phrase in self.perhaps
        )


_Known = tuple[tuple[Phrase, ...], int]
"""The phrases that hang on a word, and the bits of all anchors that it is."""


@dataclass(slots=True)
class PhraseIndex:
    """From the words of a reply to the phrases that may be in it; made by `of`."""

    exact: dict[str, list[Phrase]] = field(default_factory=dict)
    beginnings: dict[str, list[Phrase]] = field(default_factory=dict)
    ideographic: list[Phrase] = field(default_factory=list)
    whole_bits: dict[str, int] = field(default_factory=dict)
    beginning_bits: dict[str, int] = field(default_factory=dict)
    known: dict[str, _Known] = field(default_factory=dict)

    @classmethod
    def of(cls, phrases: Sequence[Phrase]) -> "PhraseIndex":
        """Hang each phrase on the rarest of its words.

        Raises ValueError where a phrase has no whole word to hang on.
        """
        index = cls()
        weights = _weights(phrases)
        common_first = sorted(weights, key=lambda anchor: -weights[anchor])
        for anchor in common_first:
            index._bit(anchor)
        for phrase in phrases:
            index._enter(phrase, weights)
        return index

    def candidates(self, text: str) -> tuple[list[Phrase], int]:
        """Return each phrase all of whose needs are in the text, and all anchors seen, as bits."""
        known = self.known
        found: set[Phrase] = set()
        seen = 0
        for token in set(text.split(" ")):
            entry = known.get(token) or self._learn(token)
            if entry[1]:
                seen |= entry[1]
                found.update(entry[0])
        near = []
        for phrase in found:
            for need in phrase.needs:
                if not need & seen:
                    break
            else:
                near.append(phrase)
        if not text.isascii() and is_ideographic(text):
            near += self.ideographic
        return near, seen

    def denial(self, wordings: Sequence[Wording]) -> Denial:
        """Return wordings with an open end as something that can be asked for quickly."""
        sure = 0
        perhaps: list[tuple[int, Phrase]] = []
        for wording in wordings:
            anchors = wording.choices[0] if wording.choices else ()
            needed = 0
            for anchor in anchors:
                needed |= self._bit(anchor)
            if not wording.expression and anchors == (Anchor(wording.literal, prefix=True),):
                sure |= needed
            else:
                perhaps.append((needed, Phrase(wording, -1)))
        return Denial(sure, tuple(perhaps))

    def _learn(self, token: str) -> _Known:
        if len(self.known) >= MEMORY:
            self.known.clear()
        phrases: list[Phrase] = []
        seen = 0
        beginnings = self.beginning_bits
        for word in words(token):
            phrases += self.exact.get(word, ())
            seen |= self.whole_bits.get(word, 0)
            for end in range(PREFIX_LENGTH, min(len(word), WORD_LIMIT) + 1):
                begun = word[:end]
                if begun in beginnings:
                    phrases += self.beginnings.get(begun, ())
                    seen |= beginnings[begun]
        self.known[token] = learnt = (tuple(phrases), seen)
        return learnt

    def _enter(self, phrase: Phrase, weights: Mapping[Anchor, int]) -> None:
        choices = phrase.wording.choices
        if not choices:
            if not is_ideographic(phrase.wording.literal + phrase.wording.expression):
                raise ValueError(f"needs a whole word: {phrase.wording.expression[:80]}")
            self.ideographic.append(phrase)
            return
        rarest = min(choices, key=lambda choice: sum(weights[each] for each in choice))
        phrase.needs = tuple(self._as_bits(choice) for choice in choices if choice is not rarest)
        for anchor in rarest:
            shelf = self.beginnings if anchor.prefix else self.exact
            shelf.setdefault(anchor.word, []).append(phrase)

    def _bit(self, anchor: Anchor) -> int:
        """Return what stands for an anchor among those seen; a new one is entered."""
        bits = self.beginning_bits if anchor.prefix else self.whole_bits
        bit = bits.get(anchor.word)
        if bit is None:
            bit = 1 << (len(self.whole_bits) + len(self.beginning_bits))
            bits[anchor.word] = bit
        return bit

    def _as_bits(self, choice: Iterable[Anchor]) -> int:
        together = 0
        for anchor in choice:
            together |= self._bit(anchor)
        return together


def _weights(phrases: Sequence[Phrase]) -> dict[Anchor, int]:
    """Count how many phrases could hang on each anchor: the rarest tells most."""
    weights: dict[Anchor, int] = {}
    for phrase in phrases:
        for choice in phrase.wording.choices:
            for anchor in choice:
                weights[anchor] = weights.get(anchor, 0) + 1
    return weights
