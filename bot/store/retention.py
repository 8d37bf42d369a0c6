"""Forgets what is kept no longer, a few rows at a time, so that nobody waits for it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Delete, Select, delete, select, true, update

from bot.store.options import Retention
from bot.store.sql.columns import EPOCH
from bot.store.sql.database import Database
from bot.store.sql.tables import (
    DELIVERY_WAITS,
    JOB_UNFINISHED,
    NOTE_DUE,
    OPEN,
    alerts,
    arrivals,
    audit,
    deliveries,
    events,
    jobs,
    notes,
    quarantine,
    replays,
    resends,
    seen,
)

CHUNK = 1_000
ARRIVALS_KEPT = timedelta(hours=48)
"""For as long a provider may tell of the same arrival again."""


class SqlRetention:
    """Enforces the retention, kind by kind."""

    def __init__(self, database: Database, kept: Retention) -> None:
        self._database = database
        self._kept = kept
        self._stripped = EPOCH

    async def prune(self) -> int:
        """Delete what is older than its retention; return how many rows were concerned."""
        number = await self._strip_raw()
        for rule in self._rules():
            async for keys in self._chunks(rule.query()):
                async with self._database.writing() as connection:
                    await connection.execute(rule.deletion(keys))
                number += len(keys)
        return number

    def _rules(self) -> list["RetentionRule"]:
        kept, now = self._kept, self._database.clock()
        raw, event, log = now - kept.raw, now - kept.events, now - kept.audit
        closed = select(alerts.c.id).where(~OPEN)
        settled = ~DELIVERY_WAITS & deliveries.c.alert_id.in_(closed)
        asked_by_a_request = ~JOB_UNFINISHED & jobs.c.alert_id.is_(None)
        there = resends.c.delivery_id.in_(select(deliveries.c.id))
        return [
            RetentionRule(
                events.c.id, events.c.received_at, event, events.c.triaged_at.is_not(None)
            ),
            RetentionRule(deliveries.c.id, deliveries.c.occurred_at, event, settled),
            RetentionRule(quarantine.c.id, quarantine.c.received_at, raw),
            RetentionRule(audit.c.id, audit.c.at, log),
            RetentionRule(seen.c.key, seen.c.until, now),
            RetentionRule(replays.c.key, replays.c.until, now),
            RetentionRule(arrivals.c.key, arrivals.c.at, now - ARRIVALS_KEPT),
            RetentionRule(notes.c.id, notes.c.created_at, event, ~NOTE_DUE, scattered=True),
            RetentionRule(jobs.c.id, jobs.c.finished_at, log, ~JOB_UNFINISHED, scattered=True),
            RetentionRule(jobs.c.id, jobs.c.finished_at, raw, asked_by_a_request, scattered=True),
            RetentionRule(resends.c.delivery_id, resends.c.at, event, ~there, scattered=True),
        ]

    async def _strip_raw(self) -> int:
        """Drop the bodies of older events; what an earlier run saw is not looked at again."""
        before, number = self._database.clock() - self._kept.raw, 0
        stripped = events.c.received_at >= self._stripped
        old = RetentionRule(
            events.c.id, events.c.received_at, before, stripped & events.c.raw.is_not(None)
        )
        async for keys in self._chunks(old.query()):
            emptying = update(events).where(events.c.id.in_(keys)).values(raw=None)
            async with self._database.writing() as connection:
                await connection.execute(emptying)
            number += len(keys)
        self._stripped = before
        return number

    async def _chunks(self, query: Select[Any]) -> AsyncIterator[list[Any]]:
        """Yield keys, until there are no more; whoever asks deals with them before the next."""
        while True:
            async with self._database.reading() as connection:
                keys = list((await connection.execute(query)).scalars())
            if keys:
                yield keys
            if len(keys) < CHUNK:
                return


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """What of a table is deleted: rows whose time is before another, and a condition more.

    No index leads to the times of a `scattered` table: only its oldest rows are looked at.
    """

    key: Column[Any]
    at: Column[datetime]
    before: datetime
    where: ColumnElement[bool] = field(default_factory=true)
    scattered: bool = False

    def query(self) -> Select[Any]:
        """Return the query for the keys of the next chunk."""
        query = select(self.key).where(self.at < self.before, self.where).limit(CHUNK)
        if not self.scattered:
            return query.order_by(self.at)
        oldest = select(self.key).order_by(self.key).limit(CHUNK).subquery()
        return query.where(self.key.in_(select(oldest.c[self.key.name])))

    def deletion(self, keys: Sequence[Any]) -> Delete:
        """Return the deletion of a chunk, of what is still as old as it was."""
        return delete(self.key.table).where(self.key.in_(keys), self.at < self.before)
