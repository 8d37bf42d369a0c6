"""Words that must stand alone in a text: what something optional follows is not half a word.

Of "(full|over)( .{1,40})?" an expression alone would find "full" in "fully", too.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from resolutions.rules.pattern import (
    Branch,
    closes,
    inside,
    is_behind_gap,
    is_edge,
    is_ideographic,
)

PREFIX_LENGTH = 2
"""The shortest beginning of a word that may serve as an anchor."""

_WORDS = re.compile(r"[^\W_]+")


class Anchor(NamedTuple):
    """A word (or its beginning) without which a wording cannot match."""

    word: str
    prefix: bool = False

    @property
    def expression(self) -> str:
        """What finds it where it stands alone."""
        return self.word if self.prefix else self.word + r"(?![^\W_])"


def words_alone(branch: Branch) -> str:
    """Return an expression that a text must hold beside the wording's own; empty for most."""
    end = len(branch)
    while end > 1 and branch[end - 1][2] == 0:
        end -= 1
    if not all(closes(node, last=False) for node in branch[end:]):
        return ""
    if end == len(branch) and branch[-1][0] != "group":
        return ""
    anchors = [*_choices(branch[:end], left=True, right=True)]
    alone = "|".join(anchor.expression for anchor in anchors[-1]) if anchors else ""
    return rf"(?<![^\W_])(?:{alone})" if alone else ""


def _choices(branch: Branch, *, left: bool, right: bool) -> Iterator[tuple[Anchor, ...]]:
    """Yield sets of anchors of which one must be in the text.

    `left` and `right` tell whether the branch begins and ends at the edge of a word.
    """
    for place, (kind, value, least, _) in enumerate(branch):
        if least == 0 or kind == "class":
            continue
        edges = {
            "left": is_behind_gap(branch, place)
            or is_edge(branch[place - 1 :: -1] if place else (), otherwise=left, last=True),
            "right": is_edge(branch[place + 1 :], otherwise=right, last=False),
        }
        if kind == "text":
            for anchor in _anchors(str(value), **edges):
                yield (anchor,)
        else:
            yield from _of_group(inside(branch[place]), **edges)


def _of_group(
    branches: tuple[Branch, ...], *, left: bool, right: bool
) -> tuple[tuple[Anchor, ...], ...]:
    """Return one set that holds the longest anchor of each alternative, if each has one."""
    together: list[Anchor] = []
    for branch in branches:
        choices = list(_choices(branch, left=left, right=right))
        if not choices:
            return ()
        together.extend(max(choices, key=lambda choice: min(len(anchor.word) for anchor in choice)))
    return (tuple(together),)


def _anchors(text: str, *, left: bool, right: bool) -> tuple[Anchor, ...]:
    """Return the anchors in a plain text."""
    anchors = []
    for match in _WORDS.finditer(text):
        word = match[0]
        open_left = match.start() == 0 and not left
        open_right = match.end() == len(text) and not right
        if open_left or is_ideographic(word):
            continue
        if not open_right:
            anchors.append(Anchor(word))
        elif len(word) >= PREFIX_LENGTH:
            anchors.append(Anchor(word, prefix=True))
    return tuple(anchors)
