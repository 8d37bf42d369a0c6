"""What is wrong with a configuration, in words: each fault names its key and the remedy."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from bot.settings.source import PREFIX, SettingsError

Model = TypeVar("Model", bound=BaseModel)
Value = TypeVar("Value")

INSIDE = "faults"
"""The type of a validation error that holds faults already in words."""


def check(model: type[Model], tables: Any, where: tuple[str, ...]) -> Model:
    """Return the checked model of a table at `where`; raises SettingsError with all its faults."""
    try:
        return model.model_validate(tables)
    except ValidationError as error:
        errors = sorted(error.errors(include_url=False), key=_misspelt_first)
        faults = [line for fault in errors for line in _lines(fault, model, where)]
        raise SettingsError(*faults) from None


def unless(faults: Sequence[str], value: Value) -> Value:
    """Return a value that a validator checked, or tell pydantic of its faults."""
    if faults:
        raise PydanticCustomError(INSIDE, "several faults", {INSIDE: list(faults)})
    return value


def missing(place: tuple[str, ...], why: str = "") -> str:
    """Say that a key is missing and how to set it."""
    *table, key = place
    remedy = (
        f"set {key} in [{'.'.join(table)}] of bounce.toml"
        if table
        else f"add [{key}] to bounce.toml"
    )
    return f"{'.'.join(place)}: missing{why}; {remedy}, or {_variable(place)}"


def unknown(place: tuple[str, ...], known: Sequence[str], given: str = "") -> str:
    """Say that a key, or the word given for it, is unknown, and which may be meant."""
    word = given or place[-1]
    near = get_close_matches(word, known, 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
    what = f"{given!r} is unknown" if given else f"unknown (also as {_variable(place)})"
    return f"{'.'.join(place)}: {what}; {hint}"


def _misspelt_first(fault: ErrorDetails) -> bool:
    """Order faults: a misspelt key is why another is missing."""
    return fault["type"] != "extra_forbidden"


def _lines(fault: ErrorDetails, model: type[BaseModel], where: tuple[str, ...]) -> list[str]:
    if fault["type"] == INSIDE:
        return list(fault["ctx"][INSIDE])
    place = (*where, *map(str, fault["loc"]))
    if fault["type"] == "missing":
        return [missing(place)]
    if fault["type"] == "extra_forbidden":
        return [unknown(place, _keys(model, fault["loc"][:-1]))]
    text = fault["msg"].removeprefix("Value error, ")
    hint = "" if ";" in text else f"; mend it in bounce.toml or in {_variable(place)}"
    return [f"{'.'.join(place)}: {text}{hint}"]


def _variable(place: tuple[str, ...]) -> str:
    return PREFIX + "__".join(part.upper() for part in place)


def _keys(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """Return the keys that are known at a place inside a model."""
    for part in place:
        field = model.model_fields.get(str(part))
        inner = _inner(field.annotation) if field else None
        if inner is None:
            return []
        model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _inner(annotation: Any) -> type[BaseModel] | None:
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
