"""How things stand: what the sources sent lately, and how much waits to be done."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, func, select

from bot.store.rows.value import value_of
from bot.store.sql.database import Database
from bot.store.sql.tables import (
    FLUSHING,
    JOB_RUNS,
    JOB_WAITS,
    NOTE_DUE,
    UNTRIAGED,
    alerts,
    events,
    jobs,
    notes,
    source_hours,
    sources,
)
from handlers.store import SourceHealth

DAY = timedelta(hours=24)


class SqlHealth:
    """Counts over many tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sources(self) -> list[SourceHealth]:
        """Return what each source sent in the last 24 hours (by whole hours)."""
        recent = source_hours.c.hour > self._database.clock() - DAY
        joined = (source_hours.c.source == sources.c.source) & recent
        query = (
            select(
                sources.c.source,
                sources.c.last_event_at,
                *(
                    func.coalesce(func.sum(column), 0).label(column.name)
                    for column in (
                        source_hours.c.events,
                        source_hours.c.delivered,
                        source_hours.c.quarantined,
                    )
                ),
            )
            .select_from(sources.outerjoin(source_hours, joined))
            .group_by(sources.c.source, sources.c.last_event_at)
            .order_by(sources.c.source)
        )
        async with self._database.reading() as connection:
            return [_source(row) for row in await connection.execute(query)]

    async def depths(self) -> dict[str, int]:
        """Return how much waits to be done, by kind.

        `posts` are alerts without a Slack message yet, also those that still gather; `jobs` are
        due now, `scheduled` later.
        """
        due = jobs.c.run_at <= self._database.moment()
        queries = {
            "events": _number(events, UNTRIAGED),
            "posts": _number(alerts, FLUSHING, alerts.c.ts == ""),
            "updates": _number(alerts, FLUSHING, alerts.c.ts != ""),
            "notes": _number(notes, NOTE_DUE),
            "jobs": _number(jobs, JOB_WAITS, due),
            "scheduled": _number(jobs, JOB_WAITS, ~due),
            "running": _number(jobs, JOB_RUNS),
        }
        query = select(*(one.scalar_subquery().label(name) for name, one in queries.items()))
        async with self._database.reading() as connection:
            numbers = (await connection.execute(query)).mappings().one()
        return {name: int(numbers[name]) for name in queries}


def _number(table: Table, *where: ColumnElement[bool]) -> Select[int]:
    return select(func.count()).select_from(table).where(*where)


def _source(row: Row[Any]) -> SourceHealth:
    """Return it with whole numbers: the sums of PostgreSQL are decimals."""
    counts = {name: int(getattr(row, name)) for name in ("events", "delivered", "quarantined")}
    return value_of(SourceHealth, row, **counts)
