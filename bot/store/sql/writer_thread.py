"""The one thread that writes to an SQLite file: it runs a transaction whole, from begin to commit.

To go to the driver's thread for each statement and back costs more than the statement itself.
"""

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from sqlalchemy import Connection, Engine

Result = TypeVar("Result")


SWITCH_SECONDS = 0.001
"""After each statement the thread waits for the interpreter: for so long at most, where another
thread has it."""


class WriterThread:
    """Runs transactions one after the other, each in one go."""

    def __init__(self, engine: Engine) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        self.engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in a transaction and return what it returns, once that is durable.

        It cannot be stopped half way: who is cancelled meanwhile waits for its end.
        """
        loop = asyncio.get_running_loop()
        writing = loop.run_in_executor(self._thread, self._transact, work)
        try:
            return await asyncio.shield(writing)
        except asyncio.CancelledError:
            while not writing.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([writing])
            raise

    async def close(self) -> None:
        """Close the connection; nothing may be written after."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self.engine.dispose)
        self._thread.shutdown()

    def _transact(self, work: Callable[[Connection], Result]) -> Result:
        with self.engine.begin() as connection:
            return work(connection)
