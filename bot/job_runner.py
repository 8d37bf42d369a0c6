"""Performs the jobs that are due: leases, retries, dead letters.

A job is claimed for a short time that is renewed while it is worked on. Whoever loses that lease
(a stalled process, a database that was away) stops, and what it reports afterwards is refused; the
next one goes on from the job's cursor.
"""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from bot.store.jobs import LeaseLostError
from bot.store.store import SqlStore
from handlers.errors import BusyError, PermanentError, TemporaryError, UncertainError
from handlers.provider import Clock
from handlers.slack.job_text import failure_note, outcome_note
from handlers.slack.labels import Labels
from handlers.store import Job, JobState, Note
from handlers.task import Outcome, Stopped, Task

JOBS_AT_ONCE = 8
LEASE_SECONDS = 20.0
ATTEMPTS = 11
"""Without a step forward; then a job is a dead letter. The waits before add up to 85 minutes."""

REDRAW_SECONDS = 5.0
RELEASE_SECONDS = 1.0
WRITE_SECONDS = 10.0
"""How long the end of a job is tried to be written while the database is away."""

WRITE_PAUSE = 0.5

_BUGS = (DataError, IntegrityError, ProgrammingError)
_jitter = random.SystemRandom()
log = logging.getLogger(__name__)


class JobRunner:
    """Runs due jobs of one process, a few at once. `lease_seconds` is how long a claim holds."""

    def __init__(self, store: SqlStore, tasks: Mapping[str, Task], clock: Clock) -> None:
        self._store = store
        self._tasks = tasks
        self._labels = Labels(jobs={name: task.called for name, task in tasks.items()})
        self._clock = clock
        self._running: dict[asyncio.Task[None], Job] = {}
        self.lease_seconds = LEASE_SECONDS

    @property
    def running(self) -> tuple[asyncio.Task[None], ...]:
        """The jobs under way."""
        return tuple(self._running)

    async def start(self) -> bool:
        """Claim due jobs as far as there is room and begin them; return whether there were any."""
        free = JOBS_AT_ONCE - len(self._running)
        if free <= 0:
            return False
        claimed = await self._store.jobs.claim(free, self.lease_seconds)
        for job in claimed:
            task = asyncio.create_task(self._perform(job), name=job.key)
            self._running[task] = job
            task.add_done_callback(self._ended)
        return bool(claimed)

    async def settle(self) -> bool:
        """Perform what is due now to its end; return whether there was anything."""
        any_at_all = False
        while await self.start() or self._running:
            any_at_all = True
            await asyncio.gather(*self._running)
        return any_at_all

    async def abandon(self) -> None:
        """Break off what runs and hand it back, for another process to take at once."""
        running = dict(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                for job in running.values():
                    await self._store.jobs.release(job)
        except Exception:
            log.warning("jobs are left to their leases", exc_info=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Make room, and have it used at once."""
        del self._running[task]
        self._store.jobs.scheduled.set()

    async def _perform(self, job: Job) -> None:
        about = {"job": job.name, "id": job.id, "attempt": job.attempts}
        try:
            await self._attempt(job)
        except LeaseLostError:
            log.warning("lost the lease of a job: another attempt has it", extra=about)
        except Exception:
            log.exception("the end of a job could not be written: it is tried again", extra=about)

    async def _attempt(self, job: Job) -> None:
        work = self._tasks.get(job.name)
        if work is None:
            return await self._dead(job, f"nothing here knows how to do {job.name}")
        if job.attempts > ATTEMPTS:
            return await self._dead(job, "every attempt broke off without an answer; see the log")
        steps = Steps(self._store, job)
        try:
            async with self._leased(job):
                outcome = await work.perform(job, steps)
        except Stopped as stopped:
            line = str(stopped) or f"{work.called}: stopped"
            await self._end(job, JobState.STOPPED, Outcome(line=line))
        except (PermanentError, UncertainError) as error:
            await self._dead(job, str(error))
        except Exception as error:
            await self._failed(job, error, moved=steps.moved)
        else:
            await self._end(job, JobState.DONE, outcome)
        return None

    @asynccontextmanager
    async def _leased(self, job: Job) -> AsyncIterator[None]:
        """Renew the lease while the block runs; end the block once the lease is over or lost."""
        try:
            async with asyncio.timeout(self.lease_seconds) as lease:
                over = asyncio.Event()
                renewing = asyncio.create_task(self._renew(job, lease, over))
                try:
                    yield
                finally:
                    over.set()  # a renewal that is being written had better end by itself
                    await asyncio.wait({renewing}, timeout=RELEASE_SECONDS)
                    renewing.cancel()
                    await asyncio.gather(renewing, return_exceptions=True)
        except TimeoutError as error:
            if lease.expired():
                raise LeaseLostError from error
            raise

    async def _renew(self, job: Job, lease: asyncio.Timeout, over: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        while not await _set_within(over, self.lease_seconds / 3):
            begun = loop.time()
            try:
                held = await self._store.jobs.renew(job, self.lease_seconds)
            except Exception:
                log.warning("lease not renewed", exc_info=True, extra={"job": job.name})
                continue  # until the lease is over
            if lease.expired():
                return
            lease.reschedule(begun + self.lease_seconds if held else loop.time())

    async def _failed(self, job: Job, error: Exception, *, moved: bool) -> None:
        """Try again what may succeed later; keep the rest as failed."""
        if isinstance(error, LeaseLostError):
            raise error
        attempts = 1 if moved else job.attempts
        if not _may_pass(error):
            log.error("job failed", exc_info=error, extra={"job": job.name, "id": job.id})
            return await self._dead(job, "an error of Bounce Desk itself; the log has the details")
        if attempts >= ATTEMPTS:
            return await self._dead(job, f"{error} (given up after {attempts} attempts)")
        asked = error.retry_after if isinstance(error, TemporaryError) else None
        wait = timedelta(seconds=max(asked or 0.0, backoff(attempts)))
        log.info("job later", extra={"job": job.name, "why": str(error), "wait": str(wait)})
        return await self._store.jobs.reschedule(job, self._clock() + wait, str(error))

    async def _end(self, job: Job, state: JobState, outcome: Outcome) -> None:
        note = outcome_note(job, outcome.line, outcome.failed) if outcome.line else None
        await self._finish(job, state, outcome.line, note)

    async def _dead(self, job: Job, why: str) -> None:
        note = failure_note(job, self._labels.job(job.name), why)
        await self._finish(job, JobState.DEAD, why, note)

    async def _finish(self, job: Job, state: JobState, result: str, note: Note | None) -> None:
        """Write the end of a job, also if the database is away for a moment: it was performed."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + WRITE_SECONDS
        while True:
            try:
                return await self._store.jobs.finish(job, state, result, note)
            except Exception as error:
                if not _may_pass(error) or loop.time() > give_up:
                    raise
                log.warning("the end of a job is not written yet", extra={"why": str(error)})
            await asyncio.sleep(WRITE_PAUSE)


class Steps:
    """The progress of one job: durable, and drawn at most every five seconds."""

    def __init__(self, store: SqlStore, job: Job) -> None:
        self._store = store
        self._job = job
        self._drawn = time.monotonic()
        self.moved = False

    async def done(self, count: int, cursor: str) -> None:
        """Keep how far the job got; raises Stopped when a person stopped it."""
        stop = await self._store.jobs.save_progress(self._job, count, cursor)
        self.moved = self.moved or cursor != self._job.cursor
        if stop:
            raise Stopped
        if self._job.alert_id is not None and time.monotonic() - self._drawn > REDRAW_SECONDS:
            self._drawn = time.monotonic()
            await self._store.alerts.touch(self._job.alert_id)


def backoff(attempts: int) -> float:
    """Return the seconds before the next attempt: 5 s doubling to an hour, with jitter."""
    return min(5.0 * 2.0 ** max(attempts - 1, 0), 3_600.0) * _jitter.uniform(0.8, 1.2)


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, so long at most; return whether it is set."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


def _may_pass(error: Exception) -> bool:
    """Return whether an error may pass by itself: the outside or the database is away."""
    if isinstance(error, DBAPIError):
        return not isinstance(error, _BUGS)
    return isinstance(error, TemporaryError | BusyError)
