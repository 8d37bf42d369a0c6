"""The database below the store: connections, transactions, one writer at a time on SQLite.

Nothing of the store may open a transaction within another: on SQLite it would wait for itself.
"""

import asyncio
import fcntl
import os
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import asyncpg
from sqlalchemy import ColumnElement, Table, any_, cast, event, func, literal, select, type_coerce
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.types import BigInteger

from bot.store.bulk import Arrays, Bulk, Make, Tuples, Upsert
from bot.store.columns import Moment, hashed
from handlers.errors import TemporaryError
from handlers.provider import Clock

BUSY_MILLISECONDS = 1_000
"""How long a write waits for the command line beside it; the webhooks' answer is due in 5 s."""

URGENT_SECONDS = 1.2
"""How long a person's write waits for its turn; with the above, an ack is within Slack's 3 s."""

READERS = 4
POSTGRES_CONNECTIONS = 12
CONNECT_SECONDS = 4
COMMAND_SECONDS = 60

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    f"PRAGMA busy_timeout={BUSY_MILLISECONDS}",
    "PRAGMA cache_size=-32768",
    "PRAGMA temp_store=MEMORY",
)


class AwayError(TemporaryError, OSError):
    """The database does not answer; what was asked of it was not begun."""


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
        self._turnstile = Turnstile()
        self._bulks: dict[tuple[object, tuple[str, ...]], Bulk] = {}
        self._lock: FileLock | None = None

    @classmethod
    def at(cls, url: str, clock: Clock, own_clock: bool = False) -> Self:
        """Return the database at an address; nothing is connected yet.

        Raises ValueError, with a text for people, where the address is not one of ours.
        """
        address = _address(url)
        if address.get_backend_name() == "sqlite":
            writer = _sqlite_engine(address, 1, "BEGIN IMMEDIATE")
            return cls(address, writer, _sqlite_engine(address, READERS, "BEGIN"), clock, own_clock)
        engine = _postgres_engine(address)
        reader = engine.execution_options(isolation_level="REPEATABLE READ")
        return cls(address, engine, reader, clock, own_clock)

    def claim_file(self) -> None:
        """Refuse to share an SQLite file with another `serve` (raises OSError)."""
        if not self.is_postgres:
            self._lock = FileLock(Path(f"{self.url.database}.lock"))

    async def close(self) -> None:
        """Close every connection."""
        await self._writer.dispose()
        if not self.is_postgres:
            await self._reader.dispose()
        if self._lock is not None:
            self._lock.release()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection that sees one moment of the database."""
        async with _reached(self._reader.connect()) as connection:
            yield connection

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
        async with self._turnstile.turn(urgent), _reached(self._writer.begin()) as connection:
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
        return postgresql.insert(table) if self.is_postgres else sqlite.insert(table)

    def bulk(self, make: Make, table: Table, names: tuple[str, ...]) -> Bulk:
        """Return an INSERT for many rows, to which `make` adds what to do on a conflict."""
        known = self._bulks.get((make, names))
        if known is None:
            kind = Arrays if self.is_postgres else Tuples
            known = kind(make, table, names, self._writer.dialect)
            self._bulks[make, names] = known
        return known

    def among(self, column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
        """Return SQL for a column having one of many values: an array where that is quicker."""
        if not self.is_postgres:
            return column.in_(values)
        array = literal(list(values), postgresql.ARRAY(column.type))
        return column == any_(array)

    async def lock(self, connection: AsyncConnection, name: str) -> None:
        """Let one transaction at a time pass, over all processes, until it ends.

        SQLite has one writer anyway. Take it after the contacts' rows and before the alerts'.
        """
        if self.is_postgres:
            number = int(hashed(name)[:15], 16)
            await connection.execute(select(func.pg_advisory_xact_lock(number)))


class Turnstile:
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
        except (OSError, PoolTimeoutError, asyncpg.PostgresError) as error:
            raise AwayError(f"the database does not answer: {error}") from error
        yield connection


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise ValueError("not an address; write sqlite:///bounce.db or postgresql://…") from error
    scheme = address.drivername.partition("+")[0]
    if scheme == "sqlite":
        return _sqlite_address(address)
    if scheme in {"postgresql", "postgres"}:
        return _postgres_address(address)
    raise ValueError(f"{scheme}:// is not supported; write sqlite:///bounce.db or postgresql://…")


def _sqlite_address(address: URL) -> URL:
    if not address.database or address.database == ":memory:":
        raise ValueError("SQLite needs a file: sqlite:///bounce.db")
    path = Path(address.database).absolute()
    if not path.parent.is_dir():
        raise ValueError(f"the folder {path.parent} does not exist; create it")
    if path.is_dir():
        raise ValueError(f"{path} is a folder; name a file in it")
    return address.set(drivername="sqlite+aiosqlite", database=str(path))


def _postgres_address(address: URL) -> URL:
    """Return the address for asyncpg, which says `ssl` where others say `sslmode`."""
    mode = address.query.get("sslmode")
    if mode is not None:
        address = address.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return address.set(drivername="postgresql+asyncpg")


def _sqlite_engine(address: URL, connections: int, begin: str) -> AsyncEngine:
    engine = create_async_engine(
        address,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,  # addresses have no place in logs
        connect_args={"isolation_level": None},  # we begin ourselves
    )

    @event.listens_for(engine.sync_engine, "do_connect")
    def keep_private(*_: Any) -> None:
        """Make a new file for its owner alone; what SQLite puts beside it follows its mode.

        A file that is there is never opened here: to close it would free all locks that this
        process holds on it (https://sqlite.org/howtocorrupt.html, 2.2).
        """
        with suppress(OSError):
            os.close(os.open(str(address.database), os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "invalidate")
    def give_way(connection: Any, *_: Any) -> None:
        """Roll back what was cancelled: a closed connection keeps its lock while a cursor lives."""
        with suppress(sqlite3.Error):
            connection.rollback()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgres_engine(address: URL) -> AsyncEngine:
    return create_async_engine(
        address,
        pool_size=POSTGRES_CONNECTIONS,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "timeout": CONNECT_SECONDS,
            "command_timeout": COMMAND_SECONDS,
            "server_settings": {
                "plan_cache_mode": "force_custom_plan",
                "application_name": "bounce-desk",
            },
        },
    )
