"""From the nodes of a wording to a regular expression that is quickly compiled and searched."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby

from resolutions.rules.pattern import CACHE, Branch, Node, inside, is_behind_gap

FEW = 4
"""Alternatives that are tried one by one: sharing is worth its trouble beyond."""

_ESCAPED = str.maketrans({sign: f"\\{sign}" for sign in r"\.^$*+?{}[]|()"})


def expression_of(branch: Branch) -> str:
    """Return a branch as an expression; behind a gap a word begins.

    >>> from resolutions.rules.pattern import wordings
    >>> expression_of(wordings("(mailbox|mail box|inbox|user|box) full")[0].nodes)
    '(?:mail(?:box| box)|inbox|user|box) full'
    """
    pieces: list[str] = []
    for place, node in enumerate(branch):
        if is_behind_gap(branch, place):
            pieces.append(r"\b")
        pieces.append(_source(node))
    return "".join(pieces)


def _source(node: Node) -> str:
    kind, value, least, most = node
    if kind == "group":
        source = _alternatives(inside(node))
    else:
        source = str(value).translate(_ESCAPED) if kind == "text" else str(value)
    if least == most == 1:
        return source
    return source + ("?" if (least, most) == (0, 1) else f"{{{least},{most}}}")


@lru_cache(CACHE)
def _alternatives(branches: tuple[Branch, ...]) -> str:
    """Return a group in which alternatives that begin alike share their beginning.

    What is preferred stays preferred: only alternatives that exclude each other, because their
    first characters differ, change places.
    """
    pieces: list[str] = []
    for plain, together in groupby(branches, _is_plain):
        run = list(together)
        pieces += _shared(run) if plain and len(run) > FEW else map(expression_of, run)
    return f"(?:{'|'.join(pieces)})"


def _is_plain(branch: Branch) -> bool:
    """Tell whether a branch begins with characters that are there once."""
    return bool(branch) and branch[0][0] == "text" and branch[0][2] == branch[0][3] == 1


def _shared(branches: Iterable[Branch]) -> Iterator[str]:
    by_first: dict[str, list[Branch]] = {}
    for branch in branches:
        by_first.setdefault(str(branch[0][1])[0], []).append(branch)
    for alike in by_first.values():
        if len(alike) == 1:
            yield expression_of(alike[0])
            continue
        length = _length_alike([str(branch[0][1]) for branch in alike])
        beginning = ("text", str(alike[0][0][1])[:length], 1, 1)
        rests = [expression_of(_without(branch, length)) for branch in alike]
        yield f"{_source(beginning)}(?:{'|'.join(rests)})"


def _length_alike(texts: list[str]) -> int:
    """Return how many first characters all texts share: those of the first and last in order."""
    first, last = min(texts), max(texts)
    for place, character in enumerate(first):
        if character != last[place]:
            return place
    return len(first)


def _without(branch: Branch, length: int) -> Branch:
    """Return what is left of a branch whose first characters are taken away."""
    rest = str(branch[0][1])[length:]
    return (("text", rest, 1, 1), *branch[1:]) if rest else branch[1:]
