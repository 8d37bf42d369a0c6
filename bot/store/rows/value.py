"""Values of ours made of rows whose columns have the names of their fields."""

from dataclasses import Field, fields
from typing import Any, ClassVar, Protocol, TypeVar

from sqlalchemy import Row


class Dataclass(Protocol):
    """What dataclasses have in common."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


Value = TypeVar("Value", bound=Dataclass)


def value_of(made: type[Value], row: Row[Any], /, **others: Any) -> Value:
    """Return the dataclass that a row holds; `others` are the fields that are no plain column."""
    names = [field.name for field in fields(made) if field.name not in others]
    return made(**{name: getattr(row, name) for name in names}, **others)
