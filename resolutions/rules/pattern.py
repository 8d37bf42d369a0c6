"""The small language in which rules word a reply: a safe part of regular expressions.

A wording is written in lower case and matches whole words. It may hold literals, `.`, `\\d`,
`\\w`, `\\s`, `[classes]`, `(groups|of alternatives)` and the repeats `?`, `+`, `*`, `{m,n}`; only
single characters may be repeated more than once, and never more than 120 times. So no wording
can run away on hostile text, whoever wrote it. `{name}` stands for a group that the rule file
lists among its `[words]`. Behind a gap (`.{0,40}`) a word begins.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

REPEAT_LIMIT = 120
"""Repeats of a character; `+` and `*` stop there too."""

Node = tuple[str, object, int, int]
"""(kind, value, least, most): kinds are `text` (str), `class` (str), `group` (branches)."""

Branch = tuple[Node, ...]

WORD_END: Node = ("class", r"(?![^\W_])", 1, 1)
"""Where no word goes on."""

CACHE = 10_000
"""Groups and plain texts that are remembered: the same few stand in most wordings."""

_WORDS = re.compile(r"[^\W_]+")
_IDEOGRAPH = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9d]")
_BOUNDS = re.compile(r"(\d+)(?:,(\d+))?\}")
_PUNCTUATION = re.compile(r"\[[ :;,.()<>\[\"'!?_/]{1,20}-?\]")
_PLAIN = re.compile(r"[^\\.\[(|)?+*{]+(?![?+*{])")
_NAME = re.compile(r"\{([a-z]+)\}")
_PLAIN_GROUP = re.compile(r"([^()?+*{]+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One alternative of a rule's text, ready to be match.

    `literal` must be in a text that matches. `before` and `after` tell whether a word must begin
    and end with the match.
    """

    literal: str
    nodes: Branch
    before: bool
    after: bool

    @property
    def is_literal(self) -> bool:
        """Tell whether the literal is the whole wording."""
        return len(self.nodes) == 1 and self.nodes[0] == ("text", self.literal, 1, 1)


def wordings(text: str, *, open_end: bool = False) -> list[Wording]:
    """Return one wording for each top-level alternative of the text.

    With an open end the last word of each may go on: "block" is then match in "blocked".

    >>> [wording.literal for wording in wordings("mailbox (is )?full|over quota")]
    ['mailbox ', 'over quota']

    Raises ValueError for what the language does not allow.
    """
    branches, rest = _branches(text, 0)
    if rest != len(text):
        raise ValueError(f"a bracket too many in {text!r}")
    return [_wording(branch, text, open_end=open_end) for branch in branches]


def spelled_out(text: str, named: Mapping[str, str]) -> str:
    """Return the text with each `{name}` replaced by its group; raises ValueError for others.

    >>> spelled_out("{box} full", {"box": "mailbox|inbox"})
    '(mailbox|inbox) full'
    """

    def group(match: re.Match[str]) -> str:
        if match[1] not in named:
            raise ValueError(f"{match[0]} is not among the words of its file")
        return f"({named[match[1]]})"

    return _NAME.sub(group, text)


def words(text: str) -> list[str]:
    """Return the words of a lower-case text."""
    return _WORDS.findall(text)


def is_ideographic(text: str) -> bool:
    """Tell whether the text is of a script that puts no spaces between words."""
    return _IDEOGRAPH.search(text) is not None


# From the text to nodes


def _branches(text: str, at: int) -> tuple[list[Branch], int]:
    branches: list[list[Node]] = [[]]
    while at < len(text) and text[at] != ")":
        if text[at] == "|":
            branches.append([])
            at += 1
            continue
        plain = _PLAIN.match(text, at)
        if plain:
            _append(branches[-1], ("text", plain[0], 1, 1))
            at = plain.end()
            continue
        node, at = _atom(text, at)
        node, at = _repeated(node, text, at)
        _append(branches[-1], node)
    return [tuple(branch) for branch in branches], at


def _append(branch: list[Node], node: Node) -> None:
    """Add a node; plain characters that follow one another become one text.

    A group of one alternative is that alternative. The fewer groups, the faster the expression.
    """
    kind, value, least, most = node
    if kind == "group" and least == most == 1 and len(inside(node)) == 1:
        for inner in inside(node)[0]:
            _append(branch, inner)
        return
    if kind == "text" and least == most == 1 and branch:
        last, before, fewest, most_before = branch[-1]
        if last == "text" and fewest == most_before == 1:
            branch[-1] = ("text", f"{before}{value}", 1, 1)
            return
    branch.append(node)


def _atom(text: str, at: int) -> tuple[Node, int]:
    character = text[at]
    if character == "(":
        return _group(text, at)
    if character == "[":
        return _class(text, at)
    if character == "\\":
        return _escape(text, at)
    if character == ".":
        return ("class", ".", 1, 1), at + 1
    if character in "?+*{":
        raise ValueError(f"nothing to repeat in {text!r}")
    return ("text", character, 1, 1), at + 1


def _group(text: str, at: int) -> tuple[Node, int]:
    start = at + 3 if text.startswith("(?:", at) else at + 1
    if text.startswith("?", start):
        raise ValueError(f"only plain groups are allowed in {text!r}")
    plain = _PLAIN_GROUP.match(text, start)
    if plain:
        return ("group", _plain_group(plain[1]), 1, 1), plain.end()
    branches, end = _branches(text, start)
    if end >= len(text):
        raise ValueError(f"a bracket is not closed in {text!r}")
    return ("group", _flat(branches), 1, 1), end + 1


@lru_cache(CACHE)
def _plain_group(inside: str) -> tuple[Branch, ...]:
    return _flat(_branches(inside, 0)[0])


def _flat(branches: Iterable[Branch]) -> tuple[Branch, ...]:
    """Return alternatives, those of an alternative that is nothing but a group among them."""
    flat: list[Branch] = []
    for branch in branches:
        alone = len(branch) == 1 and branch[0][0] == "group" and branch[0][2] == branch[0][3] == 1
        flat.extend(inside(branch[0]) if alone else (branch,))
    return tuple(flat)


def _class(text: str, at: int) -> tuple[Node, int]:
    end = text.find("]", at + 2)
    if end < 0:
        raise ValueError(f"a class is not closed in {text!r}")
    return ("class", text[at : end + 1], 1, 1), end + 1


def _escape(text: str, at: int) -> tuple[Node, int]:
    follows = text[at + 1 : at + 2]
    if follows in {"d", "w", "s"}:
        return ("class", f"\\{follows}", 1, 1), at + 2
    if not follows or follows.isalnum():
        raise ValueError(f"unknown escape in {text!r}")
    return ("text", follows, 1, 1), at + 2


_REPEATS = {"?": (0, 1), "+": (1, REPEAT_LIMIT), "*": (0, REPEAT_LIMIT)}


def _repeated(node: Node, text: str, at: int) -> tuple[Node, int]:
    sign = text[at : at + 1]
    if sign in _REPEATS:
        least, most = _REPEATS[sign]
        at += 1
    elif sign == "{":
        bounds = _BOUNDS.match(text, at + 1)
        if bounds is None:
            raise ValueError(f"unknown repeat in {text!r}")
        least, most = int(bounds[1]), int(bounds[2] or bounds[1])
        at = bounds.end()
    else:
        return node, at
    if most > REPEAT_LIMIT or (most > 1 and node[0] == "group"):
        raise ValueError(f"a repeat that may run away in {text!r}")
    return (node[0], node[1], least, most), at


# From nodes to what is matched


def _wording(branch: Branch, text: str, *, open_end: bool) -> Wording:
    if not branch:
        raise ValueError(f"an empty alternative in {text!r}")
    while len(branch) > 1 and branch[0][2] == 0 and closes(branch[0], last=True):
        branch = branch[1:]  # what may stand before whole words need not be looked for
    first, last = branch[0], branch[-1]
    literal = max((_literal(node) for node in branch), key=len)
    return Wording(
        literal=literal,
        nodes=branch,
        before=_starts_word(first),
        after=not open_end and _ends_word(last),
    )


def _literal(node: Node) -> str:
    return str(node[1]) if node[0] == "text" and node[2] == 1 else ""


def _starts_word(node: Node) -> bool:
    if node[0] == "group":
        return all(_starts_word(branch[0]) for branch in inside(node) if branch)
    return node[0] == "text" and _is_letter(str(node[1])[0])


def _ends_word(node: Node) -> bool:
    if node[0] == "group":
        return all(_ends_word(branch[-1]) for branch in inside(node) if branch)
    if node[0] == "class":
        return node[1] == "\\d"
    return _is_letter(str(node[1])[-1])


def _is_letter(character: str) -> bool:
    return character.isalnum() and not is_ideographic(character)


def inside(node: Node) -> tuple[Branch, ...]:
    """Return the alternatives of a group."""
    value = node[1]
    return value if isinstance(value, tuple) else ()


def is_behind_gap(branch: Branch, place: int) -> bool:
    """Tell whether a gap ends, and a word begins, at a place of a branch."""
    if not place:
        return False
    _, value, _, most = branch[place - 1]
    return value == "." and most > 1 and _starts_word(branch[place])


def is_edge(neighbours: Branch, *, otherwise: bool, last: bool) -> bool:
    """Tell whether no word can go on over these neighbours, the nearest first."""
    for node in neighbours:
        if not closes(node, last=last):
            return False
        if node[2] > 0:
            return True
    return otherwise


def closes(node: Node, *, last: bool) -> bool:
    """Tell whether a neighbour, where it is there, begins or ends (`last`) between words."""
    kind, value = node[0], str(node[1])
    if kind == "group":
        return all(
            branch and is_edge(branch[::-1] if last else branch, otherwise=False, last=last)
            for branch in inside(node)
        )
    if kind == "class":
        return value == "\\s" or bool(_PUNCTUATION.fullmatch(value))
    return not value[-1 if last else 0].isalnum()
