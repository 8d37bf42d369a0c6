"""Jobs: written down, claimed when they are due, ended once.

Every change of a job is one conditional UPDATE of its row, so of two that race one wins: a click
on Cancel and the claim of a worker, or the late report of an attempt that lost its lease and the
attempt that has it now.
"""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Update, case, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from bot.store.alerts.alerts import mark_due
from bot.store.alerts.notes import SqlNotes
from bot.store.rows.value import value_of
from bot.store.sql.columns import EPOCH, Moment, is_one_of, subject_of
from bot.store.sql.database import Database
from bot.store.sql.tables import JOB_RUNS, JOB_UNFINISHED, JOB_WAITS, jobs
from handlers.slack.block_kit import mention
from handlers.store import Job, JobState, Note, Scheduled

TRIES = 5


class LeaseLostError(Exception):
    """The job belongs to another attempt, or ended: what this one reports does not count."""


class SqlJobs:
    """The table of jobs. `scheduled` is set when one was written down here."""

    def __init__(self, database: Database, notes: SqlNotes) -> None:
        self._database = database
        self._notes = notes
        self.scheduled = asyncio.Event()

    # What people ask for

    async def schedule(self, job: Job) -> Scheduled:
        """Write an intent down, unless an unfinished job of that name and alert stands for it."""
        subject = subject_of(job.alert_id, job.arguments)
        async with self._database.writing(urgent=True) as connection:
            for _ in range(TRIES):
                standing = await _first(connection, _of(job.name, subject).where(JOB_UNFINISHED))
                if standing is not None:
                    return Scheduled(standing, False)
                created = await self._create(connection, job, subject)
                if created is not None:
                    break
            else:
                raise RuntimeError(f"{job.name} for {subject} is scheduled again and again")
        self.scheduled.set()
        return Scheduled(created, True)

    async def _create(self, connection: AsyncConnection, job: Job, subject: str) -> Job | None:
        """Insert a job; None if another one was quicker."""
        last = await _first(connection, _of(job.name, subject))
        generation = int(last.key.rpartition(":")[2]) + 1 if last else 1
        row = {
            "key": f"{job.name}:{subject}:{generation}",
            "name": job.name,
            "subject": subject,
            "alert_id": job.alert_id,
            "by": job.by,
            "arguments": dict(job.arguments),
            "run_at": job.run_at or self._database.clock(),
            "state": JobState.WAITING.value,
            "created_at": self._database.clock(),
        }
        insert = self._database.insert(jobs).on_conflict_do_nothing().returning(*jobs.c)
        created = (await connection.execute(insert, [row])).first()
        if created is None:
            return None
        await mark_due(connection, job.alert_id, self._database.clock())
        return job_of(created)

    async def get(self, job_id: int) -> Job | None:
        """Return a job."""
        async with self._database.reading() as connection:
            return await _first(connection, select(jobs).where(jobs.c.id == job_id))

    async def in_states(self, states: Sequence[JobState] = (), limit: int = 100) -> list[Job]:
        """Return jobs, the next to run first."""
        query = select(jobs).order_by(jobs.c.run_at, jobs.c.id).limit(limit)
        if states:
            query = query.where(is_one_of(jobs.c.state, *(state.value for state in states)))
        async with self._database.reading() as connection:
            return [job_of(row) for row in await connection.execute(query)]

    async def last(self, name: str, alert_id: int) -> Job | None:
        """Return the newest job of that name for an alert."""
        async with self._database.reading() as connection:
            return await _first(connection, _of(name, subject_of(alert_id, {})))

    async def cancel(self, job_id: int, by: str) -> bool:
        """Cancel a waiting job; False if it already runs or ended."""
        return await self._change(
            _one(job_id, JOB_WAITS).values(
                state=JobState.CANCELLED.value,
                result=f"by {mention(by)}",
                finished_at=self._database.clock(),
            )
        )

    async def move(self, job_id: int, run_at: datetime, by: str) -> bool:
        """Move a waiting job; False if it already runs or ended. A time gone by means now."""
        run_at = max(run_at, self._database.clock())
        return await self._change(
            _one(job_id, JOB_WAITS).values(run_at=run_at, result=f"by {mention(by)}")
        )

    async def stop(self, job_id: int, by: str) -> bool:
        """Ask a running job to stop at its next step; False if it does not run."""
        return await self._change(
            _one(job_id, JOB_RUNS).values(stop_asked=True, result=f"by {mention(by)}")
        )

    async def retry(self, job_id: int, by: str) -> bool:
        """Make a dead job wait again, from its cursor; False if it is not dead.

        False too if a later job stands for the same wish.
        """
        other = jobs.alias()
        unfinished = other.c.state.in_([JobState.WAITING.value, JobState.RUNNING.value])
        rival = select(other.c.id).where(
            other.c.name == jobs.c.name, other.c.subject == jobs.c.subject, unfinished
        )
        dead = jobs.c.state == JobState.DEAD.value
        again = {
            "state": JobState.WAITING.value,
            "run_at": self._database.clock(),
            "finished_at": None,
        }
        fresh = {"attempts": 0, "stop_asked": False, "result": f"by {mention(by)}"}
        try:
            return await self._change(
                _one(job_id, dead).where(~rival.exists()).values(**again, **fresh)
            )
        except IntegrityError:
            return False  # a second click was quicker

    async def _change(self, statement: Update) -> bool:
        """Change a job for a person, and let its alert show it at once."""
        async with self._database.writing(urgent=True) as connection:
            changed = (await connection.execute(statement.returning(jobs.c.alert_id))).first()
            if changed is None:
                return False
            await mark_due(connection, changed.alert_id, self._database.clock())
        self.scheduled.set()
        return True

    # What workers do

    async def claim(self, limit: int, lease_seconds: float) -> list[Job]:
        """Take jobs that are due, and those whose lease ran out, for `lease_seconds`.

        Each is in the hands of one attempt only, told from others by its token.
        """
        now, until = self._database.moment(), self._database.moment(lease_seconds)
        async with self._database.reading() as connection:
            if not await _any(connection, over_at(now)) and not await _any(connection, due_at(now)):
                return []
        claimed: list[Job] = []
        async with self._database.writing() as connection:
            for query in (over_at(now), due_at(now)):
                taking = claiming(query.limit(limit - len(claimed)), until)
                claimed += [job_of(row) for row in await connection.execute(taking)]
        return sorted(claimed, key=lambda job: (job.run_at or self._database.clock(), job.id))

    async def renew(self, job: Job, lease_seconds: float) -> bool:
        """Keep a job for `lease_seconds` more; False if it is no longer this attempt's."""
        until = self._database.moment(lease_seconds)
        async with self._database.writing() as connection:
            return await _done(connection, _held(job).values(lease_until=until))

    async def release(self, job: Job) -> bool:
        """Hand a job back unfinished, to be claimed again at once; the attempt does not count."""
        waits = {"state": JobState.WAITING.value, "lease_until": None}
        async with self._database.writing() as connection:
            return await _done(connection, _held(job).values(**waits, attempts=jobs.c.attempts - 1))

    async def forget_claims(self) -> None:
        """Let running jobs be claimed at once: of one process alone on its file, none runs yet."""
        async with self._database.writing() as connection:
            await connection.execute(update(jobs).where(JOB_RUNS).values(lease_until=EPOCH))

    async def reschedule(self, job: Job, run_at: datetime, why: str) -> None:
        """Let a job wait until a later attempt, or end it if a person asked to stop it.

        Raises LeaseLostError.
        """
        stopped = jobs.c.stop_asked
        waits = {
            "state": case((stopped, JobState.STOPPED.value), else_=JobState.WAITING.value),
            "finished_at": case((stopped, literal(self._database.clock(), Moment)), else_=None),
            "lease_until": None,
            "run_at": run_at,
        }
        async with self._database.writing() as connection:
            await _must(connection, job, _held(job).values(**waits, result=why))
            await mark_due(connection, job.alert_id, self._database.clock())

    async def finish(
        self, job: Job, state: JobState, result: str, note: Note | None = None
    ) -> None:
        """End a job, and tell it by a note, both or neither; raises LeaseLostError."""
        ended = {"state": state.value, "lease_until": None, "finished_at": self._database.clock()}
        async with self._database.writing() as connection:
            await _must(connection, job, _held(job).values(**ended, result=result))
            if note is not None:
                await self._notes.queue_in(connection, note)
            await mark_due(connection, job.alert_id, self._database.clock())

    async def save_progress(self, job: Job, done: int, cursor: str) -> bool:
        """Keep how far a job got; return whether a person asked to stop it.

        A step forward makes it the first attempt again. Raises LeaseLostError.
        """
        attempts = case((jobs.c.cursor != cursor, 1), else_=jobs.c.attempts)
        statement = _held(job).values(done=done, cursor=cursor, attempts=attempts)
        async with self._database.writing() as connection:
            row = (await connection.execute(statement.returning(jobs.c.stop_asked))).first()
        if row is None:
            raise LeaseLostError(job.key)
        return bool(row.stop_asked)


def due_at(now: ColumnElement[datetime]) -> Select[int]:
    """Return the query for waiting jobs whose time has come, the longest due first."""
    return select(jobs.c.id).where(JOB_WAITS, jobs.c.run_at <= now).order_by(jobs.c.run_at)


def over_at(now: ColumnElement[datetime]) -> Select[int]:
    """Return the query for running jobs whose lease ran out: their process is gone or stalled."""
    return select(jobs.c.id).where(JOB_RUNS, jobs.c.lease_until < now).order_by(jobs.c.lease_until)


def claiming(query: Select[int], until: ColumnElement[datetime]) -> ReturningUpdate[Any]:
    """Return the statement that claims what a query finds, passing by what others claim now."""
    chosen = query.with_for_update(skip_locked=True).cte("chosen")
    return (
        update(jobs)
        .where(jobs.c.id.in_(select(chosen.c.id)))
        .values(
            state=JobState.RUNNING.value,
            attempts=jobs.c.attempts + 1,
            lease_until=until,
            token=secrets.token_hex(8),
        )
        .returning(*jobs.c)
    )


def job_of(row: Row[Any]) -> Job:
    """Return the job that a row holds."""
    return value_of(Job, row, state=JobState(row.state))


def _of(name: str, subject: str) -> Select[Any]:
    """Return the query for the newest job of a name and subject."""
    same = (jobs.c.name == name, jobs.c.subject == subject)
    return select(jobs).where(*same).order_by(jobs.c.id.desc()).limit(1)


def _one(job_id: int, state: ColumnElement[bool]) -> Update:
    return update(jobs).where(jobs.c.id == job_id, state)


def _held(job: Job) -> Update:
    """Return an UPDATE of a job that has an effect only while this attempt holds it."""
    return update(jobs).where(jobs.c.id == job.id, jobs.c.token == job.token, JOB_RUNS)


async def _first(connection: AsyncConnection, query: Select[Any]) -> Job | None:
    row = (await connection.execute(query)).first()
    return None if row is None else job_of(row)


async def _any(connection: AsyncConnection, query: Select[int]) -> bool:
    return (await connection.execute(query.limit(1))).first() is not None


async def _done(connection: AsyncConnection, statement: Update) -> bool:
    return (await connection.execute(statement)).rowcount > 0


async def _must(connection: AsyncConnection, job: Job, statement: Update) -> None:
    if not await _done(connection, statement):
        raise LeaseLostError(job.key)
