"""The loops that do the work after the 200: triage, posting, jobs, housekeeping.

A loop that fails is logged and goes on after a pause; nothing it worked on is lost, because what
is to be done stands in the database and not here.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from bot.job_runner import JobRunner
from bot.store.store import SqlStore
from handlers.posting import Poster
from handlers.triage import Triage

TRIAGE_SECONDS = 1.0
POSTING_SECONDS = 0.2
JOBS_SECONDS = 0.5
HOUSEKEEPING_SECONDS = 60.0
FAILED_SECONDS = 2.0

log = logging.getLogger(__name__)


class Worker:
    """Keeps the loops of one process running. `wake` is set when new events were stored."""

    def __init__(
        self,
        store: SqlStore,
        triage: Triage,
        posters: Sequence[Poster],
        job_runner: JobRunner,
    ) -> None:
        self._store = store
        self._triage = triage
        self._posters = posters
        self.job_runner = job_runner
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Run until cancelled; jobs under way are then handed back."""
        loops = [
            self._loop(self._triage_once, TRIAGE_SECONDS, self.wake),
            *(self._loop(poster.post, POSTING_SECONDS) for poster in self._posters),
            self._loop(self.job_runner.start, JOBS_SECONDS, self._store.jobs.scheduled),
            self._loop(self._store.alerts.close_quiet, HOUSEKEEPING_SECONDS),
            self._loop(self._store.retention.prune, HOUSEKEEPING_SECONDS),
        ]
        try:
            async with asyncio.TaskGroup() as group:
                for loop in loops:
                    group.create_task(loop)
        finally:
            await self.job_runner.abandon()

    async def settle(self) -> None:
        """Do what is to be done now and return when nothing is left (tests, `demo --once`)."""
        while await self._settle_once():
            pass

    async def _settle_once(self) -> bool:
        """Do all that is due; return whether anything was, for it may have caused more."""
        busy = False
        while await self._triage.triage():
            busy = True
        busy |= await self.job_runner.settle()
        for poster in self._posters:
            while await poster.post():
                busy = True
        return busy

    async def _triage_once(self) -> bool:
        return bool(await self._triage.triage())

    async def _loop(
        self,
        step: Callable[[], Awaitable[object]],
        pause: float,
        wake: asyncio.Event | None = None,
    ) -> None:
        """Take steps; a pause follows where one had nothing to do, ended early by `wake`."""
        wake = wake or asyncio.Event()
        while True:
            wake.clear()
            try:
                busy = await step()
            except Exception:
                log.exception("a step failed", extra={"step": step.__qualname__})
                await asyncio.sleep(FAILED_SECONDS)
                continue
            if not busy:
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await wake.wait()
