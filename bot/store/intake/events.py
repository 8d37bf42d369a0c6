"""From requests to events: what a webhook says is stored in one transaction, or not at all."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from bot.store.alerts.fold import Folding
from bot.store.intake.group import Group
from bot.store.intake.group_commit import Answer, Intake, UnwritableError
from bot.store.intake.recording import Recording
from bot.store.options import Options
from bot.store.rows.event import event_of
from bot.store.sql.bulk_select import listed
from bot.store.sql.database import Database, cause_of, of_driver
from bot.store.sql.tables import UNTRIAGED, events
from handlers.errors import BusyError
from handlers.provider import Parsed, WebhookRequest
from resolutions.alert import Triaged
from resolutions.bounce import BounceEvent

SMALL_SLICE = 100
"""Rows that are read without a break: to make an event of one takes longer than to write it."""


class SqlEvents:
    """The table of events, and all that a request brings beside them."""

    def __init__(self, database: Database, options: Options) -> None:
        self._database = database
        self._folding = Folding(database, options)
        self._intake = Intake(GroupWriter(database, options), options.limits)

    async def start(self, stack: AsyncExitStack) -> None:
        """Start the writer; it ends with the stack, after having written what waits."""
        await stack.enter_async_context(self._intake)

    async def record(self, request: WebhookRequest, parsed: Parsed) -> int:
        """Store all a request said in one transaction and return how many events were new.

        Raises BusyError when the queue is full or the database cannot be written, and
        ReplayedError when a replay guard knows the token with another event id.
        """
        recording = await Recording.of(request, parsed, self._database.clock())
        return await self._intake.submit(recording)

    async def untriaged(self, limit: int, after: int = 0) -> list[tuple[int, BounceEvent]]:
        """Return events not yet triaged with an id above `after`, oldest first."""
        query = select(events.c.id, events.c.source, events.c.body)
        query = query.where(UNTRIAGED, events.c.id > after).order_by(events.c.id).limit(limit)
        async with self._database.reading() as connection:
            rows = await connection.run_sync(listed, query)
        waiting: list[tuple[int, BounceEvent]] = []
        for start in range(0, len(rows), SMALL_SLICE):
            waiting += [
                (number, event_of(source, body))
                for number, source, body in rows[start:][:SMALL_SLICE]
            ]
            await asyncio.sleep(0)
        return waiting

    async def fold(self, triaged: Sequence[Triaged]) -> int:
        """Claim the events, fold those it got into deliveries and alerts; return how many."""
        return await self._folding.fold(triaged)


class GroupWriter:
    """Writes groups of requests, and what can be written of one that cannot be."""

    def __init__(self, database: Database, options: Options) -> None:
        self._database = database
        self._options = options

    async def write(self, group: Sequence[Recording]) -> list[Answer]:
        """Store a group in one transaction; return an answer for each request."""
        try:
            await self._database.write(
                lambda connection: Group(self._database, self._options, connection, group).run()
            )
        except of_driver("PostgresError", OSError, TimeoutError, SQLAlchemyError) as error:
            if is_of_data(error):
                raise UnwritableError(_line(error)) from error
            raise BusyError(_line(error)) from error
        except (ValueError, TypeError, LookupError, ArithmeticError) as error:
            raise UnwritableError(_line(error)) from error
        return [recording.answer for recording in group]

    async def give_up(self, recording: Recording, why: str) -> int:
        """Store what can be stored of a request, and keep the culprit as the bytes it came in."""
        halves = recording.halves()
        if not halves:
            await self.write([recording.as_unusable(why)])
        new = 0
        for half in halves:
            try:
                [answer] = await self.write([half])
            except UnwritableError as error:
                answer = await self.give_up(half, str(error))
            new += answer if isinstance(answer, int) else 0
        return new


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
