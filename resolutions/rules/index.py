"""Finds which of some thousand wordings are in a reply, without trying each."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import NamedTuple

from resolutions.rules.pattern import PREFIX_LENGTH, Anchor, Wording, is_ideographic, words
from resolutions.rules.regex import expression_of

MEMORY = 20_000
"""Words, and what is asked of them, that are remembered; the memory starts anew beyond."""


@dataclass(slots=True, eq=False)
class Phrase:
    """One wording of what `owner` stands for; its expression is compiled when first needed.

    `needs` are sets of words as bits: of each set, one word must be in the text; `asks` are all
    their bits. The `literal` must be in the text as well.
    """

    wording: Wording
    owner: int
    needs: tuple[int, ...] = ()
    asks: int = 0
    literal: str = field(init=False)
    pattern: re.Pattern[str] | None = None

    def __post_init__(self) -> None:
        self.literal = self.wording.literal

    def find(self, text: str) -> str:
        """Return the words that match, empty if none do."""
        if self.literal not in text:
            return ""
        pattern = self.pattern
        if pattern is None:
            if not self.wording.nodes:
                return self._find_literal(text)
            self.pattern = pattern = re.compile(expression_of(self.wording.nodes) + self._end())
        found = pattern.search(text)
        while found and self.wording.before and _goes_on(text, found.start() - 1):
            found = pattern.search(text, found.start() + 1)
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
        for needed, phrase in self.perhaps:
            if (not needed or needed & seen) and phrase.find(text):
                return True
        return False


class Near(NamedTuple):
    """Phrases all of whose needs are met, those to be tried late apart; all anchors seen."""

    soon: Collection[Phrase]
    late: Collection[Phrase]
    seen: int


Parted = tuple[tuple[Phrase, ...], tuple[Phrase, ...]]
"""Phrases, those to be tried late apart."""


@dataclass(slots=True, eq=False)
class Bearing:
    """What a word bears: the phrases that hang on it, and the bits of all anchors that it is.

    `asked` are the bits of all that these phrases need; `met` remembers which of them have what
    they need, by what of it is seen.
    """

    phrases: tuple[Phrase, ...]
    seen: int
    asked: int = 0
    met: dict[int, Parted] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for phrase in self.phrases:
            self.asked |= phrase.asks


class _Bearings(dict[str, Bearing]):
    """Each word's bearing, worked out once; words that bear the same share it."""

    def __init__(self, work_out: Callable[[str], tuple[tuple[Phrase, ...], int]]) -> None:
        super().__init__()
        self._work_out = work_out
        self._shared: dict[tuple[tuple[Phrase, ...], int], Bearing] = {}

    def __missing__(self, word: str) -> Bearing:
        if len(self) >= MEMORY:
            self.forget()
        bears = self._work_out(word)
        bearing = self._shared.get(bears)
        if bearing is None:
            self._shared[bears] = bearing = Bearing(*bears)
        self[word] = bearing
        return bearing

    def forget(self) -> None:
        """Begin anew."""
        self.clear()
        self._shared.clear()


class PhraseIndex:
    """From the words of a reply to the phrases that may be in it."""

    def __init__(self, phrases: Sequence[Phrase], late: Set[int] = frozenset()) -> None:
        """Hang each phrase on the rarest of its words; `late` are owners that are tried late.

        Raises ValueError where a phrase has no whole word to hang on.
        """
        self._late = late
        self._exact: dict[str, list[Phrase]] = {}
        self._beginnings: dict[str, list[Phrase]] = {}
        self._whole_bits: dict[str, int] = {}
        self._beginning_bits: dict[str, int] = {}
        self._by_start: dict[str, list[str]] = {}
        self._bearings = _Bearings(self._borne)
        self._looks = 0
        weights = _weights(phrases)
        for anchor in sorted(weights, key=lambda anchor: -weights[anchor]):
            self._bit(anchor)  # the commonest first
        without = [phrase for phrase in phrases if not self._enter(phrase, weights)]
        self._ideographic = self._parted(without)

    def candidates(self, text: str) -> Near:
        """Return the phrases all of whose needs are in the text, and all anchors seen, as bits."""
        here = set(map(self._bearings.__getitem__, text.split(" ")))
        seen = 0
        for bearing in here:
            seen |= bearing.seen
        soon: set[Phrase] = set()
        late: set[Phrase] = set()
        for bearing in here:
            if bearing.phrases:
                met = bearing.met.get(bearing.asked & seen) or self._look(bearing, seen)
                soon.update(met[0])
                late.update(met[1])
        if not text.isascii() and is_ideographic(text):
            soon.update(self._ideographic[0])
            late.update(self._ideographic[1])
        return Near(soon, late, seen)

    def denial(self, wordings: Sequence[Wording]) -> Denial:
        """Return wordings with an open end as something that can be asked for quickly."""
        sure = 0
        perhaps: list[tuple[int, Phrase]] = []
        for wording in wordings:
            anchors = wording.choices[0] if wording.choices else ()
            needed = 0
            for anchor in anchors:
                needed |= self._bit(anchor)
            if not wording.nodes and anchors == (Anchor(wording.literal, prefix=True),):
                sure |= needed
            else:
                perhaps.append((needed, Phrase(wording, -1)))
        return Denial(sure, tuple(perhaps))

    def _look(self, bearing: Bearing, seen: int) -> Parted:
        """Return which phrases of a bearing have what they need; asked once for what is seen."""
        self._looks += 1
        if self._looks >= MEMORY:
            self._looks = 0
            self._bearings.forget()
        near = []
        for phrase in bearing.phrases:
            for need in phrase.needs:
                if not need & seen:
                    break
            else:
                near.append(phrase)
        bearing.met[bearing.asked & seen] = parted = self._parted(near)
        return parted

    def _parted(self, phrases: Iterable[Phrase]) -> Parted:
        late = self._late
        soon: list[Phrase] = []
        later: list[Phrase] = []
        for phrase in phrases:
            (later if phrase.owner in late else soon).append(phrase)
        return tuple(soon), tuple(later)

    def _borne(self, token: str) -> tuple[tuple[Phrase, ...], int]:
        """Return the phrases that hang on a word, and the bits of all anchors that it is."""
        phrases: list[Phrase] = []
        seen = 0
        for word in words(token):
            phrases += self._exact.get(word, ())
            seen |= self._whole_bits.get(word, 0)
            for begun in self._by_start.get(word[:PREFIX_LENGTH], ()):
                if word.startswith(begun):
                    phrases += self._beginnings.get(begun, ())
                    seen |= self._beginning_bits[begun]
        return tuple(phrases), seen

    def _enter(self, phrase: Phrase, weights: Mapping[Anchor, int]) -> bool:
        """Hang a phrase on its words; false if it has none, being of a script without spaces."""
        choices = phrase.wording.choices
        if not choices:
            expression = expression_of(phrase.wording.nodes)
            if not is_ideographic(phrase.literal + expression):
                raise ValueError(f"needs a whole word: {expression[:80]}")
            return False
        rarest = min(choices, key=lambda choice: sum(weights[each] for each in choice))
        phrase.needs = tuple(self._as_bits(choice) for choice in choices if choice is not rarest)
        phrase.asks = reduce(or_, phrase.needs, 0)
        for anchor in rarest:
            shelf = self._beginnings if anchor.prefix else self._exact
            shelf.setdefault(anchor.word, []).append(phrase)
        return True

    def _bit(self, anchor: Anchor) -> int:
        """Return what stands for an anchor among those seen; a new one is entered."""
        bits = self._beginning_bits if anchor.prefix else self._whole_bits
        bit = bits.get(anchor.word)
        if bit is None:
            bit = 1 << (len(self._whole_bits) + len(self._beginning_bits))
            bits[anchor.word] = bit
            if anchor.prefix:
                self._by_start.setdefault(anchor.word[:PREFIX_LENGTH], []).append(anchor.word)
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
