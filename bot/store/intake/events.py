"""From requests to events: what a webhook says is stored in one transaction, or not at all."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, Text, case, cast, select
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from bot.store.alerts.fold import Folding
from bot.store.intake.arrivals import close_arrived
from bot.store.intake.group_commit import Answer, Intake, Submission, UnwritableError
from bot.store.options import Options
from bot.store.rows.event import delivered_row, event_of, event_row, quarantine_row
from bot.store.sql.bulk_insert import Upsert
from bot.store.sql.bulk_select import listed
from bot.store.sql.columns import hashed, subject_of
from bot.store.sql.database import Database, cause_of, of_driver
from bot.store.sql.tables import (
    UNTRIAGED,
    arrivals,
    events,
    jobs,
    quarantine,
    replays,
    source_hours,
    sources,
)
from handlers.errors import BusyError, ReplayedError
from handlers.provider import Confirmation, Parsed, Unusable, WebhookRequest
from handlers.store import JobState
from resolutions.alert import Triaged
from resolutions.bounce import BounceEvent

SLICE = 500
"""Rows that are made or written without a break, so that others get their turn."""

SMALL_SLICE = 100
"""Rows that are read without a break: to make an event of one takes longer."""

CONFIRM = "confirm_subscription"
US = "bounce"
EVENT = ("key", "source", "received_at", "body", "raw")
ARRIVAL = ("key", "delivery_key", "at", "occurred_at")
COUNTED = ("events", "delivered", "quarantined")


@dataclass(frozen=True, slots=True)
class Recording:
    """One request with the rows that it becomes."""

    request: WebhookRequest
    parsed: Parsed
    events: list[dict[str, Any]] = field(default_factory=list)
    delivered: list[dict[str, Any]] = field(default_factory=list)
    unusable: list[dict[str, Any]] = field(default_factory=list)

    @property
    def submission(self) -> Submission:
        """Return it as the intake counts it."""
        rows = len(self.events) + len(self.delivered) + len(self.unusable)
        return Submission(self, rows, 2 * len(self.request.body))

    def halves(self) -> "list[Recording]":
        """Return two parts of it, none if it is one row only."""
        told, arrived = self.events, self.delivered
        if told and arrived:
            return [replace(self, delivered=[]), replace(self, events=[], unusable=[])]
        if len(told) + len(arrived) < 2:
            return []
        first = replace(self, events=_first(told), delivered=_first(arrived))
        rest = replace(self, events=told[len(told) // 2 :], delivered=arrived[len(arrived) // 2 :])
        return [first, replace(rest, unusable=[])]

    def as_unusable(self, why: str) -> "Recording":
        """Return it as what was not understood: the element it is about, or the whole body."""
        raw = [row["raw"] for row in self.events if row["raw"]]
        body = raw[0].encode("utf-8", "replace") if raw else self.request.body
        kept = quarantine_row(self.request, Unusable(body, f"it cannot be stored: {why}"))
        return Recording(self.request, Parsed(), unusable=[*self.unusable, kept])


class SqlEvents:
    """The table of events, and all that a request brings beside them."""

    def __init__(self, database: Database, options: Options) -> None:
        self._database = database
        self._options = options
        self._folding = Folding(database, options)
        self.intake = Intake(self._write, self._give_up, options.limits)

    async def start(self, stack: AsyncExitStack) -> None:
        """Start the writer; it ends with the stack, after having written what waits."""
        await stack.enter_async_context(self.intake)

    async def record(self, request: WebhookRequest, parsed: Parsed) -> int:
        """Store all a request said in one transaction and return how many events were new.

        Raises BusyError when the queue is full or the database cannot be written, and
        ReplayedError when a replay guard knows the token with another event id.
        """
        recording = Recording(request, parsed)
        for start in range(0, max(len(parsed.events), len(parsed.delivered)), SLICE):
            if start:
                await asyncio.sleep(0)
            told, arrived = parsed.events[start:][:SLICE], parsed.delivered[start:][:SLICE]
            recording.events.extend(event_row(each, request.received_at) for each in told)
            recording.delivered.extend(
                delivered_row(each, self._database.clock()) for each in arrived
            )
        recording.unusable.extend(quarantine_row(request, each) for each in parsed.unusable)
        return await self.intake.submit(recording.submission)

    async def untriaged(self, limit: int, after: int = 0) -> list[tuple[int, BounceEvent]]:
        """Return events not yet triaged with an id above `after`, oldest first."""
        body = cast(events.c.body, Text)
        query = select(events.c.id, events.c.source, body).where(UNTRIAGED, events.c.id > after)
        query = query.order_by(events.c.id).limit(limit)
        async with self._database.reading() as connection:
            rows = await connection.run_sync(listed, query)
        found: list[tuple[int, BounceEvent]] = []
        for start in range(0, len(rows), SMALL_SLICE):
            found += [
                (number, event_of(source, json.loads(said)))
                for number, source, said in rows[start:][:SMALL_SLICE]
            ]
            await asyncio.sleep(0)
        return found

    async def fold(self, triaged: Sequence[Triaged]) -> int:
        """Claim the events, fold those it got into deliveries and alerts; return how many."""
        return await self._folding.fold(triaged)

    # The writer's side

    async def _write(self, group: Sequence[Recording]) -> list[Answer]:
        try:
            return await self._database.write(
                lambda connection: Group(self._database, self._options, connection, group).run()
            )
        except of_driver("PostgresError", OSError, TimeoutError, SQLAlchemyError) as error:
            if is_of_data(error):
                raise UnwritableError(_line(error)) from error
            raise BusyError(_line(error)) from error
        except (ValueError, TypeError, LookupError, ArithmeticError) as error:
            raise UnwritableError(_line(error)) from error

    async def _give_up(self, recording: Recording, why: str) -> int:
        """Store what can be stored of a request, and keep the culprit as the bytes it came in."""
        halves = recording.halves()
        if not halves:
            await self._write([recording.as_unusable(why)])
        new = 0
        for half in halves:
            try:
                [answer] = await self._write([half])
            except UnwritableError as error:
                answer = await self._give_up(half, str(error))
            new += answer if isinstance(answer, int) else 0
        return new


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

    def run(self) -> list[Answer]:
        """Write everything but what is replayed; return an answer for each request.

        Rows are sorted by key, so that two processes cannot wait for one another.
        """
        replayed = self._replayed()
        taken = [each for each in self._group if id(each) not in replayed]
        new = self._insert(events, EVENT, [row for each in taken for row in each.events])
        fresh = self._arrivals([row for each in taken for row in each.delivered])
        unusable = [row for each in taken for row in each.unusable]
        if unusable:
            self._connection.execute(quarantine.insert(), unusable)
        self._confirmations([each.parsed.confirmation for each in taken])
        counts = {id(each): _counted(each, new, fresh) for each in taken}
        self._counters(taken, counts)
        return [replayed.get(id(each)) or counts[id(each)]["events"] for each in self._group]

    def _insert(
        self, table: Table, names: tuple[str, ...], rows: Sequence[dict[str, Any]]
    ) -> dict[str, int]:
        """Insert the rows whose key is not known yet; return their keys, each with a 1."""
        distinct = {row["key"]: row for row in reversed(rows)}
        order = sorted(distinct) if self._database.is_postgres else list(reversed(distinct))
        bulk = self._database.bulk(_unless_known, table, names)
        new: dict[str, int] = {}
        for start in range(0, len(order), SLICE):
            part = [distinct[key] for key in order[start:][:SLICE]]
            new.update(dict.fromkeys(bulk.add(self._connection, part), 1))
        return new

    def _arrivals(self, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
        """Remember arrivals, close the deliveries that waited for them; return the new ones."""
        new = self._insert(arrivals, ARRIVAL, rows)
        fresh = list({row["key"]: row for row in rows if row["key"] in new}.values())
        if fresh:
            close_arrived(self._database, self._options, self._connection, fresh)
        return new

    def _replayed(self) -> dict[int, ReplayedError]:
        """Return the requests whose token came with another event before."""
        guarded = [
            (hashed(each.request.source, guard.token), hashed(guard.event_id), guard, each)
            for each in self._group
            if (guard := each.parsed.replay) is not None
        ]
        if not guarded:
            return {}
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
        found = self._connection.execute(remember, rows)
        known = {row.key: row.event_key for row in found}
        return {
            id(each): ReplayedError("the token came with another event before")
            for key, event, _, each in guarded
            if known[key] != event
        }

    def _confirmations(self, asked: Sequence[Confirmation | None]) -> None:
        """Write a job for each subscription to confirm; the same one is confirmed once."""
        rows = [_job(each, self._now) for each in asked if each is not None]
        if rows:
            insert = self._database.insert(jobs).on_conflict_do_nothing()
            self._connection.execute(insert, rows)

    def _counters(
        self, taken: Sequence[Recording], counts: Mapping[int, Mapping[str, int]]
    ) -> None:
        """Count what each source sent in the hour; last, for these rows are everybody's."""
        sums: dict[str, dict[str, int]] = {}
        for each in sorted(taken, key=lambda each: each.request.source):
            row = sums.setdefault(each.request.source, dict.fromkeys(COUNTED, 0))
            for name, number in counts[id(each)].items():
                row[name] += number
        hour = self._now.replace(minute=0, second=0, microsecond=0)
        rows = [{"source": source, "hour": hour, **row} for source, row in sums.items()]
        heard = [{"source": source, "last_event_at": self._now} for source in sums]
        counters = self._database.bulk(_add_counts, source_hours, ("source", "hour", *COUNTED))
        counters.run(self._connection, rows)
        last = self._database.bulk(_hear_later, sources, ("source", "last_event_at"))
        last.run(self._connection, heard)


def _add_counts(insert: Upsert) -> Upsert:
    sums = {name: source_hours.c[name] + insert.excluded[name] for name in COUNTED}
    return insert.on_conflict_do_update(index_elements=["source", "hour"], set_=sums)


def _hear_later(insert: Upsert) -> Upsert:
    last = {"last_event_at": insert.excluded.last_event_at}
    return insert.on_conflict_do_update(index_elements=["source"], set_=last)


def _unless_known(insert: Upsert) -> Upsert:
    return insert.on_conflict_do_nothing()


def _first(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return rows[: len(rows) // 2]


def _counted(recording: Recording, new: dict[str, int], fresh: dict[str, int]) -> dict[str, int]:
    """Return what of a request is new; of two in a group that say the same, the first counts."""
    return {
        "events": sum(new.pop(row["key"], 0) for row in recording.events),
        "delivered": sum(fresh.pop(row["key"], 0) for row in recording.delivered),
        "quarantined": len(recording.unusable),
    }


def is_of_data(error: Exception) -> bool:
    """Tell whether an error is the fault of what was to be written, and not of the database."""
    if not isinstance(error, DBAPIError):
        return not isinstance(error, of_driver("PostgresError", OSError, TimeoutError))
    if error.connection_invalidated:
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return str(state)[:2] in {"22", "23", "54"}
    cause = getattr(error.orig, "__cause__", None)
    if isinstance(cause, of_driver("InterfaceError")):
        return isinstance(cause, ValueError)
    return not isinstance(error, OperationalError)


def _line(error: Exception) -> str:
    cause = cause_of(error)
    return f"{type(cause).__name__}: {cause}".splitlines()[0][:300]


def _job(asked: Confirmation, now: datetime) -> dict[str, Any]:
    arguments = {
        "source": asked.source,
        "topic": asked.topic,
        "token": asked.token,
        "link": asked.link,
    }
    subject = subject_of(None, arguments)
    return {
        "key": f"{CONFIRM}:{subject}:1",
        "name": CONFIRM,
        "subject": subject,
        "by": US,
        "arguments": arguments,
        "run_at": now,
        "state": JobState.WAITING.value,
        "created_at": now,
    }
