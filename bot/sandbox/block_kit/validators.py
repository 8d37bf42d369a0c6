"""A small language to say which JSON Slack accepts, and to report what it does not.

A check takes a value, its JSON pointer and the list of complaints, and adds to the list. The
complaints are worded as Slack words them in `response_metadata.messages`.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

Complaints = list[str]
Check = Callable[[Any, str, Complaints], None]
Rule = Callable[[dict[str, Any]], Iterator[str]]


def complain(what: str, where: str) -> str:
    """Return a complaint as Slack words it.

    >>> complain("missing required field: text", "/blocks/0")
    '[ERROR] missing required field: text [json-pointer:/blocks/0]'
    """
    return f"[ERROR] {what} [json-pointer:{where}]"


def string(limit: int, least: int = 1, pattern: str = "") -> Check:
    """Accept a string of `least` to `limit` characters, matching `pattern` as a whole."""
    wanted = re.compile(pattern, re.DOTALL) if pattern else None

    def check(value: Any, where: str, out: Complaints) -> None:
        if not isinstance(value, str):
            out.append(complain("must be a string", where))
        elif len(value) < least:
            out.append(complain(f"must be more than {least - 1} characters", where))
        elif len(value) > limit:
            out.append(complain(f"must be less than {limit + 1} characters", where))
        elif wanted and not wanted.fullmatch(value):
            out.append(complain("failed to match the expected format", where))

    return check


def number(low: int, high: int) -> Check:
    """Accept a whole number between the two."""

    def check(value: Any, where: str, out: Complaints) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            out.append(complain("must be an integer", where))
        elif not low <= value <= high:
            out.append(complain(f"must be between {low} and {high}", where))

    return check


def boolean(value: Any, where: str, out: Complaints) -> None:
    """Accept true and false, not their words."""
    if not isinstance(value, bool):
        out.append(complain("must be a boolean", where))


def choice(*words: str) -> Check:
    """Accept one of the words."""

    def check(value: Any, where: str, out: Complaints) -> None:
        if value not in words:
            out.append(complain(f"must be one of: {', '.join(words)}", where))

    return check


def items(each: Check, most: int, least: int = 1) -> Check:
    """Accept a list of `least` to `most` items that all pass `each`."""

    def check(value: Any, where: str, out: Complaints) -> None:
        if not isinstance(value, list):
            out.append(complain("must be an array", where))
            return
        if len(value) < least:
            out.append(complain(f"must provide at least {least} items", where))
        if len(value) > most:
            out.append(complain(f"no more than {most} items allowed", where))
            return
        for position, item in enumerate(value):
            each(item, f"{where}/{position}", out)

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check], *rules: Rule) -> Check:
    """Accept an object with exactly these keys; `type` was looked at by `by_type`.

    The rules see an object whose keys are right, and yield complaints about how they go together.
    """
    known = {**required, **optional}

    def check(value: Any, where: str, out: Complaints) -> None:
        if not isinstance(value, dict):
            out.append(complain("must be an object", where))
            return
        before = len(out)
        missing = [name for name in required if name not in value]
        out.extend(complain(f"missing required field: {name}", where) for name in missing)
        for name, part in value.items():
            if name != "type":
                known.get(name, _unknown)(part, f"{where}/{name}", out)
        if len(out) == before:
            out.extend(complain(what, where) for rule in rules for what in rule(value))

    return check


def by_type(table: Mapping[str, Check], allowed: Collection[str] | None = None) -> Check:
    """Accept an object whose `type` is in the table (and allowed here), checked by its entry."""

    def check(value: Any, where: str, out: Complaints) -> None:
        if not isinstance(value, dict):
            out.append(complain("must be an object", where))
            return
        kind = value.get("type")
        if kind is None:
            out.append(complain("missing required field: type", where))
        elif not isinstance(kind, str) or kind not in table or not _is(kind, allowed):
            out.append(complain(f"unsupported type: {kind}", f"{where}/type"))
        else:
            table[kind](value, where, out)

    return check


def one_of_keys(*names: str) -> Rule:
    """Ask for exactly one of the keys."""

    def rule(value: dict[str, Any]) -> Iterator[str]:
        if sum(name in value for name in names) != 1:
            yield f"must have exactly one of: {', '.join(names)}"

    return rule


def some_of_keys(*names: str) -> Rule:
    """Ask for at least one of the keys."""

    def rule(value: dict[str, Any]) -> Iterator[str]:
        if not any(name in value for name in names):
            yield f"missing required field: {names[0]}"

    return rule


def duplicates(values: Sequence[Any]) -> list[Any]:
    """Return the values that occur more than once, each once, in order.

    >>> duplicates(["a", "b", "a", "a"])
    ['a']
    """
    return [value for value, times in Counter(values).items() if times > 1]


def _unknown(_: Any, where: str, out: Complaints) -> None:
    parent, _, name = where.rpartition("/")
    out.append(complain(f"invalid additional property: {name}", parent))


def _is(kind: str, allowed: Collection[str] | None) -> bool:
    return allowed is None or kind in allowed
