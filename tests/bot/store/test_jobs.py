"""Jobs are written down once, claimed by one attempt at a time, ended by the one that has them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Select, Update, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.jobs import LeaseLostError, claiming, due_at, over_at
from bot.store.sql.tables import alerts, jobs, notes
from bot.store.store import SqlStore
from handlers.store import Job, JobState, Note

LEASE = 20.0


def wish(name: str = "deactivate", alert_id: int | None = 7, by: str = "U1", **more) -> Job:
    return Job(name=name, alert_id=alert_id, by=by, **more)


@pytest.fixture
async def running(store):
    """Give a job that an attempt has claimed."""
    await store.jobs.schedule(wish())
    [job] = await store.jobs.claim(8, LEASE)
    return job


async def row_of(store, table, number: int):
    async with store.database.reading() as connection:
        return (await connection.execute(select(table).where(table.c.id == number))).one()


# Writing down


async def test_a_wish_is_written_down_with_a_key_of_its_own(store, clock):
    scheduled = await store.jobs.schedule(wish(arguments={"who": ["ana"]}))

    assert scheduled.created
    assert scheduled.job.key == "deactivate:alert:7:1"
    assert scheduled.job.run_at == scheduled.job.created_at == clock()
    assert await store.jobs.get(scheduled.job.id) == scheduled.job
    assert scheduled.job.arguments == {"who": ["ana"]}


async def test_second_click_of_another_person_is_the_same_job(store):
    first = await store.jobs.schedule(wish(by="U1"))

    second = await store.jobs.schedule(wish(by="U2"))

    assert not second.created
    assert second.job == first.job


async def test_two_clicks_at_once_are_one_job(store, open_store):
    async with open_store() as other:
        both = [store, other] * 4

        answers = await asyncio.gather(*(one.jobs.schedule(wish()) for one in both))

    assert [answer.created for answer in answers].count(True) == 1
    assert {answer.job.id for answer in answers} == {answers[0].job.id}


async def test_after_the_end_the_same_wish_is_a_new_job(store, running):
    await store.jobs.finish(running, JobState.DONE, "done")

    again = await store.jobs.schedule(wish())

    assert again.created
    assert again.job.key == "deactivate:alert:7:2"
    assert await store.jobs.last("deactivate", 7) == again.job


async def test_jobs_without_an_alert_are_told_apart_by_their_arguments(store):
    first = await store.jobs.schedule(wish("confirm", None, arguments={"topic": "a"}))
    other = await store.jobs.schedule(wish("confirm", None, arguments={"topic": "b"}))
    again = await store.jobs.schedule(wish("confirm", None, arguments={"topic": "a"}))

    assert first.created
    assert other.created
    assert again.job == first.job


async def test_a_job_for_now_wakes_the_worker(store):
    assert not store.jobs.scheduled.is_set()

    await store.jobs.schedule(wish())

    assert store.jobs.scheduled.is_set()


async def test_a_click_makes_the_alert_due_at_once(store, clock, books):
    await books.alert()

    await store.jobs.schedule(wish())

    alert = await row_of(store, alerts, 7)
    assert alert.flush_at == clock()
    assert alert.acted_version == alert.version == 1


async def test_jobs_are_listed_by_state_the_next_to_run_first(store, clock):
    later = await store.jobs.schedule(wish("resend", 1, run_at=clock() + timedelta(hours=2)))
    sooner = await store.jobs.schedule(wish("resend", 2, run_at=clock() + timedelta(hours=1)))
    await store.jobs.cancel((await store.jobs.schedule(wish("resend", 3))).job.id, "U1")

    waiting = await store.jobs.in_states([JobState.WAITING])

    assert [job.id for job in waiting] == [sooner.job.id, later.job.id]
    assert len(await store.jobs.in_states()) == 3
    assert len(await store.jobs.in_states(limit=1)) == 1


# Cancel, move, stop


async def test_a_waiting_job_can_be_moved(store, clock):
    job = (await store.jobs.schedule(wish(run_at=clock() + timedelta(hours=1)))).job

    assert await store.jobs.move(job.id, clock() + timedelta(hours=3), "U2")

    clock.advance(7_200)
    assert await store.jobs.claim(8, LEASE) == []
    clock.advance(3_600)
    assert [claimed.id for claimed in await store.jobs.claim(8, LEASE)] == [job.id]


async def test_a_job_cannot_be_moved_into_the_past(store, clock):
    job = (await store.jobs.schedule(wish(run_at=clock() + timedelta(hours=1)))).job

    await store.jobs.move(job.id, clock() - timedelta(days=1), "U2")

    assert (await store.jobs.get(job.id)).run_at == clock()


async def test_a_cancelled_job_does_not_run(store):
    job = (await store.jobs.schedule(wish())).job

    assert await store.jobs.cancel(job.id, "U2")

    assert await store.jobs.claim(8, LEASE) == []
    cancelled = await store.jobs.get(job.id)
    assert cancelled.state is JobState.CANCELLED
    assert cancelled.result == "by <@U2>"


async def test_what_runs_can_neither_be_cancelled_nor_moved(store, clock, running):
    assert not await store.jobs.cancel(running.id, "U1")
    assert not await store.jobs.move(running.id, clock() + timedelta(hours=1), "U1")
    assert (await store.jobs.get(running.id)).state is JobState.RUNNING


async def test_what_does_not_run_cannot_be_stopped(store):
    job = (await store.jobs.schedule(wish())).job

    assert not await store.jobs.stop(job.id, "U1")


async def test_cancel_and_claim_race_and_one_wins(store, open_store):
    async with open_store() as other:
        for number in range(20):
            job = (await store.jobs.schedule(wish(alert_id=number))).job

            cancelled, claimed = await asyncio.gather(
                store.jobs.cancel(job.id, "U1"), other.jobs.claim(8, LEASE)
            )

            assert cancelled is not bool(claimed)


async def test_move_and_claim_race_and_one_wins(store, open_store, clock):
    later = clock() + timedelta(hours=1)
    async with open_store() as other:
        for number in range(20):
            job = (await store.jobs.schedule(wish(alert_id=number))).job

            moved, claimed = await asyncio.gather(
                store.jobs.move(job.id, later, "U1"), other.jobs.claim(8, LEASE)
            )

            assert moved is not bool(claimed)


# Claims and leases


async def test_a_claimed_job_belongs_to_one_attempt(store):
    job = (await store.jobs.schedule(wish())).job

    [claimed] = await store.jobs.claim(8, LEASE)

    assert claimed.id == job.id
    assert claimed.attempts == 1
    assert claimed.token
    assert await store.jobs.claim(8, LEASE) == []


async def test_no_more_jobs_are_claimed_than_asked_for(store):
    for number in range(5):
        await store.jobs.schedule(wish(alert_id=number))

    assert len(await store.jobs.claim(3, LEASE)) == 3
    assert len(await store.jobs.claim(3, LEASE)) == 2


async def test_many_claim_at_once_and_no_job_is_claimed_twice(store, open_store):
    for number in range(40):
        await store.jobs.schedule(wish(alert_id=number))
    async with open_store() as other:
        claims = await asyncio.gather(*(one.jobs.claim(5, LEASE) for one in [store, other] * 8))

    claimed = [job.id for claim in claims for job in claim]
    assert len(claimed) == len(set(claimed)) == 40


async def test_a_job_whose_lease_ran_out_is_claimed_again(store, clock, running):
    clock.advance(LEASE + 1)

    [again] = await store.jobs.claim(8, LEASE)

    assert again.id == running.id
    assert again.attempts == 2
    assert again.token != running.token


async def test_a_renewed_lease_holds(store, clock, running):
    clock.advance(LEASE - 1)
    assert await store.jobs.renew(running, LEASE)
    clock.advance(LEASE - 1)

    assert await store.jobs.claim(8, LEASE) == []


async def test_a_late_report_is_refused(store, clock, running):
    clock.advance(LEASE + 1)
    [again] = await store.jobs.claim(8, LEASE)

    assert not await store.jobs.renew(running, LEASE)
    with pytest.raises(LeaseLostError):
        await store.jobs.save_progress(running, 5, "5")
    with pytest.raises(LeaseLostError):
        await store.jobs.reschedule(running, clock(), "away")
    with pytest.raises(LeaseLostError):
        await store.jobs.finish(
            running, JobState.DONE, "late", Note(key="x", alert_id=7, text="late")
        )

    async with store.database.reading() as connection:
        assert (await connection.execute(select(notes.c.id))).all() == []
    await store.jobs.finish(again, JobState.DONE, "in time")
    assert (await store.jobs.get(again.id)).result == "in time"


async def test_a_job_that_ended_is_not_ended_twice(store, running):
    await store.jobs.finish(running, JobState.DONE, "done")

    with pytest.raises(LeaseLostError):
        await store.jobs.finish(running, JobState.DEAD, "failed")

    assert (await store.jobs.get(running.id)).state is JobState.DONE


async def test_the_end_is_told_in_the_thread(store, clock, books, running):
    await books.alert()

    await store.jobs.finish(
        running, JobState.DONE, "done", Note(key="x", alert_id=7, text="It is done")
    )

    note = await row_of(store, notes, 1)
    assert (note.alert_id, note.text, note.due_at) == (7, "It is done", clock())
    assert (await row_of(store, alerts, 7)).flush_at == clock()


async def test_the_end_of_a_job_without_an_alert_is_told_to_the_operators(store):
    await store.jobs.schedule(wish("confirm", None))
    [job] = await store.jobs.claim(8, LEASE)

    await store.jobs.finish(
        job, JobState.DEAD, "refused", Note(key="x", alert_id=None, text="Refused")
    )

    assert (await row_of(store, notes, 1)).channel == store.options.admin_channel


async def test_a_released_job_is_claimed_again_at_once_as_the_same_attempt(store, running):
    assert await store.jobs.release(running)

    [again] = await store.jobs.claim(8, LEASE)

    assert again.attempts == 1
    assert not await store.jobs.release(running)


async def test_a_rescheduled_job_waits(store, clock, running):
    await store.jobs.reschedule(running, clock() + timedelta(seconds=30), "the provider is away")

    assert await store.jobs.claim(8, LEASE) == []
    clock.advance(30)
    [again] = await store.jobs.claim(8, LEASE)
    assert again.attempts == 2
    assert again.result == "the provider is away"


async def test_a_job_that_was_to_stop_does_not_wait_for_another_attempt(store, clock, running):
    await store.jobs.stop(running.id, "U2")

    await store.jobs.reschedule(running, clock() + timedelta(seconds=30), "the provider is away")

    assert (await store.jobs.get(running.id)).state is JobState.STOPPED
    assert (await row_of(store, jobs, running.id)).finished_at == clock()


async def test_a_step_forward_is_kept_and_makes_it_the_first_attempt_again(store, clock, running):
    clock.advance(LEASE + 1)
    [second] = await store.jobs.claim(8, LEASE)

    assert not await store.jobs.save_progress(second, 500, "812")

    clock.advance(LEASE + 1)
    [third] = await store.jobs.claim(8, LEASE)
    assert third.cursor == "812"
    assert third.attempts == 2
    assert (await row_of(store, jobs, running.id)).done == 500


async def test_progress_tells_that_a_person_asked_to_stop(store, running):
    assert await store.jobs.stop(running.id, "U2")

    assert await store.jobs.save_progress(running, 1, "1")


# Dead letters


async def test_a_dead_job_is_retried_from_its_cursor(store, clock, running):
    await store.jobs.save_progress(running, 500, "812")
    await store.jobs.finish(running, JobState.DEAD, "refused")
    clock.advance(3_600)

    assert await store.jobs.retry(running.id, "U2")

    [again] = await store.jobs.claim(8, LEASE)
    assert (again.id, again.cursor, again.attempts) == (running.id, "812", 1)
    assert again.run_at == clock()


async def test_only_a_dead_job_is_retried(store, running):
    assert not await store.jobs.retry(running.id, "U1")
    await store.jobs.finish(running, JobState.DONE, "done")
    assert not await store.jobs.retry(running.id, "U1")
    assert not await store.jobs.retry(4_711, "U1")


async def test_a_dead_job_is_not_retried_beside_a_later_one(store, running):
    await store.jobs.finish(running, JobState.DEAD, "refused")
    await store.jobs.schedule(wish())

    assert not await store.jobs.retry(running.id, "U1")


async def test_two_retries_at_once_are_one(store, open_store, running):
    await store.jobs.finish(running, JobState.DEAD, "refused")
    async with open_store() as other:
        both = await asyncio.gather(
            store.jobs.retry(running.id, "U1"), other.jobs.retry(running.id, "U2")
        )

    assert sorted(both) == [False, True]


# Many


async def plan(store: SqlStore, statement: Update | Select[Any]) -> str:
    dialect = postgresql.dialect() if store.database.is_postgres else sqlite.dialect()
    words = statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    explain = "EXPLAIN" if store.database.is_postgres else "EXPLAIN QUERY PLAN"
    async with store.database.writing() as connection:
        rows = await connection.exec_driver_sql(f"{explain} {words}")
        return "\n".join(str(tuple(row)) for row in rows)


@pytest.mark.slow
async def test_a_claim_among_100_000_future_jobs_uses_the_indexes(open_store, clock):
    async with open_store(own_clock=False) as store:
        await check_claim_among_many(store, clock)


async def check_claim_among_many(store: SqlStore, clock) -> None:
    past, future = datetime(2020, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)
    rows = [
        {
            "key": str(number),
            "name": "resend",
            "subject": str(number),
            "by": "U1",
            "arguments": {},
            "run_at": future + timedelta(seconds=number),
            "state": "waiting",
            "created_at": clock(),
        }
        for number in range(100_000)
    ]
    async with store.database.writing() as connection:
        await connection.execute(insert(jobs), rows)
        await connection.execute(text("ANALYZE"))
    job = (await store.jobs.schedule(wish(run_at=past))).job
    now, until = store.database.moment(), store.database.moment(LEASE)

    claimed = await store.jobs.claim(8, LEASE)

    assert [one.id for one in claimed] == [job.id]
    assert "ix_jobs_waiting" in await plan(store, due_at(now).limit(8))
    assert "ix_jobs_running" in await plan(store, over_at(now).limit(8))
    assert "ix_jobs_waiting" in await plan(store, claiming(due_at(now).limit(8), until))


async def test_a_process_alone_need_not_wait_for_the_leases_of_the_killed_one(store, running):
    await store.jobs.forget_claims()

    [again] = await store.jobs.claim(8, LEASE)

    assert again.id == running.id
    with pytest.raises(LeaseLostError):
        await store.jobs.finish(running, JobState.DONE, "late")


async def test_a_deed_says_when_it_is_planned_but_not_that_it_is_for_now(store, books, clock):
    tomorrow = clock() + timedelta(days=1)
    await books.alert(family="list", reason="bad-mailbox", severity="info")
    await store.jobs.schedule(wish("deactivate"))
    await store.jobs.schedule(wish("resend", run_at=tomorrow))

    alert = await store.alerts.get(7)

    assert [deed.run_at for deed in alert.deeds] == [None, tomorrow]
