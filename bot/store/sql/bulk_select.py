"""Questions about many values at once.

On SQLite the values go in, and the rows come out, as one JSON text: for each row that is fetched
the thread would give the interpreter away and wait for it again.
"""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, Select, Text, any_, func, literal, select


def among(
    connection: Connection, column: ColumnElement[Any], values: Collection[Any]
) -> ColumnElement[bool]:
    """Return SQL for a column having one of many values, numbers or texts."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # loaded where it is used

        return column == any_(literal(list(values), postgresql.ARRAY(column.type)))
    given = func.json_each(literal(json.dumps(list(values)), Text)).table_valued("value")
    return column.in_(select(given.c.value))


def listed(connection: Connection, query: Select[Any]) -> list[Any]:
    """Return the rows of a query for numbers, texts and JSON, which is parsed."""
    if connection.dialect.name == "postgresql":
        return [tuple(row) for row in connection.execute(query)]
    rows = query.subquery().c
    columns = [func.json(column) if isinstance(column.type, JSON) else column for column in rows]
    together = select(func.json_group_array(func.json_array(*columns), type_=Text))
    values: list[Any] = json.loads(connection.execute(together).scalar_one())
    return values
