"""The loops that do the work after the 200: triage, posting, jobs, housekeeping.

A loop that fails is logged and goes on after a pause; nothing it worked on is lost, because what
is to be done stands in the database and not here.
"""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from bot.store.store import SqlStore
from handlers.action import Action, Outcome, Stopped
from handlers.blocks import failed_job
from handlers.errors import PermanentError, TemporaryError, UncertainError
from handlers.posting import Poster
from handlers.provider import Clock
from handlers.store import Job, JobState, Note
from handlers.triage import Triage

JOBS_AT_ONCE = 8
LEASE_SECONDS = 60.0
ATTEMPTS = 8
"""Then a job is a dead letter, shown with a retry button; the waits before add up to two hours."""

TRIAGE_SECONDS = 1.0
POSTING_SECONDS = 0.2
JOBS_SECONDS = 0.5
HOUSEKEEPING_SECONDS = 60.0
FAILED_SECONDS = 2.0
REDRAW_SECONDS = 5.0

_jitter = random.SystemRandom()
log = logging.getLogger(__name__)


class Worker:
    """Keeps the loops of one process running. `wake` is set when new events were stored."""

    def __init__(
        self,
        store: SqlStore,
        triage: Triage,
        posters: Sequence[Poster],
        actions: Mapping[str, Action],
        clock: Clock,
    ) -> None:
        self._store = store
        self._triage = triage
        self._posters = posters
        self._actions = actions
        self._clock = clock
        self._running: dict[int, asyncio.Task[None]] = {}
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Run until cancelled; jobs under way are then left to their leases."""
        loops = [
            self._loop(self._triage_once, TRIAGE_SECONDS, self.wake),
            *(self._loop(poster.post, POSTING_SECONDS) for poster in self._posters),
            self._loop(self._start_jobs, JOBS_SECONDS),
            self._loop(self._keep_house, HOUSEKEEPING_SECONDS),
        ]
        try:
            async with asyncio.TaskGroup() as group:
                for loop in loops:
                    group.create_task(loop)
        finally:
            await self._abandon()

    async def settle(self) -> None:
        """Do what is to be done now and return when nothing is left (tests, `demo --once`)."""
        while await self._triage.triage():
            pass
        while await self._start_jobs() or self._running:
            await asyncio.gather(*self._running.values())
        for poster in self._posters:
            while await poster.post():
                pass

    async def _loop(
        self,
        step: Callable[[], Awaitable[bool]],
        pause: float,
        wake: asyncio.Event | None = None,
    ) -> None:
        while True:
            try:
                busy = await step()
            except Exception:
                log.exception("a step failed", extra={"step": step.__qualname__})
                await asyncio.sleep(FAILED_SECONDS)
                continue
            if not busy:
                await _wait(wake, pause)

    async def _triage_once(self) -> bool:
        self.wake.clear()
        return bool(await self._triage.triage())

    async def _keep_house(self) -> bool:
        await self._store.close_quiet()
        await self._store.prune()
        return False

    async def _start_jobs(self) -> bool:
        free = JOBS_AT_ONCE - len(self._running)
        if free <= 0:
            return False
        claimed = await self._store.claim_jobs(limit=free, lease_seconds=LEASE_SECONDS)
        for job in claimed:
            task = asyncio.create_task(self._perform(job))
            self._running[job.id] = task
            task.add_done_callback(lambda _, number=job.id: self._running.pop(number, None))
        return bool(claimed)

    async def _perform(self, job: Job) -> None:
        action = self._actions.get(job.name)
        if action is None:
            return await self._dead(job, f"nothing here knows how to do {job.name}")
        try:
            async with self._leased(job):
                outcome = await action.perform(job, Steps(self._store, job))
        except Stopped:
            await self._end(job, JobState.STOPPED, Outcome(line=f"{action.label}: stopped"))
        except TemporaryError as error:
            await self._later(job, error)
        except (PermanentError, UncertainError) as error:
            await self._dead(job, str(error))
        except Exception:
            log.exception("job failed", extra={"job": job.name, "id": job.id})
            await self._dead(job, "an error of Bounce Desk itself; the log has the details")
        else:
            await self._end(job, JobState.DONE, outcome)
        return None

    @asynccontextmanager
    async def _leased(self, job: Job) -> AsyncIterator[None]:
        """Renew the lease of a job while it is worked on."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(LEASE_SECONDS / 3)
                await self._store.renew(job, LEASE_SECONDS)

        renewing = asyncio.create_task(renew())
        try:
            yield
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing

    async def _later(self, job: Job, error: TemporaryError) -> None:
        if job.attempts >= ATTEMPTS:
            return await self._dead(job, f"{error} (given up after {job.attempts} attempts)")
        wait = max(error.retry_after or 0.0, backoff(job.attempts))
        await self._store.reschedule(job, self._clock() + timedelta(seconds=wait), str(error))
        return None

    async def _end(self, job: Job, state: JobState, outcome: Outcome) -> None:
        """Tell the thread, then end the job: killed in between, it is told once all the same."""
        text = "\n".join([outcome.line, *(f"• {line}" for line in outcome.failed)])
        if outcome.line:
            await self._store.note(
                Note(key=f"job:{job.id}:{state}", alert_id=job.alert_id, text=text)
            )
        await self._store.finish(job, state, outcome.line)
        await self._redraw(job)

    async def _dead(self, job: Job, why: str) -> None:
        action = self._actions.get(job.name)
        message = failed_job(action.label if action else job.name, why, job.id)
        await self._store.note(
            Note(
                key=f"job:{job.id}:dead:{job.attempts}",
                alert_id=job.alert_id,
                text=message.text,
                blocks=message.blocks,
            )
        )
        await self._store.finish(job, JobState.DEAD, why)
        await self._redraw(job)

    async def _redraw(self, job: Job) -> None:
        if job.alert_id is not None:
            await self._store.touch(job.alert_id)

    async def _abandon(self) -> None:
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)


class Steps:
    """The progress of one job: durable, and drawn at most every five seconds."""

    def __init__(self, store: SqlStore, job: Job) -> None:
        self._store = store
        self._job = job
        self._drawn = time.monotonic()

    async def done(self, count: int, cursor: str) -> None:
        """Keep how far the job got; raises Stopped when a person stopped it."""
        if await self._store.save_progress(self._job, count, cursor):
            raise Stopped
        if self._job.alert_id is not None and time.monotonic() - self._drawn > REDRAW_SECONDS:
            self._drawn = time.monotonic()
            await self._store.touch(self._job.alert_id)


def backoff(attempts: int) -> float:
    """Return the seconds before the next attempt: 5 s doubling to an hour, with jitter."""
    return min(5.0 * 2.0 ** max(attempts - 1, 0), 3_600.0) * _jitter.uniform(0.8, 1.2)


async def _wait(wake: asyncio.Event | None, pause: float) -> None:
    if wake is None:
        await asyncio.sleep(pause)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(pause):
            await wake.wait()
