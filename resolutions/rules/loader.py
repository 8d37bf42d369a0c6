"""From rule files to rules: what is written as alternatives, a line each, becomes one expression.

Wherever a file holds a wording (`text`, `unless`, an entry of `[words]`), it holds one string or a
list of alternatives; an alternative too long for a line is a list of its pieces.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from resolutions.bounce import Kind
from resolutions.reason import Reason
from resolutions.rules.pattern import spelled_out
from resolutions.rules.rule import PRECEDENCES, Precedence, Rule, Scope
from resolutions.rules.statuses import KNOWLEDGE, read

Written = str | Sequence[str | Sequence[str]]
"""A wording as files hold it."""


def load_rules(own: Sequence[Path]) -> tuple[list[Rule], list[Scope]]:
    """Return the rules of the operator's own files, then the shipped ones, the general ones last.

    Raises ValueError naming the file and the entry that cannot be used.
    """
    rules: list[Rule] = []
    scopes: list[Scope] = []
    for name, data, precedence in _files(own):
        hosts, tokens = tuple(data.get("hosts", ())), tuple(data.get("tokens", ()))
        scope = Scope(name, hosts, tokens, data.get("operator", name if hosts or tokens else ""))
        scopes.append(scope)
        default = PRECEDENCES[data["strength"]] if "strength" in data else precedence
        named = named_words(data)
        of_file = {"source": data.get("source", "")}
        entries = data.get("rule", ())
        heads = {entry.get("id"): _shared_in_group(entry) for entry in entries}
        rules += [
            _rule(of_file | heads.get(entry.get("group"), {}) | entry, scope, default, order, named)
            for order, entry in enumerate(entries, len(rules))
        ]
    return rules, scopes


def named_words(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the groups that a rule file may name: its own `[words]` over those of all files.

    Each may use those before it.
    """
    return _named(data, _shared_words())


def joined(written: Written, named: Mapping[str, str]) -> str:
    """Return one expression for a wording as files hold it, with its named groups spelled out.

    A name that is all of an alternative stands for several.

    >>> joined(["{box} full", ["over (the |its )?", "quota"], "{box}"], {"box": "mailbox|inbox"})
    '(mailbox|inbox) full|over (the |its )?quota|mailbox|inbox'

    Raises ValueError for a name that stands for nothing.
    """
    alternatives = (written,) if isinstance(written, str) else map("".join, written)
    return "|".join([_spelled_out(alternative, named) for alternative in alternatives])


def _spelled_out(alternative: str, named: Mapping[str, str]) -> str:
    name = alternative[1:-1]
    return (
        named[name]
        if name in named and alternative == f"{{{name}}}"
        else spelled_out(alternative, named)
    )


def several(written: str | Sequence[str]) -> tuple[str, ...]:
    """Return one or several texts as several."""
    return (written,) if isinstance(written, str) else tuple(written)


def _shared_in_group(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the rules of a group take from its first one."""
    own = {"id", "text", "example", "examples", "host"}
    return {key: value for key, value in entry.items() if key not in own}


@cache
def _shared_words() -> dict[str, str]:
    return _named(read(KNOWLEDGE / "words.toml"), {})


def _named(data: Mapping[str, Any], shared: Mapping[str, str]) -> dict[str, str]:
    named = dict(shared)
    for name, written in data.get("words", {}).items():
        named[name] = joined(written, named)
    return named


def _files(own: Sequence[Path]) -> Iterator[tuple[str, Mapping[str, Any], Precedence]]:
    for path in own:
        from resolutions.rules.schema import checked  # pydantic, which shipped files do not need

        yield path.stem, checked(path), Precedence.OPERATOR
    for path in sorted((KNOWLEDGE / "rules").glob("*.toml"), key=_general_last):
        yield path.stem, read(path), Precedence.SPECIFIC


def _general_last(path: Path) -> tuple[bool, str]:
    return path.stem == "general", path.stem


def _rule(
    entry: Mapping[str, Any],
    scope: Scope,
    precedence: Precedence,
    order: int,
    named: dict[str, str],
) -> Rule:
    try:
        return Rule(
            id=entry["id"],
            reason=Reason(entry.get("reason", "unknown")),
            kind=Kind(entry["kind"]) if "kind" in entry else None,
            variant=entry.get("variant", ""),
            text=joined(entry.get("text", ""), named),
            unless=joined(entry.get("unless", ""), named),
            status=tuple(entry.get("status", ())),
            code=tuple(entry.get("code", ())),
            here=entry.get("here", False),
            precedence=PRECEDENCES[entry["strength"]] if "strength" in entry else precedence,
            receiver=scope.name,
            of_vendor=bool(scope.hosts or scope.tokens),
            operator=scope.operator,
            source=entry.get("source", ""),
            examples=(*several(entry.get("example", ())), *several(entry.get("examples", ()))),
            group=entry.get("group", ""),
            host=entry.get("host", ""),
            order=order,
        )
    except (KeyError, ValueError) as error:
        raise ValueError(
            f"{scope.name}.toml, {entry.get('id', 'a rule without id')}: {error}"
        ) from error
