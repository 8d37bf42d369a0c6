"""What a reply is most like among replies whose reasons are known.

The last resort where no wording, status or code decides: a linear model over the stems of the
words, made by `make learn` from labelled replies of our own (softmax regression). It is a file of
the knowledge; nothing is learned while the bot runs.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

from resolutions.reply import Reply
from resolutions.statuses import KNOWLEDGE

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

MEMORY = 20_000
"""Features whose weights are remembered."""

Says = tuple[tuple[int, float], ...]

_WORD = re.compile(
    r"<.>|\d\.\d\.\d{1,3}|\b[245]\d\d\b|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|"
    r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?"
)


_NUMBERS = re.compile(r"[\d. ]*")


@dataclass(frozen=True, slots=True)
class Resemblance:
    """The reason (or the kind's word) that a reply is most like.

    `probability` is between 0 and 1; `words` are those of the reply that say most for it.
    """

    word: str
    probability: float
    words: tuple[str, ...]


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
    """The model: for each feature how rare it is and what it says for each class.

    `weights` are texts, `rarity class:weight class:weight …`, read when they are asked for: a
    reply needs a few dozen of many thousands.
    """

    def __init__(
        self, classes: tuple[str, ...], bias: tuple[float, ...], weights: Mapping[str, str]
    ):
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
        known = [(words, *_read(text)) for words, text in self._known(reply)]
        if sum(words.isalpha() for words, _, _ in known) < FEWEST:
            return None
        norm = math.sqrt(sum(rarity * rarity for _, rarity, _ in known))
        scores = list(self._bias)
        for _, rarity, says in known:
            share = rarity / norm
            for number, weight in says:
                scores[number] += weight * share
        best = max(range(len(scores)), key=scores.__getitem__)
        total = sum(math.exp(score - scores[best]) for score in scores)
        return Resemblance(self.classes[best], 1 / total, _telling(known, best))

    def _known(self, reply: Reply) -> Iterator[tuple[str, str]]:
        for name, words in features(reply).items():
            text = self._weights.get(name)
            if text is not None:
                yield words, text


@lru_cache(MEMORY)
def _read(text: str) -> tuple[float, Says]:
    rarity, *says = text.split(" ")
    pairs = (say.split(":") for say in says)
    return float(rarity), tuple((int(number), float(weight)) for number, weight in pairs)


def _telling(known: Iterable[tuple[str, float, Says]], best: int) -> tuple[str, ...]:
    """Return the words that say most for a class, none of them twice."""
    weighed = (
        (rarity * weight, words)
        for words, rarity, says in known
        for number, weight in says
        if number == best and weight > 0 and not _NUMBERS.fullmatch(words)
    )
    told: list[str] = []
    for _, words in sorted(weighed, reverse=True):
        if len(told) < TOLD and not any(words in one or one in words for one in told):
            told.append(words)
    return tuple(told)
