"""UPDATEs of many rows at once, each found by its id, as `bulk_insert` does with INSERTs."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Table, Text, bindparam, func, update

from bot.store.sql.bulk_insert import Row, arrays_of, columns_of, processor_of, unnested


class BulkUpdate:
    """Sets some columns of rows, which PostgreSQL gets as arrays and SQLite as one JSON text."""

    def __init__(self, table: Table, names: Sequence[str], dialect: Dialect) -> None:
        self._names = ("id", *names)
        self._processors = [processor_of(table, name, dialect) for name in self._names]
        self._is_postgres = dialect.name == "postgresql"
        given = _arrays(table, self._names) if self._is_postgres else _elements(self._names)
        number = given.pop("id")
        self._statement = update(table).where(table.c.id == number).values(given)

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Change the rows, each begun by its id; no two may have the same."""
        if not rows:
            return
        if self._is_postgres:
            connection.execute(self._statement, arrays_of(rows, self._names, self._processors))
            return
        elements = list(zip(*columns_of(rows, self._processors), strict=True))
        connection.execute(self._statement, {"elements": json.dumps(elements)})


def _arrays(table: Table, names: Sequence[str]) -> dict[str, ColumnElement[Any]]:
    rows = unnested(table, names).subquery("changed")
    return {name: rows.c[name] for name in names}


def _elements(names: Sequence[str]) -> dict[str, ColumnElement[Any]]:
    rows = func.json_each(bindparam("elements", type_=Text)).table_valued("value")
    return {name: func.json_extract(rows.c.value, f"$[{n}]") for n, name in enumerate(names)}
