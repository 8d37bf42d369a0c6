"""The database below the store: connections, transactions, one writer at a time on SQLite.

Nothing of the store may open a transaction within another: on SQLite it would wait for itself.
"""

import asyncio
import fcntl
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    cast,
    func,
    literal,
    select,
    type_coerce,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.types import BigInteger

from bot.store.sql.bulk_insert import Bulk, Make, PostgresInsert, SqliteInsert, Upsert
from bot.store.sql.bulk_update import BulkUpdate
from bot.store.sql.columns import Moment, hashed
from bot.store.sql.engines import READERS, address_of, postgres_engine, sqlite_engine, sqlite_writer
from bot.store.sql.writer_thread import WriterThread
from handlers.errors import TemporaryError
from handlers.provider import Clock

URGENT_SECONDS = 1.2
"""How long a person's write waits; with BUSY_MILLISECONDS, an ack is within Slack's 3 s."""

Result = TypeVar("Result")


class AwayError(TemporaryError, OSError):
    """The database does not answer; what was asked of it was not begun."""


def of_driver(error: str, *beside: type[Exception]) -> tuple[type[Exception], ...]:
    """Return an error of asyncpg by its name, and those beside; alone where it is not in use.

    To import it here would load it for SQLite too, for a tenth of the time that a start takes.
    """
    asyncpg = sys.modules.get("asyncpg")
    return beside if asyncpg is None else (getattr(asyncpg, error), *beside)


def cause_of(error: BaseException) -> BaseException:
    """Return what the driver said, without the statement that it was given."""
    return error.orig if isinstance(error, DBAPIError) and error.orig else error


class Database:
    """One database, opened. `clock` is the process's; leases follow the database's own."""

    def __init__(
        self, url: URL, writer: AsyncEngine, reader: AsyncEngine, clock: Clock, own_clock: bool
    ) -> None:
        self.url = url
        self.clock = clock
        self.is_postgres = url.get_backend_name() == "postgresql"
        self._writer = writer
        self._reader = reader
        self._own_clock = own_clock or not self.is_postgres
        self._write_lock = WriteLock()
        self._thread = None if self.is_postgres else WriterThread(sqlite_writer(url))
        self._bulks: dict[tuple[object, tuple[str, ...]], Bulk] = {}
        self._changes: dict[tuple[Table, tuple[str, ...]], BulkUpdate] = {}
        self._lock: FileLock | None = None

    @classmethod
    def at(cls, url: str, clock: Clock, own_clock: bool = False) -> Self:
        """Return the database at an address; nothing is connected yet.

        Raises ValueError, with a text for people, where the address is not one of ours.
        """
        address = address_of(url)
        if address.get_backend_name() == "sqlite":
            writer = sqlite_engine(address, 1, "BEGIN IMMEDIATE")
            return cls(address, writer, sqlite_engine(address, READERS, "BEGIN"), clock, own_clock)
        engine = postgres_engine(address)
        reader = engine.execution_options(isolation_level="REPEATABLE READ")
        return cls(address, engine, reader, clock, own_clock)

    def claim_file(self) -> None:
        """Refuse to share an SQLite file with another `serve` (raises OSError)."""
        if not self.is_postgres:
            self._lock = FileLock(Path(f"{self.url.database}.lock"))

    async def close(self) -> None:
        """Close every connection."""
        await self._writer.dispose()
        if self._thread is not None:
            await self._reader.dispose()
            await self._thread.close()
        if self._lock is not None:
            self._lock.release()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection that sees one moment of the database."""
        async with _reached(self._reader.connect()) as connection:
            yield connection

    async def write(self, work: Callable[[Connection], Result], urgent: bool = False) -> Result:
        """Run `work` in a transaction and return what it returns, once that is committed.

        For what takes many statements: on SQLite it runs in a thread of its own, whole, so it
        may neither wait for the loop nor touch what the loop changes meanwhile.
        """
        if self._thread is None:
            async with _reached(self._writer.begin()) as connection:
                return await connection.run_sync(work)
        async with self._write_lock.turn(urgent):
            return await self._thread.write(work)

    @asynccontextmanager
    async def writing(self, urgent: bool = False) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction, committed at the end of the block.

        On SQLite writers take turns; `urgent` ones (a person waits) are next, and give up after
        URGENT_SECONDS (AwayError).
        """
        if self.is_postgres:
            async with _reached(self._writer.begin()) as connection:
                yield connection
            return
        async with self._write_lock.turn(urgent), _reached(self._writer.begin()) as connection:
            yield connection

    def moment(self, after: float = 0.0) -> ColumnElement[datetime]:
        """Return SQL for the present (or seconds later) by the clock that leases follow.

        The database's own on PostgreSQL, where several hosts hold leases; there it is stable
        within a statement, so that an index serves a comparison with it.
        """
        if self._own_clock:
            return literal(self.clock() + timedelta(seconds=after), Moment)
        epoch = func.extract("epoch", func.statement_timestamp())
        now = cast(epoch * 1_000_000, BigInteger) + literal(round(after * 1_000_000), BigInteger)
        return type_coerce(now, Moment)

    async def now(self, connection: AsyncConnection) -> datetime:
        """Return the present by the clock that leases follow."""
        if self._own_clock:
            return self.clock()
        return (await connection.execute(select(self.moment()))).scalar_one()

    def insert(self, table: Table) -> Upsert:
        """Return an INSERT that knows ON CONFLICT; hand its rows to `execute`, not to `values`."""
        if not self.is_postgres:
            return sqlite.insert(table)
        from sqlalchemy.dialects import postgresql  # loaded where it is used

        return postgresql.insert(table)

    def bulk(self, make: Make, table: Table, names: tuple[str, ...]) -> Bulk:
        """Return an INSERT for many rows, to which `make` adds what to do on a conflict."""
        if (make, names) not in self._bulks:
            kind = PostgresInsert if self.is_postgres else SqliteInsert
            self._bulks[make, names] = kind(make, table, names, self._writer.dialect)
        return self._bulks[make, names]

    def changes(self, table: Table, names: tuple[str, ...]) -> BulkUpdate:
        """Return an UPDATE of some columns for many rows, each with its id."""
        if (table, names) not in self._changes:
            self._changes[table, names] = BulkUpdate(table, names, self._writer.dialect)
        return self._changes[table, names]

    def lock(self, connection: Connection, name: str) -> None:
        """Let one transaction at a time pass, over all processes, until it ends.

        SQLite has one writer anyway. Take it after the contacts' rows and before the alerts'.
        """
        if self.is_postgres:
            number = int(hashed(name)[:15], 16)
            connection.execute(select(func.pg_advisory_xact_lock(number)))


class WriteLock:
    """Lets one task at a time through; urgent ones overtake, and give up after `patience` s."""

    def __init__(self, patience: float = URGENT_SECONDS) -> None:
        self._patience = patience
        self._busy = False
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def turn(self, urgent: bool) -> AsyncIterator[None]:
        """Wait for the turn and keep it for the block."""
        if urgent:
            await self._enter_soon()
        else:
            await self._enter(self._others)
        try:
            yield
        finally:
            self._leave()

    async def _enter_soon(self) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await self._enter(self._urgent)
        except TimeoutError as error:
            raise AwayError("the database is busy: another write takes too long") from error

    async def _enter(self, lane: deque[asyncio.Future[None]]) -> None:
        if not self._busy:
            self._busy = True
            return
        turn = asyncio.get_running_loop().create_future()
        lane.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._leave()  # it was our turn already: the next one's now
            with suppress(ValueError):
                lane.remove(turn)
            raise

    def _leave(self) -> None:
        for lane in (self._urgent, self._others):
            while lane:
                turn = lane.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._busy = False


class FileLock:
    """A lock on a file that lives as long as this process (the kernel frees it after a kill)."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise OSError(f"cannot write to {path.parent} ({error.strerror})") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise OSError(
                f"{path.with_suffix('')} is served by another bounce process; stop that one,"
                " or use PostgreSQL for several"
            ) from error

    def release(self) -> None:
        """Free the lock. The file stays: to remove it would race with who opens it now."""
        os.close(self._file)


@asynccontextmanager
async def _reached(
    connecting: AbstractAsyncContextManager[AsyncConnection],
) -> AsyncIterator[AsyncConnection]:
    async with AsyncExitStack() as stack:
        try:
            connection = await stack.enter_async_context(connecting)
        except of_driver("PostgresError", OSError, PoolTimeoutError) as error:
            raise AwayError(f"the database does not answer: {error}") from error
        yield connection
