"""Which literals a text must hold that a wording matches: what an index looks for first.

The rarer they are in replies, the fewer wordings are tried in vain.
"""

from collections.abc import Iterator
from typing import NamedTuple

from resolutions.memo import Memo
from resolutions.rules.pattern import Branch, Node, inside, words

MOST = 64
"""Literals that one wording may hang on, e.g. all of "(mailbox|inbox|…) (is )?(full|over)"."""

FEW, SETS = 12, 2
"""Literals, and sets of these, that are looked for before an expression is tried."""

RARE = 2
"""Times that a word is met in known replies, up to which what holds it need not be counted."""

LONGEST = 14
"""Characters at a literal's end that are looked for: more hardly tell more, and need memory."""

COMMON = 400
"""Times that these may be met in the examples of all rules: more are in most replies."""


class Required(NamedTuple):
    """What a matching text holds: one of `literals`, and of each of the `further` sets one.

    `back` is how far before the end of one of `literals` a match begins at most.
    """

    literals: frozenset[str]
    back: int
    further: tuple[frozenset[str], ...] = ()


class Choice(NamedTuple):
    """Literals of which each match holds one, made of the nodes from `first` to `last`."""

    first: int
    last: int
    literals: frozenset[str]


class LiteralFinder:
    """Chooses literals by how often their words stand in known replies."""

    def __init__(self, replies: str) -> None:
        """Take known replies, all in one text."""
        self._commonness = Memo[str, int](replies.count)
        self._spellings = Memo[Node, frozenset[str] | None](self._spelled)
        self._rarest = Memo[Branch, frozenset[str] | None](self._rarest_of)

    def required(self, branch: Branch) -> Required | None:
        """Return what a text must hold that a wording matches; None if there is no such literal."""
        choices = sorted(self._choices(branch), key=lambda choice: self._cost(choice.literals))
        if not choices:
            return None
        rarest = choices[0]
        back = sum(map(_width, branch[: rarest.last + 1]))
        apart = [rarest]
        for choice in choices[1:]:
            beside = all(choice.last < one.first or one.last < choice.first for one in apart)
            if beside and self._is_worth_it(choice):
                apart.append(choice)
        further = tuple([choice.literals for choice in apart[1:][:SETS]])
        literals = frozenset([literal[-LONGEST:] for literal in rarest.literals])
        return Required(literals, back, further)

    def _choices(self, branch: Branch) -> Iterator[Choice]:
        for first in range(len(branch)):
            together = frozenset({""})
            for last in range(first, len(branch)):
                spelled = self._spellings[branch[last]]
                if spelled is None and first == last:
                    yield from self._of_group(branch, first)
                if spelled is None or len(together) * len(spelled) > MOST:
                    break
                together = frozenset([start + end for start in together for end in spelled])
                if "" not in together:
                    yield Choice(first, last, _shortest(together))

    def _of_group(self, branch: Branch, place: int) -> Iterator[Choice]:
        """Yield the literals of a group's alternatives together, if each has some."""
        kind, _, least, _ = branch[place]
        of_each = [self._rarest[alternative] for alternative in inside(branch[place])]
        literals = frozenset[str]().union(*filter(None, of_each))
        if kind == "group" and least and all(of_each):
            yield Choice(place, place, _shortest(literals))

    def _rarest_of(self, branch: Branch) -> frozenset[str] | None:
        choices = [choice.literals for choice in self._choices(branch)]
        return min(choices, key=self._cost, default=None)

    def _is_worth_it(self, choice: Choice) -> bool:
        return len(choice.literals) <= FEW and self._cost(choice.literals) <= COMMON

    def _cost(self, literals: frozenset[str]) -> float:
        return sum(map(self._cost_of_one, literals))

    def _cost_of_one(self, literal: str) -> float:
        """Return how often a literal is met in known replies, the longer of two before others."""
        commonness = min(map(self._commonness.__getitem__, words(literal)), default=RARE + 1)
        if commonness > RARE:
            commonness = self._commonness[literal]
        return commonness + 1 / len(literal)

    def _spelled(self, node: Node) -> frozenset[str] | None:
        """Return every text that a node matches; None where they are too many."""
        kind, value, least, most = node
        once: frozenset[str] | None = None
        if kind == "text":
            once = frozenset({str(value)})
        elif kind == "group":
            once = self._spelled_group(node)
        if once is None or (least, most) == (1, 1):
            return once
        if (least, most) == (0, 1):
            return once | {""}
        return frozenset(text * least for text in once) if least == most else None

    def _spelled_group(self, node: Node) -> frozenset[str] | None:
        together = frozenset[str]()
        for branch in inside(node):
            texts = frozenset({""})
            for part in branch:
                spelled = self._spellings[part]
                if spelled is None or len(texts) * len(spelled) > MOST:
                    return None
                texts = frozenset([start + end for start in texts for end in spelled])
            together |= texts
            if len(together) > MOST:
                return None
        return together


def _shortest(literals: frozenset[str]) -> frozenset[str]:
    """Return the literals without those that hold another one."""
    kept: list[str] = []
    for literal in sorted(literals, key=len):
        if not any(shorter in literal for shorter in kept):
            kept.append(literal)
    return frozenset(kept)


def _width(node: Node) -> int:
    """Return how many characters a node matches at most."""
    kind, value, _, most = node
    if kind == "group":
        return most * max(sum(map(_width, branch)) for branch in inside(node))
    return most * (len(str(value)) if kind == "text" else 1)
