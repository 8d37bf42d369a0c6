"""JSON of strangers: parsed with a limit to its depth, or element by element with its own text."""

import json
import re
from typing import Any

from handlers.errors import MalformedError

NESTING_LIMIT = 64


def parse_json(text: bytes | str) -> Any:
    """Return the value of a JSON text; raise MalformedError if broken or nested over 64 levels."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedError("the body is not valid JSON") from error
    _check_nesting(value, text)
    return value


def parse_elements(body: bytes) -> list[tuple[Any, str]]:
    """Return each element of the JSON list that a body is, with the text it was given as.

    Raises TypeError for what is no list, MalformedError as `parse_json` does.
    """
    try:
        elements = elements_of(body.decode(json.detect_encoding(body), "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise MalformedError("the body is not valid JSON") from error
    for value, own in elements:
        _check_nesting([value], own)
    return elements


def elements_of(text: str) -> list[tuple[Any, str]]:
    """Return each element of a JSON list, with the text it was given as.

    Raises TypeError for what is no list, ValueError or RecursionError for what is no JSON.

    >>> elements_of('[{"id": 1} ,2]')
    [({'id': 1}, '{"id": 1}'), (2, '2')]
    """
    gap, elements = _LIST.match(text), list[tuple[Any, str]]()
    if gap is None:
        raise TypeError(f"not a list but {type(json.loads(text)).__name__}")
    end = gap.end()
    if _END.match(text, end):
        return []
    while gap is not None:
        value, end = _decoder.raw_decode(text, gap.end())
        elements.append((value, text[gap.end() : end]))
        gap = _COMMA.match(text, end)
    if not _END.match(text, end):
        raise ValueError("a list that does not end")
    return elements


_decoder = json.JSONDecoder()
_LIST = re.compile(r"[ \t\r\n]*\[[ \t\r\n]*")
_COMMA = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
_END = re.compile(r"[ \t\r\n]*\][ \t\r\n]*\Z")


def _check_nesting(value: Any, text: bytes | str) -> None:
    """Refuse what is too deep; what opens few lists and objects cannot be."""
    if isinstance(text, str):
        opened = text.count("[") + text.count("{")
    else:
        opened = text.count(b"[") + text.count(b"{")
    if opened >= NESTING_LIMIT and _deeper_than(value, NESTING_LIMIT):
        raise MalformedError(f"the body is nested deeper than {NESTING_LIMIT} levels")


def _deeper_than(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
