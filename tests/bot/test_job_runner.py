"""Jobs are performed under leases; what may pass is tried again, what may not is told."""

import asyncio
import json
import sqlite3
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from bot.job_runner import ATTEMPTS, JOBS_AT_ONCE, JobRunner, backoff
from bot.store.sql.database import AwayError
from bot.store.sql.tables import jobs, notes
from handlers.errors import PermanentError, TemporaryError, UncertainError
from handlers.slack.job_text import FAILURES_SHOWN
from handlers.store import Job, JobState
from handlers.task import Outcome, Stopped, Task

SOON = 5.0
"""Seconds after which something that waits for an event has failed."""


class Errand(Task):
    """Does what a test tells it to: returns an outcome, raises an error, or runs a function."""

    name = "errand"
    called = "Run the errand"

    def __init__(self) -> None:
        self.answer: Any = Outcome(line="done")
        self.jobs: list[Job] = []
        self.begun = asyncio.Event()

    async def perform(self, job, progress) -> Outcome:
        self.jobs.append(job)
        self.begun.set()
        answer = await self.answer(job, progress) if callable(self.answer) else self.answer
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def errand():
    return Errand()


@pytest.fixture
async def performer(store, errand, clock):
    performer = JobRunner(store, {"errand": errand}, clock)
    yield performer
    await performer.abandon()


@pytest.fixture
def told(store):
    """Give what was told, oldest first."""

    async def rows():
        async with store.database.reading() as connection:
            return (await connection.execute(select(notes).order_by(notes.c.id))).all()

    return rows


async def ask(store, alert_id: int | None = 7, name: str = "errand", **more: Any) -> int:
    job = Job(name=name, alert_id=alert_id, by="U1", **more)
    return (await store.jobs.schedule(job)).job.id


async def state_of(store, job_id: int) -> JobState:
    return (await store.jobs.get(job_id)).state


# Outcomes


async def test_a_due_job_is_performed_and_its_outcome_told(store, performer, told):
    job_id = await ask(store)

    assert await performer.settle()

    job = await store.jobs.get(job_id)
    assert (job.state, job.result) == (JobState.DONE, "done")
    [note] = await told()
    assert (note.alert_id, note.text) == (7, "done")


async def test_a_job_is_not_performed_before_its_time(store, performer, errand, clock):
    await ask(store, run_at=clock() + timedelta(minutes=1))

    assert not await performer.settle()
    clock.advance(60)
    assert await performer.settle()

    assert len(errand.jobs) == 1


async def test_an_outcome_without_a_line_is_not_told(store, performer, errand, told):
    errand.answer = Outcome(line="")
    job_id = await ask(store)

    await performer.settle()

    assert await state_of(store, job_id) is JobState.DONE
    assert await told() == []


async def test_what_could_not_be_done_is_listed_up_to_a_limit(store, performer, errand, told):
    errand.answer = Outcome(line="half done", failed=[f"no {number}" for number in range(100)])
    await ask(store)

    await performer.settle()

    [note] = await told()
    assert "• no 0\n" in note.text
    assert f"no {FAILURES_SHOWN}" not in json.dumps(note.blocks)
    assert f"and {100 - FAILURES_SHOWN} more" in json.dumps(note.blocks)


@pytest.mark.parametrize("error", [PermanentError("the list is closed"), UncertainError("lost")])
async def test_a_refusal_is_a_dead_letter_told_with_a_button(store, performer, errand, told, error):
    errand.answer = error
    job_id = await ask(store)

    await performer.settle()

    job = await store.jobs.get(job_id)
    assert (job.state, job.result) == (JobState.DEAD, str(error))
    [note] = await told()
    assert f"Run the errand failed: {error}" in note.text
    [button] = note.blocks[-1]["elements"]
    assert (button["action_id"], button["value"]) == ("retry", str(job_id))


async def test_a_bug_is_kept_as_failed_and_its_words_stay_in_the_log(
    store, performer, errand, told, caplog
):
    errand.answer = RuntimeError("secret inside")
    job_id = await ask(store)

    await performer.settle()

    assert await state_of(store, job_id) is JobState.DEAD
    [note] = await told()
    assert "secret inside" not in note.text
    assert "secret inside" in caplog.text


async def test_a_dead_job_that_is_retried_and_fails_again_is_told_again(
    store, performer, errand, told
):
    errand.answer = PermanentError("no")
    job_id = await ask(store)
    await performer.settle()

    await store.jobs.retry(job_id, "U2")
    await performer.settle()

    assert len(await told()) == 2


async def test_a_failure_without_an_alert_is_told_to_the_operators(store, performer, errand, told):
    errand.answer = PermanentError("the topic is foreign")
    await ask(store, alert_id=None)

    await performer.settle()

    [note] = await told()
    assert note.channel == store.options.admin_channel


async def test_a_job_that_nobody_knows_is_a_dead_letter(store, performer, told):
    job_id = await ask(store, name="levitate")

    await performer.settle()

    assert await state_of(store, job_id) is JobState.DEAD
    [note] = await told()
    assert "Levitate failed: nothing here knows how" in note.text


async def test_a_stopped_job_says_how_far_it_got(store, performer, errand, told):
    async def stop(job, progress):
        await store.jobs.stop(job.id, "U2")
        try:
            await progress.done(3, "3")
        except Stopped as stopped:
            raise Stopped("3 contacts flagged, then stopped") from stopped

    errand.answer = stop
    job_id = await ask(store)

    await performer.settle()

    job = await store.jobs.get(job_id)
    assert (job.state, job.cursor) == (JobState.STOPPED, "3")
    [note] = await told()
    assert note.text == "3 contacts flagged, then stopped"


# Again


@pytest.mark.parametrize(
    "error",
    [
        TemporaryError("the provider is away"),
        OperationalError("SELECT", {}, Exception("the database restarts")),
        AwayError("the database does not answer"),
    ],
)
async def test_what_may_pass_is_tried_again_later(store, performer, errand, told, clock, error):
    errand.answer = error
    job_id = await ask(store)

    await performer.settle()
    assert await state_of(store, job_id) is JobState.WAITING
    assert await told() == []
    clock.advance(backoff(1) * 2)
    errand.answer = Outcome(line="done")
    await performer.settle()

    assert await state_of(store, job_id) is JobState.DONE
    assert [job.attempts for job in errand.jobs] == [1, 2]


async def test_the_far_side_says_how_long_to_wait(store, performer, errand, clock):
    errand.answer = TemporaryError("slow down", retry_after=600.0)
    await ask(store)
    await performer.settle()

    clock.advance(599)
    assert not await performer.settle()
    clock.advance(1)
    assert await performer.settle()


async def test_what_does_not_pass_is_given_up_and_told(store, performer, errand, told, clock):
    errand.answer = TemporaryError("the provider is away")
    job_id = await ask(store)

    for _ in range(ATTEMPTS):
        await performer.settle()
        clock.advance(3_600 * 2)

    assert await state_of(store, job_id) is JobState.DEAD
    assert not await performer.settle()
    [note] = await told()
    assert f"given up after {ATTEMPTS} attempts" in note.text


async def test_an_attempt_that_got_further_is_the_first_of_new_ones(
    store, performer, errand, clock
):
    async def crawl(job, progress):
        await progress.done(int(job.cursor or 0) + 1, str(int(job.cursor or 0) + 1))
        return TemporaryError("slow down")

    errand.answer = crawl
    job_id = await ask(store)

    for _ in range(2 * ATTEMPTS):
        await performer.settle()
        clock.advance(3_600)

    job = await store.jobs.get(job_id)
    assert job.state is JobState.WAITING
    assert job.cursor == str(2 * ATTEMPTS)


async def test_a_job_that_kills_its_process_reaches_the_dead_letters(
    store, performer, errand, told, clock
):
    job_id = await ask(store)
    for _ in range(ATTEMPTS):
        assert await store.jobs.claim(1, 20.0)  # and then the process is gone
        clock.advance(21)

    await performer.settle()

    assert errand.jobs == []
    assert await state_of(store, job_id) is JobState.DEAD
    assert len(await told()) == 1


@asynccontextmanager
async def away(store, request):
    """Take the database away: of SQLite a table, of PostgreSQL every connection."""
    if not store.database.is_postgres:
        with closing(sqlite3.connect(store.database.url.database)) as beside:
            beside.execute("ALTER TABLE notes RENAME TO hidden")
            yield
            beside.execute("ALTER TABLE hidden RENAME TO notes")
        return
    postgres, name = request.getfixturevalue("postgres"), store.database.url.database
    await postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await postgres.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity JOIN pg_database USING (datname)"
        " WHERE NOT datallowconn"
    )
    yield
    await postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


async def test_the_end_is_written_once_the_database_is_back(
    store, performer, errand, told, request, caplog
):
    back = asyncio.Event()

    async def outlive(job, progress):
        await back.wait()
        return Outcome(line="done all the same")

    errand.answer = outlive
    job_id = await ask(store)
    await performer.start()

    async with away(store, request), asyncio.timeout(SOON):
        back.set()
        while "not written yet" not in caplog.text:
            await asyncio.wait(performer.running, timeout=0.01)
    await asyncio.gather(*performer.running)

    assert await state_of(store, job_id) is JobState.DONE
    assert [job.attempts for job in errand.jobs] == [1]
    assert len(await told()) == 1


# Leases


async def test_a_job_longer_than_its_lease_keeps_it(store, performer, errand, clock):
    async def lease() -> Any:
        async with store.database.reading() as connection:
            return (await connection.execute(select(jobs.c.lease_until))).scalar_one()

    async def long(job, progress):
        for _ in range(3):
            before = await lease()
            clock.advance(performer.lease_seconds * 0.9)
            async with asyncio.timeout(SOON):
                while await lease() == before:
                    pass  # it is renewed beside us
        assert await store.jobs.claim(1, 20.0) == []
        return Outcome(line="done at last")

    performer.lease_seconds = 2.0  # of the real clock: a busy machine must not lose it
    errand.answer = long
    job_id = await ask(store)

    await performer.settle()

    assert (await store.jobs.get(job_id)).result == "done at last"
    assert len(errand.jobs) == 1


async def test_who_lost_the_lease_stops_and_says_nothing(store, performer, errand, told, clock):
    ended = asyncio.Event()

    async def stall(job, progress):
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    performer.lease_seconds = 0.15
    errand.answer = stall
    job_id = await ask(store)
    await performer.start()
    async with asyncio.timeout(SOON):
        await errand.begun.wait()

    clock.advance(60)
    [other] = await store.jobs.claim(1, 60.0)
    async with asyncio.timeout(SOON):
        await ended.wait()
        await asyncio.gather(*performer.running)

    assert await told() == []
    assert await state_of(store, job_id) is JobState.RUNNING
    await store.jobs.finish(other, JobState.DONE, "by the other")


async def test_a_late_report_is_dropped(store, performer, errand, told, clock):
    async def lose(job, progress):
        clock.advance(60)
        await store.jobs.claim(1, 60.0)
        return Outcome(line="too late")

    errand.answer = lose
    job_id = await ask(store)

    await performer.settle()

    assert await told() == []
    assert await state_of(store, job_id) is JobState.RUNNING


async def test_progress_of_a_lost_lease_ends_the_attempt(store, performer, errand, clock):
    steps = []

    async def lose(job, progress):
        await progress.done(1, "1")
        clock.advance(60)
        await store.jobs.claim(1, 60.0)
        await progress.done(2, "2")
        steps.append("went on")

    errand.answer = lose
    job_id = await ask(store)

    await performer.settle()

    assert steps == []
    assert (await store.jobs.get(job_id)).cursor == "1"


async def test_no_more_jobs_run_at_once_than_there_is_room(store, performer, errand):
    go = asyncio.Event()

    async def wait(job, progress):
        await go.wait()
        return Outcome(line="done")

    errand.answer = wait
    for number in range(JOBS_AT_ONCE + 2):
        await ask(store, alert_id=number)

    assert await performer.start()
    assert not await performer.start()
    assert len(performer.running) == JOBS_AT_ONCE

    go.set()
    await performer.settle()
    assert len(errand.jobs) == JOBS_AT_ONCE + 2


async def test_what_runs_at_the_end_is_handed_back_at_once(store, performer, errand):
    async def stall(job, progress):
        await asyncio.Event().wait()

    errand.answer = stall
    job_id = await ask(store)
    await performer.start()
    async with asyncio.timeout(SOON):
        await errand.begun.wait()

    async with asyncio.timeout(SOON):
        await performer.abandon()

    [again] = await store.jobs.claim(1, 20.0)
    assert (again.id, again.attempts) == (job_id, 1)
