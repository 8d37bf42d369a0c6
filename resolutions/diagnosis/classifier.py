"""What a reply is most like among replies whose reasons are known.

The last resort where no wording, status or code decides: a linear model over the stems of the
words, made by `make learn` from labelled replies of our own (softmax regression). It is a file of
the knowledge; nothing is learned while the bot runs.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

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

Says = tuple[float, Sequence[int], Sequence[float]]
"""How rare a feature is, the classes for or against which it speaks, and how much."""

_WORD = re.compile(
    r"<.>|\d\.\d\.\d{1,3}|\b[245]\d\d\b|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|"
    r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?"
)


_NUMBERS = re.compile(r"[\d. ]*")


@dataclass(frozen=True, slots=True)
class Resemblance:
    """The reason (or the kind's word) that a reply is most like, with a probability from 0 to 1."""

    word: str
    probability: float
    _told: tuple[tuple[str, float], ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words of the reply that say most for it, none of them twice."""
        found: list[str] = []
        for words, _ in sorted(self._told, key=lambda each: -each[1]):
            if not _NUMBERS.fullmatch(words) and not any(
                words in one or one in words for one in found
            ):
                found.append(words)
        return tuple(found[:TOLD])


def features(reply: Reply) -> dict[str, str]:
    """Return what a reply is compared by, with the words as they stand in it.

    Stems, pairs of neighbours, the code and the status (which are no words).

    >>> features(Reply("mailbox unavailable", "", "550", "5.2.1"))
    {'mailbo': 'mailbox', 'unavai': 'unavailable', 'mailbo unavai': 'mailbox unavailable', \
'#550': '', '#5.2.1': '', '#x.2.1': ''}
    """
    words = _WORD.findall(reply.text)[:WORDS]
    stems = [word[:STEM] for word in words]
    found = dict(zip(stems, words, strict=True))
    for (one, next_one), pair in zip(pairwise(stems), pairwise(words), strict=True):
        found[f"{one} {next_one}"] = " ".join(pair)
    if reply.code:
        found[MARK + reply.code] = ""
    if reply.status:
        found[MARK + reply.status] = found[f"{MARK}x{reply.status[1:]}"] = ""
    return found


class Likeness:
    """The model: for each feature how rare it is, and what it says for or against classes."""

    def __init__(
        self, classes: tuple[str, ...], bias: tuple[float, ...], weights: Mapping[str, Says]
    ) -> None:
        self.classes = classes
        self._bias = bias
        self._weights = weights

    @classmethod
    @cache
    def load(cls) -> "Likeness":
        """Return the model that comes with the product, read once."""
        data: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
        return cls(tuple(data["classes"]), tuple(data["bias"]), data["weights"])

    def of(self, reply: Reply) -> Resemblance | None:
        """Return what a reply is most like, None where fewer than FEWEST of its words are known."""
        weights = self._weights
        known = [
            (words, weights[name]) for name, words in features(reply).items() if name in weights
        ]
        if sum(words.isalpha() for words, _ in known) < FEWEST:
            return None
        norm = math.sqrt(sum(rarity * rarity for _, (rarity, _, _) in known))
        scores = list(self._bias)
        for _, (rarity, classes, says) in known:
            share = rarity / norm
            for one, weight in zip(classes, says, strict=True):
                scores[one] += weight * share
        top = max(scores)
        best = scores.index(top)
        total = sum([math.exp(score - top) for score in scores])
        told = [
            (words, rarity * says[classes.index(best)])
            for words, (rarity, classes, says) in known
            if best in classes
        ]
        return Resemblance(self.classes[best], 1 / total, tuple(t for t in told if t[1] > 0))
