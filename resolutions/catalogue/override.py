"""An operator's changes to the catalogue, checked before they replace what is shipped."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from resolutions.catalogue.family import COMPLAINT, Family, FinalFor, Severity
from resolutions.rules.statuses import read

TITLE_LIMIT = 100
"""Characters of a title: it shares a header of 150 with a campaign."""

TEXT_LIMIT = 600
"""Characters of an explanation or of one step: all of them share one section of 3,000."""

Title = Annotated[
    str, StringConstraints(min_length=1, max_length=TITLE_LIMIT, pattern=r"^[^\n]*\S[^\n]*$")
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_LIMIT, pattern=r"\S")]


def _expression(text: str) -> str:
    """Return the text if it is an expression; one that repeats without end could run away."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not an expression: {error}") from error
    if re.search(r"[+*}][+*?{]|\)[+*{]", text):
        raise ValueError("an expression that repeats what repeats")
    return text


class HintTable(BaseModel):
    """A step for some replies only, and the expression that is found in them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reply: Annotated[Title, AfterValidator(_expression)]
    step: Text


class VariantTable(BaseModel):
    """The keys of a special case; every one may be left out."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: Title | None = None
    summary: Title | None = None
    explanation: Text | None = None
    steps: Annotated[list[Text], Field(min_length=1, max_length=10)] | None = None
    owner: Title | None = None
    aliases: list[Title] | None = None
    samples: list[Text] | None = None


class ReasonTable(VariantTable):
    """The keys of a reason; every one may be left out."""

    severity: Annotated[Severity, Field(strict=False)] | None = None
    family: Annotated[Family, Field(strict=False)] | None = None
    final_for: Annotated[FinalFor, Field(strict=False)] | None = None
    actions: list[str] | None = None
    checks: list[Text] | None = None
    hints: list[HintTable] | None = None
    variants: dict[str, dict[str, Any]] | None = None


def overridden(tables: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the shipped tables, single keys replaced by those of the operator's file.

    Raises ValueError naming the file, the table and the key that cannot be used. What would
    break a promise of the product is refused as well: nothing may condemn an address that the
    shipped catalogue does not hold to be at fault, and a complaint is never undone.
    """
    changed = dict(tables)
    for word, table in read(path).items():
        _check_word(word, tables, f"{path}: [{word}] is no table of the catalogue")
        where = f"{path}: [{word}]"
        _check(ReasonTable, table, where)
        _check_promises(word, table, tables, where)
        variants = _variants(tables[word].get("variants", {}), table.get("variants", {}), where)
        changed[word] = tables[word] | table | ({"variants": variants} if variants else {})
    return changed


def _variants(
    shipped: Mapping[str, Any], changes: Mapping[str, Any], where: str
) -> dict[str, dict[str, Any]]:
    changed = dict(shipped)
    for name, table in changes.items():
        _check_word(name, shipped, f"{where} has no variant {name}")
        _check(VariantTable, table, f"{where} variants.{name}")
        changed[name] = shipped[name] | table
    return changed


def _check(model: type[VariantTable], table: Any, where: str) -> None:
    try:
        model.model_validate(table)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            _check_word(key, model.model_fields, f"{where} {key}: there is no such key")
        raise ValueError(f"{where} {key}: {first['msg']}".replace(" : ", ": ")) from error


def _check_promises(
    word: str, table: Mapping[str, Any], tables: Mapping[str, Any], where: str
) -> None:
    actions = {action for shipped in tables.values() for action in shipped["actions"]}
    for action in table.get("actions", ()):
        _check_word(action, actions, f"{where} actions: {action} is no action")
    if word == COMPLAINT and (undoing := {"resend", "reactivate"} & {*table.get("actions", ())}):
        raise ValueError(f"{where} actions: a complaint is never undone, so no {min(undoing)}")
    condemns = FinalFor.ADDRESS.value
    if table.get("final_for") == condemns != tables[word]["final_for"]:
        raise ValueError(f"{where} final_for: {word} is not the address's fault: not {condemns!r}")


def _check_word(word: str, words: Iterable[str], complaint: str) -> None:
    """Raise ValueError with the nearest known word if this one is not known."""
    words = sorted(words)
    if word in words:
        return
    near = get_close_matches(word, words, 1, 0.5)
    raise ValueError(f"{complaint}; did you mean {near[0]}?" if near else f"{complaint}.")
