"""Several requests in one transaction: all they say, each row once."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, case

from bot.store.intake.arrivals import close_arrived
from bot.store.intake.recording import SLICE, Recording
from bot.store.options import Options
from bot.store.rows.event import Arrival, EventRow
from bot.store.sql.bulk_insert import Upsert
from bot.store.sql.columns import hashed, subject_of
from bot.store.sql.database import Database
from bot.store.sql.tables import (
    arrivals,
    events,
    jobs,
    quarantine,
    replays,
    source_hours,
    sources,
)
from handlers.errors import ReplayedError
from handlers.store import JobState
from resolutions.alert import US

ARRIVAL = Arrival._fields[:4]


class SourceHour(NamedTuple):
    """What is added to a row of the hours of the sources."""

    source: str
    hour: datetime
    events: int
    delivered: int
    quarantined: int


class Group:
    """Several requests in one transaction."""

    def __init__(
        self,
        database: Database,
        options: Options,
        connection: Connection,
        group: Sequence[Recording],
    ) -> None:
        self._database = database
        self._options = options
        self._connection = connection
        self._group = group
        self._now = database.clock()

    def run(self) -> None:
        """Write everything but what is replayed, and answer each request.

        Rows are sorted by key, so that two processes cannot wait for one another. Of two requests
        that say the same, the first is said to be new.
        """
        self._refuse_replayed()
        taken = [one for one in self._group if not isinstance(one.answer, ReplayedError)]
        new = self._insert(events, EventRow._fields, [row for one in taken for row in one.events])
        fresh = self._arrivals([row for one in taken for row in one.arrived])
        if unusable := [row for one in taken for row in one.unusable]:
            self._connection.execute(quarantine.insert(), unusable)
        self._follow_up(taken)
        counts: dict[str, Counter[str]] = {}
        for one in taken:
            one.answer = _taken_from(new, one.events)
            counts.setdefault(one.request.source, Counter()).update(
                events=one.answer,
                delivered=_taken_from(fresh, one.arrived),
                quarantined=len(one.unusable),
            )
        self._count(counts)

    def _insert(self, table: Table, names: tuple[str, ...], rows: Sequence[Any]) -> set[str]:
        """Insert the rows whose key, the first value, is not known yet; return these keys."""
        distinct = {row[0]: row for row in reversed(rows)}
        order = sorted(distinct) if self._database.is_postgres else list(reversed(distinct))
        bulk = self._database.bulk(_unless_known, table, names)
        new: set[str] = set()
        for start in range(0, len(order), SLICE):
            part = [distinct[key][: len(names)] for key in order[start:][:SLICE]]
            new |= bulk.add(self._connection, part)
        return new

    def _arrivals(self, rows: Sequence[Arrival]) -> set[str]:
        """Remember arrivals, close the deliveries that waited for them; return the new ones."""
        new = self._insert(arrivals, ARRIVAL, rows)
        fresh = list({row.key: row for row in rows if row.key in new}.values())
        if fresh:
            close_arrived(self._database, self._options, self._connection, fresh)
        return new

    def _refuse_replayed(self) -> None:
        """Answer the requests whose token came with another event before."""
        for one in self._group:
            one.answer = 0
        guarded = [
            (hashed(one.request.source, guard.token), hashed(guard.event_id), guard, one)
            for one in self._group
            if (guard := one.parsed.replay) is not None
        ]
        if not guarded:
            return
        first = {key: (event, guard) for key, event, guard, _ in reversed(guarded)}
        rows = [
            {"key": key, "event_key": event, "until": self._now + guard.window}
            for key, (event, guard) in sorted(first.items())
        ]
        insert = self._database.insert(replays)
        over = replays.c.until < self._now
        remember = insert.on_conflict_do_update(
            index_elements=["key"],
            set_={
                name: case((over, insert.excluded[name]), else_=replays.c[name])
                for name in ("event_key", "until")
            },
        ).returning(replays.c.key, replays.c.event_key)
        remembered = {row.key: row.event_key for row in self._connection.execute(remember, rows)}
        for key, event, _, one in guarded:
            if remembered[key] != event:
                one.answer = ReplayedError("the token came with another event before")

    def _follow_up(self, taken: Sequence[Recording]) -> None:
        """Write the jobs that requests ask for; what is asked for again is done once."""
        wishes = (wish for one in taken for wish in one.parsed.follow_ups())
        rows = [_job(name, arguments, self._now) for name, arguments in wishes]
        if rows:
            insert = self._database.insert(jobs).on_conflict_do_nothing()
            self._connection.execute(insert, rows)

    def _count(self, counts: dict[str, Counter[str]]) -> None:
        """Count what each source sent in the hour; last, for these rows are everybody's."""
        hour = self._now.replace(minute=0, second=0, microsecond=0)
        rows = [SourceHour(source, hour, **counts[source]) for source in sorted(counts)]
        counters = self._database.bulk(_add_counts, source_hours, SourceHour._fields)
        counters.run(self._connection, rows)
        heard = [(row.source, self._now) for row in rows]
        last = self._database.bulk(_hear_later, sources, ("source", "last_event_at"))
        last.run(self._connection, heard)


def _taken_from(new: set[str], rows: Sequence[EventRow] | Sequence[Arrival]) -> int:
    """Return how many of some rows are new, and take them away from these."""
    own = {row.key for row in rows} & new
    new -= own
    return len(own)


def _add_counts(insert: Upsert) -> Upsert:
    sums = {name: source_hours.c[name] + insert.excluded[name] for name in SourceHour._fields[2:]}
    return insert.on_conflict_do_update(index_elements=["source", "hour"], set_=sums)


def _hear_later(insert: Upsert) -> Upsert:
    last = {"last_event_at": insert.excluded.last_event_at}
    return insert.on_conflict_do_update(index_elements=["source"], set_=last)


def _unless_known(insert: Upsert) -> Upsert:
    return insert.on_conflict_do_nothing()


def _job(name: str, arguments: dict[str, Any], now: datetime) -> dict[str, Any]:
    subject = subject_of(None, arguments)
    return {
        "key": f"{name}:{subject}:1",
        "name": name,
        "subject": subject,
        "by": US,
        "arguments": arguments,
        "run_at": now,
        "state": JobState.WAITING.value,
        "created_at": now,
    }
