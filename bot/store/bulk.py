"""Statements for many rows, compiled once: the driver gets plain tuples.

`execute` with a list of rows looks at each value of each row anew; for the thousand rows of a fold
that takes longer than the database does.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ClauseElement, Dialect, Table
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler

Processor = Callable[[Any], Any]


class Bulk:
    """An INSERT into a table, with ON CONFLICT perhaps, for rows with these names."""

    def __init__(
        self, statement: ClauseElement, table: Table, names: Sequence[str], dialect: Dialect
    ) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(names))
        if not isinstance(compiled, SQLCompiler) or compiled.positiontup is None:
            raise TypeError("only SQL with positions can be run in bulk")
        self._sql = compiled.string
        self._places = [
            (
                name if name in names else "",
                _processor(table, name, dialect),
                _constant(table, name, compiled),
            )
            for name in compiled.positiontup
        ]

    async def run(self, connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run the statement for each row."""
        columns: list[Sequence[Any]] = []
        for name, process, constant in self._places:
            if not name:
                columns.append([constant] * len(rows))
            elif process is None:
                columns.append([row[name] for row in rows])
            else:
                columns.append([process(row[name]) for row in rows])
        if rows:
            await connection.exec_driver_sql(self._sql, list(zip(*columns, strict=True)))


class _Place(NamedTuple):
    """What stands at a place of the statement: a value of the row, or the same in every row."""

    name: str
    process: Processor | None
    constant: Any


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
