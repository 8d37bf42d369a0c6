"""INSERTs of many rows at once, compiled once.

`execute` with a list of rows looks at each value of each row anew, and PostgreSQL plans each row
anew; for the thousand rows of a fold both take longer than the work itself. So SQLite gets plain
values, PostgreSQL one statement with an array for each column.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Dialect,
    LargeBinary,
    Select,
    Table,
    Text,
    UpdateBase,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from bot.store.sql.columns import Moment, micros

if TYPE_CHECKING:  # PostgreSQL's dialect is loaded where it is used
    from sqlalchemy.dialects import postgresql

Upsert: TypeAlias = "postgresql.Insert | sqlite.Insert"
Make = Callable[[Upsert], UpdateBase]
"""Adds to an INSERT what to do on a conflict."""

LARGEST = 1_024
"""Rows in a statement of SQLite; powers of two up to it serve any number of rows."""

PLACES = 32_766
"""Values in a statement of SQLite (https://sqlite.org/limits.html, 9)."""

Row = tuple[Any, ...]
Processor = Callable[[Any], Any]


class Bulk(Protocol):
    """An INSERT of many rows, whose values stand in the order of its names."""

    def run(self, connection: Connection, rows: Sequence[Row]) -> list[Any]:
        """Insert the rows, in their order; return what the statement returns, if anything."""
        ...

    def add(self, connection: Connection, rows: Sequence[Row]) -> set[str]:
        """Insert the rows whose key, the first value, is not there yet; return these keys."""
        ...


class SqliteInsert:
    """For SQLite: many rows in a statement.

    While a statement runs, the other threads of the process run too, and the writer's then waits
    for the interpreter; with a statement for each row it would do little else. SQLAlchemy writes
    the statement for one row; the places of that row are repeated.
    """

    def __init__(self, make: Make, table: Table, names: Sequence[str], dialect: Dialect) -> None:
        self._asking = _asking(table, dialect) if "key" in table.c else ""
        compiled = make(sqlite.insert(table)).compile(dialect=dialect, column_keys=list(names))
        if not isinstance(compiled, SQLCompiler) or compiled.positiontup is None:
            raise TypeError("a dialect without positions")
        self._head, self._row, self._tail = _split(compiled.string)
        size = self._row.count("?")
        constants = [_constant(table, name, compiled) for name in compiled.positiontup]
        self._rest = constants[size:]
        self._processors = [processor_of(table, name, dialect) for name in names]
        order = {name: place for place, name in enumerate(names)}
        self._order = [order.get(name, -1) for name in compiled.positiontup[:size]]
        self._constants = constants[:size]
        self._largest = min(LARGEST, 1 << ((PLACES - len(self._rest)) // size).bit_length() - 1)
        self._statements: dict[int, str] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> list[Any]:
        """Insert the rows, in their order."""
        columns = columns_of(rows, self._processors)
        placed = [
            columns[place] if place >= 0 else repeat(constant, len(rows))
            for place, constant in zip(self._order, self._constants, strict=True)
        ]
        values = list(zip(*placed, strict=True)) if rows else []
        returned: list[Any] = []
        for part in _parts(values, self._largest):
            given = (*chain.from_iterable(part), *self._rest)
            result = connection.exec_driver_sql(self.statement(len(part)), given)
            if result.returns_rows:
                returned += result.fetchall()
        return returned

    def add(self, connection: Connection, rows: Sequence[Row]) -> set[str]:
        """Insert the rows whose key is not there yet; nobody else writes meanwhile."""
        keys = {row[0] for row in rows}
        asked = connection.exec_driver_sql(self._asking, (json.dumps(list(keys)),))
        present = set(json.loads(asked.scalar_one()))
        self.run(connection, [row for row in rows if row[0] not in present])
        return keys - present

    def statement(self, rows: int) -> str:
        """Return the statement for so many rows."""
        if rows not in self._statements:
            places = ", ".join([self._row] * rows)
            self._statements[rows] = f"{self._head}{places}{self._tail}"
        return self._statements[rows]


class PostgresInsert:
    """For PostgreSQL: one statement, planned once."""

    def __init__(self, make: Make, table: Table, names: Sequence[str], dialect: Dialect) -> None:
        from sqlalchemy.dialects import postgresql

        self._names = names
        self._processors = [processor_of(table, name, dialect) for name in names]
        insert = postgresql.insert(table).from_select(list(names), unnested(table, names))
        self._statement = make(insert)
        self._key = table.c[names[0]]

    def run(self, connection: Connection, rows: Sequence[Row]) -> list[Any]:
        """Insert the rows, in their order."""
        if not rows:
            return []
        result = connection.execute(self._statement, self._arrays(rows))
        return list(result.fetchall()) if result.returns_rows else []

    def add(self, connection: Connection, rows: Sequence[Row]) -> set[str]:
        """Insert the rows whose key is not there yet, and return their keys."""
        if not rows:
            return set()
        adding = self._statement.returning(self._key)
        return set(connection.execute(adding, self._arrays(rows)).scalars())

    def _arrays(self, rows: Sequence[Row]) -> dict[str, list[Any]]:
        return arrays_of(rows, self._names, self._processors)


def _split(statement: str) -> tuple[str, str, str]:
    """Return an INSERT of one row in three: what is before its places, these, what is behind.

    The text is SQLAlchemy's, in no promised form: where it is another one, this says so.
    """
    parts = _ONE_ROW.fullmatch(statement)
    if parts is None:
        raise TypeError(f"SQLAlchemy writes an INSERT in a form that is not known: {statement}")
    return parts["head"], parts["row"], parts["tail"]


_ONE_ROW = re.compile(
    r"(?P<head>INSERT INTO \w+ \([^()]+\) VALUES )(?P<row>\(\?(?:, \?)*\))"
    r"(?P<tail>(?: (?:ON CONFLICT|RETURNING) .*)?)",
    re.DOTALL,
)


def _parts(values: Sequence[Row], largest: int) -> Iterator[Sequence[Row]]:
    size, start = largest, 0
    while start < len(values):
        while size > len(values) - start:
            size //= 2
        yield values[start:][:size]
        start += size


def columns_of(rows: Sequence[Row], processors: Sequence[Processor | None]) -> list[list[Any]]:
    """Return the columns of rows of one length, as the driver takes their values."""
    if not rows:
        return [[] for _ in processors]
    return [
        list(column if process is None else map(process, column))
        for column, process in zip(zip(*rows, strict=True), processors, strict=True)
    ]


def arrays_of(
    rows: Sequence[Row], names: Sequence[str], processors: Sequence[Processor | None]
) -> dict[str, list[Any]]:
    """Return the columns of rows by the names that `unnested` gives them."""
    columns = columns_of(rows, processors)
    return {f"all_{name}": column for name, column in zip(names, columns, strict=True)}


def unnested(table: Table, names: Sequence[str]) -> Select[Any]:
    """Return what makes rows of arrays, each named all_ and the column."""
    from sqlalchemy.dialects import postgresql

    kinds = [_plain(table.c[name].type) for name in names]
    arrays = [
        bindparam(f"all_{name}", type_=postgresql.ARRAY(kind))
        for name, kind in zip(names, kinds, strict=True)
    ]
    columns = [column(name, kind) for name, kind in zip(names, kinds, strict=True)]
    rows = func.unnest(*arrays).table_valued(*columns, name="given").render_derived()
    values: list[ColumnElement[Any]] = [
        cast(rows.c[name], JSON).label(name)
        if isinstance(table.c[name].type, JSON)
        else rows.c[name]
        for name in names
    ]
    return select(*values)


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return the type of what the driver takes for a column."""
    if isinstance(kind, Text | JSON):
        return Text()
    if isinstance(kind, Boolean | LargeBinary):
        return kind
    return BigInteger()


def _asking(table: Table, dialect: Dialect) -> str:
    """Return what asks SQLite which of some keys are there: a list goes in, and one comes out."""
    given = func.json_each(bindparam("keys", type_=Text)).table_valued("value")
    query = select(func.json_group_array(table.c.key)).where(table.c.key.in_(select(given.c.value)))
    return str(query.compile(dialect=dialect))


def processor_of(table: Table, name: str, dialect: Dialect) -> Processor | None:
    """Return what makes of a value what the driver takes; None if it is the value itself."""
    if name not in table.c or isinstance(table.c[name].type, Boolean):
        return None
    if isinstance(table.c[name].type, Moment):
        return _maybe_micros
    kind: Any = table.c[name].type.dialect_impl(dialect)
    processor: Processor | None = kind.bind_processor(dialect)
    return processor


def _maybe_micros(value: datetime | None) -> int | None:
    return None if value is None else micros(value)


def _constant(table: Table, name: str, compiled: SQLCompiler) -> Any:
    """Return what a place holds in every row: a literal of the statement, or a default."""
    value = compiled.params.get(name)
    if value is None and name in table.c and table.c[name].default is not None:
        value = getattr(table.c[name].default, "arg", None)
    return value
