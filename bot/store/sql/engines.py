"""What opens connections to an address: engines of SQLAlchemy, set as the store needs them."""

import json
import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

BUSY_MILLISECONDS = 1_000
"""How long a write waits for the command line beside it; the webhooks' answer is due in 5 s."""

READERS = 4
POSTGRES_CONNECTIONS = 12
CONNECT_SECONDS = 4
COMMAND_SECONDS = 60

WRITER_KILOBYTES = 32_768
OTHERS_KILOBYTES = 8_192
"""What a connection may keep of the file: most for the one that writes and asks the most."""

LOG_PAGES = 8_000
"""Pages (of 4 kB) in the write-ahead log before it goes into the file: a page that changes often
is then copied once, and the disk waited for less often."""

_PAUSE_MILLISECONDS = 10

_PRAGMAS = (
    "PRAGMA synchronous=FULL",
    f"PRAGMA busy_timeout={BUSY_MILLISECONDS}",
    "PRAGMA temp_store=MEMORY",
    f"PRAGMA wal_autocheckpoint={LOG_PAGES}",
)


_write_json = json.JSONEncoder(check_circular=False, separators=(",", ":")).encode
"""Writes what we made ourselves: it holds no circle, and nobody reads it."""


def address_of(url: str) -> URL:
    """Return an address with its driver; raises ValueError with a text for people."""
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


def sqlite_engine(address: URL, connections: int, begin: str) -> AsyncEngine:
    """Return what opens connections for the loop."""
    engine = create_async_engine(
        address,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,  # addresses have no place in logs
        json_serializer=_write_json,
        connect_args={"isolation_level": None},  # we begin ourselves
    )
    _prepare(engine.sync_engine, begin, OTHERS_KILOBYTES)
    return engine


def sqlite_writer(address: URL) -> Engine:
    """Return what opens the connection of the thread that writes."""
    engine = create_engine(
        address.set(drivername="sqlite"),
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,
        json_serializer=_write_json,
        connect_args={"isolation_level": None},
    )
    event.listen(engine, "connect", _write_ahead)
    _prepare(engine, "BEGIN IMMEDIATE", WRITER_KILOBYTES)
    return engine


def _write_ahead(connection: Any, _: Any) -> None:
    """Switch the file to a write-ahead log, for good.

    SQLite does not wait by itself for another process that does it at the same moment.
    """
    for left in reversed(range(BUSY_MILLISECONDS // _PAUSE_MILLISECONDS)):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if not left or error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(_PAUSE_MILLISECONDS / 1_000)
        else:
            return


def _prepare(engine: Engine, begin: str, kilobytes: int) -> None:
    """Set what every connection and every transaction begins with."""

    @event.listens_for(engine, "do_connect")
    def keep_private(*_: Any) -> None:
        """Make a new file for its owner alone; what SQLite puts beside it follows its mode.

        A file that is there is never opened here: to close it would free all locks that this
        process holds on it (https://sqlite.org/howtocorrupt.html, 2.2).
        """
        with suppress(OSError):
            file = str(engine.url.database)
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        for pragma in (*_PRAGMAS, f"PRAGMA cache_size=-{kilobytes}"):
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "invalidate")
    def give_way(connection: Any, *_: Any) -> None:
        """Roll back what was cancelled: a closed connection keeps its lock while a cursor lives."""
        with suppress(sqlite3.Error):
            connection.rollback()

    @event.listens_for(engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)


def postgres_engine(address: URL) -> AsyncEngine:
    """Return what opens connections to PostgreSQL."""
    return create_async_engine(
        address,
        pool_size=POSTGRES_CONNECTIONS,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,
        json_serializer=_write_json,
        connect_args={
            "timeout": CONNECT_SECONDS,
            "command_timeout": COMMAND_SECONDS,
            "server_settings": {
                "plan_cache_mode": "force_custom_plan",
                "application_name": "bounce-desk",
            },
        },
    )
