"""What is kept no longer is forgotten, and nothing else."""

from datetime import timedelta

import pytest
from sqlalchemy import Table, func, select, update

from bot.store.retention import CHUNK
from bot.store.sql.tables import (
    alerts,
    arrivals,
    audit,
    deliveries,
    events,
    jobs,
    notes,
    quarantine,
    replays,
    resends,
)
from handlers.store import Job, JobState

DAY = timedelta(days=1)


@pytest.fixture
def number_of(store):
    async def count(table: Table) -> int:
        async with store.database.reading() as connection:
            query = select(func.count()).select_from(table)
            return (await connection.execute(query)).scalar_one()

    return count


def event(key, received_at, **more):
    row = {"key": key, "received_at": received_at, "triaged_at": received_at, "raw": "{}"}
    return {**row, "body": {}, **more}


async def raws(store) -> dict[str, str | None]:
    async with store.database.reading() as connection:
        rows = await connection.execute(select(events.c.key, events.c.raw))
        return {row.key: row.raw for row in rows}


async def test_nothing_is_pruned_before_its_time(store, books, clock, number_of):
    await books.insert(events, [event("new", clock() - 29 * DAY)])
    await store.audit.add("deactivate", "U1", "alert 7", "done", 7)

    assert await store.retention.prune() == 0

    assert await raws(store) == {"new": "{}"}
    assert await number_of(audit) == 1


async def test_bodies_go_after_30_days_and_events_after_90(store, books, clock):
    ages = {"week": 7, "month": 31, "season": 91}
    await books.insert(events, [event(key, clock() - days * DAY) for key, days in ages.items()])

    await store.retention.prune()

    assert await raws(store) == {"week": "{}", "month": None}


async def test_bodies_that_come_of_age_later_go_too(store, books, clock):
    await books.insert(events, [event("a", clock() - 31 * DAY), event("b", clock() - 29 * DAY)])
    await store.retention.prune()
    assert await raws(store) == {"a": None, "b": "{}"}

    clock.advance(2 * DAY.total_seconds())
    await store.retention.prune()

    assert await raws(store) == {"a": None, "b": None}


async def test_an_event_that_nobody_looked_at_stays(store, books, clock):
    await books.insert(events, [event("old", clock() - 91 * DAY, triaged_at=None)])

    await store.retention.prune()

    assert list(await raws(store)) == ["old"]


async def test_more_than_a_chunk_goes_at_once(store, books, clock):
    rows = [event(str(number), clock() - 91 * DAY) for number in range(2 * CHUNK + 5)]
    await books.insert(events, rows)

    await store.retention.prune()

    assert await raws(store) == {}


async def test_deliveries_go_with_their_alert_closed(store, books, clock, number_of):
    old = clock() - 91 * DAY
    await books.alert(7)
    await books.alert(8, closed_at=old)
    ana = await books.contact("ana@example.com")
    await books.delivery(ana, 7, occurred_at=old)
    await books.delivery(ana, 8, occurred_at=old, state="waiting")
    gone = await books.delivery(ana, 8, occurred_at=old)
    await books.insert(resends, [{"delivery_id": gone, "job_id": 1, "at": old}])

    await store.retention.prune()

    assert await number_of(deliveries) == 2
    assert await number_of(resends) == 0
    assert await number_of(alerts) == 2


async def test_what_is_remembered_for_a_while_goes_by_its_own_time(store, books, clock, number_of):
    await store.repeats.seen("trigger:1", timedelta(hours=1))
    await books.insert(replays, [{"key": "a", "event_key": "", "until": clock()}])
    await books.insert(
        arrivals,
        [{"key": "a", "delivery_key": "", "at": clock() - 3 * DAY, "occurred_at": clock()}],
    )
    clock.advance(3_601)

    assert await store.retention.prune() == 3


async def test_quarantine_notes_jobs_and_the_audit_log_go(store, books, clock, number_of):
    old = clock() - 366 * DAY
    await books.insert(
        quarantine, [{"received_at": clock() - 31 * DAY, "body": b"", "headers": {}}]
    )
    await books.insert(audit, [{"at": old}])
    told = {"text": "", "blocks": [], "created_at": old}
    await books.insert(
        notes, [{"key": "a", "due_at": None, **told}, {"key": "b", "due_at": old, **told}]
    )
    await store.jobs.schedule(Job(name="resend", alert_id=7, by="U1"))
    [job] = await store.jobs.claim(1, 20.0)
    await store.jobs.finish(job, JobState.DONE, "done")
    await store.jobs.schedule(Job(name="resend", alert_id=7, by="U1"))
    async with store.database.writing() as connection:
        await connection.execute(update(jobs).values(created_at=old))
        await connection.execute(update(jobs).where(jobs.c.state == "done").values(finished_at=old))

    await store.retention.prune()

    assert [await number_of(each) for each in (quarantine, audit, notes, jobs)] == [0, 0, 1, 1]


async def test_a_wish_after_pruned_jobs_has_a_key_of_its_own(store, clock):
    job = Job(name="resend", alert_id=7, by="U1")
    for _ in range(2):
        await store.jobs.schedule(job)
        [claimed] = await store.jobs.claim(1, 20.0)
        await store.jobs.finish(claimed, JobState.DONE, "done")
        clock.advance(200 * DAY.total_seconds())
    await store.retention.prune()

    scheduled = await store.jobs.schedule(job)

    assert scheduled.created
    assert scheduled.job.key == "resend:alert:7:3"
