"""INSERTs of many rows at once, compiled once.

`execute` with a list of rows looks at each value of each row anew, and PostgreSQL plans each row
anew; for the thousand rows of a fold both take longer than the work itself. So SQLite gets plain
values, PostgreSQL one statement with an array for each column.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

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
Make = Callable[[Upsert], Upsert]
"""Adds to an INSERT what to do on a conflict."""

LARGEST = 128
"""Rows in a statement of SQLite; 8 sizes of it, all powers of two, serve any number of rows."""

Row = Mapping[str, Any]
Processor = Callable[[Any], Any]


class Bulk(Protocol):
    """An INSERT of many rows that all have the same names."""

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Insert the rows, in their order."""
        ...

    def add(self, connection: Connection, rows: Sequence[Row]) -> set[str]:
        """Insert the rows whose key is not there yet, each key once; return these keys."""
        ...


class Tuples:
    """For SQLite: many rows in a statement.

    While a statement runs, the other threads of the process run too, and the writer's then waits
    for the interpreter; with a statement for each row it would do little else.
    """

    def __init__(self, make: Make, table: Table, names: Sequence[str], dialect: Dialect) -> None:
        self._asking = _asking(table, dialect) if "key" in table.c else ""
        compiled = make(sqlite.insert(table)).compile(dialect=dialect, column_keys=list(names))
        if not isinstance(compiled, SQLCompiler) or compiled.positiontup is None:
            raise TypeError("a dialect without positions")
        places = [
            _Place(
                name if name in names else "",
                processor_of(table, name, dialect),
                _constant(table, name, compiled),
            )
            for name in compiled.positiontup
        ]
        head, _, rest = compiled.string.partition(" VALUES ")
        self._row, closing, tail = rest.partition(")")
        self._row += closing
        self._places = places[: self._row.count("?")]
        self._rest = [place.constant for place in places[self._row.count("?") :]]
        self._head, self._tail = head, tail
        self._statements: dict[int, str] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Insert the rows, in their order."""
        columns = [
            values_of(rows, place.name, place.process)
            if place.name
            else [place.constant] * len(rows)
            for place in self._places
        ]
        values = list(zip(*columns, strict=True))
        for part in _parts(values):
            connection.exec_driver_sql(
                self._statement(len(part)), (*chain.from_iterable(part), *self._rest)
            )

    def add(self, connection: Connection, rows: Sequence[Row]) -> set[str]:
        """Insert the rows whose key is not there yet; nobody else writes meanwhile."""
        keys = {row["key"] for row in rows}
        asked = connection.exec_driver_sql(self._asking, (json.dumps(list(keys)),))
        known = set(json.loads(asked.scalar_one()))
        self.run(connection, [row for row in rows if row["key"] not in known])
        return keys - known

    def _statement(self, rows: int) -> str:
        known = self._statements.get(rows)
        if known is None:
            places = ", ".join([self._row] * rows)
            known = self._statements[rows] = f"{self._head} VALUES {places}{self._tail}"
        return known


class Arrays:
    """For PostgreSQL: one statement, planned once."""

    def __init__(self, make: Make, table: Table, names: Sequence[str], dialect: Dialect) -> None:
        from sqlalchemy.dialects import postgresql

        self._names = names
        self._processors = [processor_of(table, name, dialect) for name in names]
        insert = postgresql.insert(table).from_select(list(names), unnested(table, names))
        self._statement = make(insert)
        self._adding = self._statement.returning(table.c[names[0]])

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Insert the rows, in their order."""
        if rows:
            connection.execute(self._statement, self._arrays(rows))

    def add(self, connection: Connection, rows: Sequence[Row]) -> set[str]:
        """Insert the rows whose key, the first name, is not there yet, and return their keys."""
        if not rows:
            return set()
        return set(connection.execute(self._adding, self._arrays(rows)).scalars())

    def _arrays(self, rows: Sequence[Row]) -> dict[str, list[Any]]:
        named = zip(self._names, self._processors, strict=True)
        return {f"all_{name}": values_of(rows, name, process) for name, process in named}


def _parts(values: Sequence[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
    size, start = LARGEST, 0
    while start < len(values):
        while size > len(values) - start:
            size //= 2
        yield values[start:][:size]
        start += size


class _Place(NamedTuple):
    """What stands at a place of the statement: a value of the row, or the same in every row."""

    name: str
    process: Processor | None
    constant: Any


def values_of(rows: Sequence[Row], name: str, process: Processor | None) -> list[Any]:
    """Return a column of the rows as the driver takes it."""
    if process is None:
        return [row[name] for row in rows]
    return [process(row[name]) for row in rows]


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
    found: list[ColumnElement[Any]] = [
        cast(rows.c[name], JSON).label(name)
        if isinstance(table.c[name].type, JSON)
        else rows.c[name]
        for name in names
    ]
    return select(*found)


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
