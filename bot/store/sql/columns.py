"""What the tables are made of: times, keys, and the columns that recur."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Dialect,
    Index,
    Integer,
    Text,
    TypeDecorator,
    literal_column,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def hashed(*parts: str) -> str:
    """Return the key over some texts; it takes any text, lone surrogates too."""
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return blake2b(joined, digest_size=20).hexdigest()


@lru_cache(maxsize=16_384)
def word_key(word: str) -> str:
    """Return the key over a word that recurs: a reason, a domain, a campaign."""
    return hashed(word)


def subject_of(alert_id: int | None, arguments: Mapping[str, Any]) -> str:
    """Return what a job is about: its alert, or its arguments where there is none."""
    if alert_id is not None:
        return f"alert:{alert_id}"
    return hashed(json.dumps(dict(arguments), sort_keys=True, default=str))


def micros(moment: datetime) -> int:
    """Return an aware time as microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


class Moment(TypeDecorator[datetime]):
    """An aware time in UTC, kept as microseconds since 1970: exact and ordered everywhere."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return what the database keeps."""
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Return the time that a row holds."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


def id_() -> Column[int]:
    """Return the primary key that the database counts."""
    number = BigInteger().with_variant(Integer, "sqlite")
    return Column("id", number, primary_key=True, autoincrement=True)


def key() -> Column[str]:
    """Return a primary key made by `hashed`."""
    return Column("key", Text, primary_key=True)


def text(name: str) -> Column[str]:
    """Return a text, empty by default."""
    return Column(name, Text, nullable=False, default="")


def count(name: str) -> Column[int]:
    """Return a whole number, 0 by default."""
    return Column(name, BigInteger, nullable=False, default=0)


def flag(name: str) -> Column[bool]:
    """Return a yes or no, no by default."""
    return Column(name, Boolean, nullable=False, default=False)


def at(name: str) -> Column[datetime]:
    """Return a time."""
    return Column(name, Moment, nullable=False)


def maybe_at(name: str) -> Column[datetime]:
    """Return a time that may be missing."""
    return Column(name, Moment, nullable=True)


def partial(name: str, *columns: Column[Any], where: ColumnElement[bool], unique: bool) -> None:
    """Add an index of some rows of a table, for queries with the same predicate.

    What makes it in a database is the revision; to repeat it here for PostgreSQL too would load
    that dialect for everybody.
    """
    Index(name, *columns, unique=unique, sqlite_where=where)


def is_one_of(column: Column[str], *words: str) -> ColumnElement[bool]:
    """Return a predicate over literals, as a partial index needs it."""
    literals: list[ColumnElement[str]] = [literal_column(f"'{word}'") for word in words]
    return column == literals[0] if len(literals) == 1 else column.in_(literals)
