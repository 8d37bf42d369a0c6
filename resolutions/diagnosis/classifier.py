"""What a reply is most like among replies whose reasons are known.

The last resort where no wording, status or code decides: a linear model over the stems of the
words, made by `make learn` from labelled replies of our own (softmax regression). It is a file of
the knowledge; nothing is learned while the bot runs.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain, islice, pairwise
from struct import Struct
from typing import Any, ClassVar

from resolutions.memo import Memo
from resolutions.rules.reply import Reply
from resolutions.rules.statuses import KNOWLEDGE

FILE = KNOWLEDGE / "likeness.json"
STEM = 6
"""Letters of a word that count: what follows is mostly inflection."""

WORDS = 60
"""Words of a reply that are looked at."""

MARK = "#"
"""Before a code or a status, which no person would take for a word."""

FEWEST = 2
"""Words that have to be known: a code alone is like everything."""

TOLD = 3
"""Words or pairs of words that are shown as evidence."""

LANE = 32
"""Bits for one class in a row: sums of WORDS words, their pairs and codes stay far below."""

Row = int
"""What a feature says of all classes, and last how rare it is: numbers in lanes of one integer.

One addition then adds all of them. They are hundredths, weight times rarity; the rarity is squared.
"""

_WORD = (
    r"<.>|\d\.\d\.\d{1,3}|\b[245]\d\d\b|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|"
    r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?"
)
"""Compiled when it is asked for: most replies are decided before."""

_NUMBERS = re.compile(r"[\d. ]*")


@dataclass(frozen=True, slots=True)
class Resemblance:
    """The reason (or the kind's word) that a reply is most like, with a probability from 0 to 1.

    `said_for` are the words of the reply that say something for it, with how much.
    """

    word: str
    probability: float
    said_for: Callable[[], Iterable[tuple[str, float]]]

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words of the reply that say most for it, none of them twice."""
        most: list[str] = []
        for words, _ in sorted(self.said_for(), key=lambda said: -said[1]):
            if not _NUMBERS.fullmatch(words) and not any(
                words in one or one in words for one in most
            ):
                most.append(words)
        return tuple(most[:TOLD])


class Features:
    """What a reply is compared by: stems, pairs of neighbours, the code and the status."""

    def __init__(self, reply: Reply) -> None:
        """Take a reply apart."""
        tokens = map(_words_of.__getitem__, reply.text.split(" "))
        self._words = list(islice(chain.from_iterable(tokens), WORDS))
        stems = [word[:STEM] for word in self._words]
        names = [*stems, *map(" ".join, pairwise(stems))]
        if reply.code:
            names.append(MARK + reply.code)
        if reply.status:
            names += [MARK + reply.status, f"{MARK}x{reply.status[1:]}"]
        self.places = dict(zip(names, range(len(names)), strict=True))

    def hold_words(self, known: Iterable[tuple[int, Row]]) -> bool:
        """Tell whether enough of the features that are known are words of letters."""
        words, left = self._words, FEWEST
        for place, _ in known:
            if place < len(words) and words[place].isalpha():
                left -= 1
                if not left:
                    return True
        return False

    def words(self, place: int) -> str:
        """Return a feature as it stands in the reply; a code and a status are no words."""
        words = self._words
        if place < len(words):
            return words[place]
        return " ".join(words[place - len(words) :][:2]) if place < 2 * len(words) - 1 else ""


_words_of = Memo[str, list[str]](partial(re.findall, _WORD))


Model = tuple[Sequence[str], Sequence[float], Mapping[str, Row]]
"""The classes, how frequent they are, and the row of each feature."""


class Likeness:
    """The model: what each feature says for or against classes.

    `keep` is asked to make the plain model; where it is kept from run to run, it returns that.
    """

    keep: ClassVar[Callable[[Callable[[], Model]], Model]] = staticmethod(lambda make: make())

    def __init__(
        self, classes: Sequence[str], bias: Sequence[float], rows: Mapping[str, Row]
    ) -> None:
        """Take the classes, how frequent they are, and the row of each feature."""
        self.classes = tuple(classes)
        self._bias = tuple(bias)
        self._rows = rows
        lanes = len(classes) + 1
        self._lanes = Struct(f"<{lanes}i")
        self._positive = sum(1 << (LANE * lane + LANE - 1) for lane in range(lanes))

    @classmethod
    @cache
    def load(cls) -> "Likeness":
        """Return the model that comes with the product, read once."""
        return cls(*cls.keep(_read))

    @classmethod
    def of_weights(
        cls, classes: Sequence[str], bias: Sequence[float], weights: Mapping[str, Any]
    ) -> "Likeness":
        """Return a model of what the file says of each feature: its rarity, classes, weights."""
        return cls(classes, bias, _rows(weights, len(classes)))

    def of(self, reply: Reply) -> Resemblance | None:
        """Return what a reply is most like, None where fewer than FEWEST of its words are known."""
        rows = self._rows
        features = Features(reply)
        known = [(place, rows[name]) for name, place in features.places.items() if name in rows]
        if not features.hold_words(known):
            return None
        *says, rarity = self._numbers(sum([row for _, row in known]))
        share = 1 / (10 * math.sqrt(rarity))
        scores = [bias + share * said for bias, said in zip(self._bias, says, strict=True)]
        top = max(scores)
        best = scores.index(top)
        total = sum([math.exp(score - top) for score in scores])
        said_for = partial(self._said_for, best, features, known)
        return Resemblance(self.classes[best], 1 / total, said_for)

    def _said_for(
        self, best: int, features: Features, known: Iterable[tuple[int, Row]]
    ) -> Iterator[tuple[str, float]]:
        for place, row in known:
            *says, squared = self._numbers(row)
            if says[best] > 0:
                rarity = math.isqrt(squared)
                yield features.words(place), (rarity / 10) * (says[best] / rarity / 10)

    def _numbers(self, row: Row) -> tuple[int, ...]:
        """Return the numbers of a row, or of a sum of rows.

        A negative number borrows from the lane above it; added to every lane, half of its range
        undoes that, and flipping the highest bit takes it away again.
        """
        bits = (row + self._positive) ^ self._positive
        return self._lanes.unpack(bits.to_bytes(self._lanes.size, "little"))


def _read() -> Model:
    import json  # most replies are decided before the model is asked

    data: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return data["classes"], data["bias"], _rows(data["weights"], len(data["classes"]))


def _rows(weights: Mapping[str, Any], last: int) -> dict[str, Row]:
    return {name: _row(*says, last=last) for name, says in weights.items()}


def _row(rarity: float, classes: Sequence[int], weights: Sequence[float], *, last: int) -> Row:
    """Return what a feature says as one integer; the file's numbers are of one decimal."""
    rare = round(10 * rarity)
    row = rare * rare << LANE * last
    for one, weight in zip(classes, weights, strict=True):
        row += round(10 * weight) * rare << LANE * one
    return row
