"""Rule texts read apart from the product, to say what they ask for: the proof trusts no matcher."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

_NAME = re.compile(r"\{([a-z_]+)\}")
_TOKEN = re.compile(
    r"\\(?P<escaped>.)|\[(?P<several>\^?[^\]]+)\]|(?P<sign>[(|)])|(?P<plain>.)", re.DOTALL
)
_REPEAT = re.compile(r"\{(\d+)(?:,(\d+))?\}|([?*+])")
_LETTERS = {"w": "abcdefghijklmnopqrstuvwxyz", "d": "0123456789", "s": " ", ".": "aemnrt", "^": "x"}
_BOUNDS = {"?": (0, 1), "*": (0, 3), "+": (1, 3)}


class Part(NamedTuple):
    """Characters of which one stands here, or wordings of which one does, so many times."""

    one_of: Sequence[Any]
    least: int
    most: int


class Alternative(NamedTuple):
    """One wording: its parts, one behind the other."""

    parts: tuple[Part, ...]

    def shortest(self) -> str:
        """Return the plainest text that it matches, with words for gaps."""
        return "".join(_said(one_of[0]) * least for one_of, least, _ in self.parts)

    def sample(self, dice: random.Random) -> str:
        """Return a text that it matches, by dice."""
        return "".join(
            _sampled(dice.choice(one_of), dice)
            for one_of, least, most in self.parts
            for _ in range(dice.randint(least, min(most, least + 4)))
        )


def examples(rule: Mapping[str, Any]) -> list[str]:
    """Return the examples of a rule, of the old format (one) or the new."""
    return [*_several(rule.get("example", [])), *_several(rule.get("examples", []))]


def alternatives(rule: Mapping[str, Any], words: Mapping[str, Any]) -> list[Alternative]:
    """Return what a rule asks for, with the named words of its file spelled out."""
    text = "|".join(_several(rule.get("text", [])))
    while name := _NAME.search(text):
        group = "|".join(_several(words[name[1]]))
        text = f"{text[: name.start()]}({group}){text[name.end() :]}"
    return _read(_tokens(text)) if text else []


def _several(value: str | list[Any]) -> list[str]:
    """Return texts, of which one may be a list of its pieces."""
    return [value] if isinstance(value, str) else ["".join(each) for each in value]


def _tokens(text: str) -> Iterator[tuple[str, Any, int, int]]:
    """Yield (kind, value, least, most) of each token; those of a group stand at its end."""
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        assert token is not None
        at = token.end()
        repeat = _REPEAT.match(text, at) if token["sign"] not in {"(", "|"} else None
        least, most = _bounds(repeat)
        at = repeat.end() if repeat else at
        if token["sign"]:
            yield token["sign"], "", least, most
        else:
            yield "one", _characters(token), least, most


def _bounds(repeat: re.Match[str] | None) -> tuple[int, int]:
    if repeat is None:
        return 1, 1
    if repeat[3]:
        return _BOUNDS[repeat[3]]
    return int(repeat[1]), int(repeat[2] or repeat[1])


def _characters(token: re.Match[str]) -> str:
    if token["escaped"]:
        return _LETTERS[token["escaped"]] if token["escaped"] in "wds" else token["escaped"]
    if token["several"]:
        inside = token["several"]
        return _LETTERS["^"] if inside.startswith("^") else _without_escapes(inside)
    return _LETTERS["."] if token["plain"] == "." else token["plain"]


def _without_escapes(inside: str) -> str:
    inside = inside.replace("\\w", _LETTERS["w"]).replace("\\d", _LETTERS["d"])
    return re.sub(r"(.)-(.)", r"\1\2", inside.replace("\\s", " ")).replace("\\", "")


def _read(tokens: Iterator[tuple[str, Any, int, int]]) -> list[Alternative]:
    """Return the alternatives up to the end of the text."""
    levels: list[list[list[Part]]] = [[[]]]
    for kind, value, least, most in tokens:
        if kind == "(":
            levels.append([[]])
        elif kind == "|":
            levels[-1].append([])
        elif kind == ")":
            group = [Alternative(tuple(parts)) for parts in levels.pop()]
            levels[-1][-1].append(Part(group, least, most))
        else:
            levels[-1][-1].append(Part(value, least, most))
    return [Alternative(tuple(parts)) for parts in levels[0]]


def _said(one: "str | Alternative") -> str:
    return one if isinstance(one, str) else one.shortest()


def _sampled(one: "str | Alternative", dice: random.Random) -> str:
    return one if isinstance(one, str) else one.sample(dice)
