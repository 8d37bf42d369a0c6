"""INSERTs of many rows at once, compiled once.

`execute` with a list of rows looks at each value of each row anew, and PostgreSQL plans each row
anew; for the thousand rows of a fold both take longer than the work itself. So SQLite's driver
gets plain tuples, and PostgreSQL one statement with an array for each column.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ColumnElement,
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
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

Upsert = postgresql.Insert | sqlite.Insert
Make = Callable[[Upsert], Upsert]
"""Adds to an INSERT what to do on a conflict."""

Row = Mapping[str, Any]
Processor = Callable[[Any], Any]


class Bulk(Protocol):
    """An INSERT of many rows that all have the same names."""

    async def run(self, connection: AsyncConnection, rows: Sequence[Row]) -> None:
        """Insert the rows, in their order."""
        ...

    async def add(self, connection: AsyncConnection, rows: Sequence[Row]) -> set[str]:
        """Insert the rows whose key is not there yet, each key once; return these keys."""
        ...


class Tuples:
    """For SQLite: the driver steps through the rows by itself."""

    def __init__(self, make: Make, table: Table, names: Sequence[str], dialect: Dialect) -> None:
        self._table = table
        statement = make(sqlite.insert(table))
        compiled = statement.compile(dialect=dialect, column_keys=list(names))
        if not isinstance(compiled, SQLCompiler) or compiled.positiontup is None:
            raise TypeError("a dialect without positions")
        self._sql = compiled.string
        self._places = [
            _Place(
                name if name in names else "",
                _processor(table, name, dialect),
                _constant(table, name, compiled),
            )
            for name in compiled.positiontup
        ]

    async def run(self, connection: AsyncConnection, rows: Sequence[Row]) -> None:
        """Insert the rows, in their order."""
        columns = [
            _values(rows, place.name, place.process) if place.name else [place.constant] * len(rows)
            for place in self._places
        ]
        if rows:
            await connection.exec_driver_sql(self._sql, list(zip(*columns, strict=True)))

    async def add(self, connection: AsyncConnection, rows: Sequence[Row]) -> set[str]:
        """Insert the rows whose key is not there yet; nobody else writes meanwhile."""
        keys = [row["key"] for row in rows]
        query = select(self._table.c.key).where(self._table.c.key.in_(keys))
        known = set((await connection.execute(query)).scalars())
        await self.run(connection, [row for row in rows if row["key"] not in known])
        return set(keys) - known


class Arrays:
    """For PostgreSQL: one statement, planned once."""

    def __init__(self, make: Make, table: Table, names: Sequence[str], dialect: Dialect) -> None:
        self._names = names
        self._processors = [_processor(table, name, dialect) for name in names]
        insert = postgresql.insert(table).from_select(list(names), _unnested(table, names))
        self._statement = make(insert)
        self._adding = self._statement.returning(table.c[names[0]])

    async def run(self, connection: AsyncConnection, rows: Sequence[Row]) -> None:
        """Insert the rows, in their order."""
        if rows:
            await connection.execute(self._statement, self._arrays(rows))

    async def add(self, connection: AsyncConnection, rows: Sequence[Row]) -> set[str]:
        """Insert the rows whose key, the first name, is not there yet, and return their keys."""
        if not rows:
            return set()
        return set((await connection.execute(self._adding, self._arrays(rows))).scalars())

    def _arrays(self, rows: Sequence[Row]) -> dict[str, list[Any]]:
        named = zip(self._names, self._processors, strict=True)
        return {f"all_{name}": _values(rows, name, process) for name, process in named}


class _Place(NamedTuple):
    """What stands at a place of the statement: a value of the row, or the same in every row."""

    name: str
    process: Processor | None
    constant: Any


def _values(rows: Sequence[Row], name: str, process: Processor | None) -> list[Any]:
    if process is None:
        return [row[name] for row in rows]
    return [process(row[name]) for row in rows]


def _unnested(table: Table, names: Sequence[str]) -> Select[Any]:
    kinds = [_plain(table.c[name].type) for name in names]
    arrays = [
        bindparam(f"all_{name}", type_=postgresql.ARRAY(kind))
        for name, kind in zip(names, kinds, strict=True)
    ]
    columns = [column(name, kind) for name, kind in zip(names, kinds, strict=True)]
    rows = func.unnest(*arrays).table_valued(*columns, name="given").render_derived()
    found: list[ColumnElement[Any]] = [
        cast(rows.c[name], JSON) if isinstance(table.c[name].type, JSON) else rows.c[name]
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


def _processor(table: Table, name: str, dialect: Dialect) -> Processor | None:
    """Return what makes of a value what the driver takes; None if it is the value itself."""
    if name not in table.c:
        return None
    kind: Any = table.c[name].type.dialect_impl(dialect)
    processor: Processor | None = kind.bind_processor(dialect)
    return processor


def _constant(table: Table, name: str, compiled: SQLCompiler) -> Any:
    """Return what a place holds in every row: a literal of the statement, or a default."""
    value = compiled.params.get(name)
    if value is None and name in table.c and table.c[name].default is not None:
        value = getattr(table.c[name].default, "arg", None)
    return value
