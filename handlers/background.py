"""What follows the ack of a click: work that a person waits for, but Slack does not."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

SETTLE_SECONDS = 1.5
"""How long what is under way may hold up the end: less than a stop may take."""

log = logging.getLogger(__name__)


class Background:
    """Runs work in tasks that are kept, for the loop itself holds no task; errors are logged."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, object]) -> None:
        """Begin some work."""
        task = asyncio.create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Wait until all work is done, also what it starts itself."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        """Wait for what is under way, some seconds at most; break off the rest."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                await self.settle()


async def _logged(work: Coroutine[Any, Any, object]) -> None:
    try:
        await work
    except Exception:
        log.exception("an answer failed", extra={"work": repr(work)})
