"""What people ask: counts, histories, quarantine, health, the audit log, what waits."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from bot.store.sql.tables import alerts, events, notes, quarantine, source_hours, sources
from handlers.store import Job, SourceHealth

HOUR = timedelta(hours=1)


@pytest.fixture
async def kept(store, clock):
    """Put three bodies into quarantine, the newest last."""
    rows = [
        {
            "source": source,
            "received_at": clock() + number * HOUR,
            "why": "no such field",
            "body": b"\x00\xff{",
            "headers": {"content-type": "text/plain"},
        }
        for number, source in enumerate(["shop", "news", "shop"])
    ]
    async with store.database.writing() as connection:
        await connection.execute(insert(quarantine), rows)


# Counts and histories


async def test_bounces_are_counted_by_reason_and_complaints_apart(store, books, clock):
    ana = await books.contact("ana@example.com")
    await books.delivery(ana, reason="bad-mailbox")
    await books.delivery(ana, reason="bad-mailbox", state="expired")
    await books.delivery(ana, reason="quota-issues")
    await books.delivery(ana, reason="spam-related", kind="complaint")
    await books.delivery(ana, reason="quota-issues", state="waiting")
    await books.delivery(ana, reason="quota-issues", state="delivered")
    await books.delivery(ana, reason="quota-issues", occurred_at=clock() - 25 * HOUR)

    counts = await store.deliveries.count_by_reason(clock() - 24 * HOUR)

    assert counts == {"bad-mailbox": 2, "quota-issues": 1, "complaint": 1}


async def test_a_history_is_of_one_address_at_all_sources_newest_first(store, books, clock):
    ana = await books.contact("Ana@example.com")
    same = await books.contact("ana@example.com", "news")
    old = await books.delivery(ana, occurred_at=clock() - HOUR)
    new = await books.delivery(same, source="news")
    await books.delivery(await books.contact("ben@example.com"))

    assert [one.id for one in await store.deliveries.of_address("ana@EXAMPLE.com")] == [new, old]
    assert [one.id for one in await store.deliveries.of_address("ana@example.com", limit=1)] == [
        new
    ]


# Quarantine


async def test_quarantine_is_listed_newest_first(store, kept):
    assert [one.id for one in await store.quarantine.newest()] == [3, 2, 1]
    assert [one.id for one in await store.quarantine.newest(source="shop")] == [3, 1]
    assert [one.id for one in await store.quarantine.newest(limit=1)] == [3]


async def test_a_body_in_quarantine_is_shown_as_it_came(store, kept):
    one = await store.quarantine.get(2)

    assert (one.source, one.body, one.why) == ("news", b"\x00\xff{", "no such field")
    assert one.headers == {"content-type": "text/plain"}
    assert await store.quarantine.get(4_711) is None


async def test_what_was_replayed_leaves_the_list_once(store, kept, clock):
    assert await store.quarantine.mark_replayed(2)
    assert not await store.quarantine.mark_replayed(2)

    assert [one.id for one in await store.quarantine.newest()] == [3, 1]
    assert (await store.quarantine.get(2)).replayed_at == clock()


# Health


async def test_health_sums_the_last_24_hours(store, clock):
    this_hour = clock().replace(minute=0)
    hours = [(0, 3, 10, 1), (23, 4, 20, 0), (24, 100, 100, 100)]
    async with store.database.writing() as connection:
        await connection.execute(
            insert(sources),
            [
                {"source": "shop", "last_event_at": clock()},
                {"source": "news", "last_event_at": None},
            ],
        )
        await connection.execute(
            insert(source_hours),
            [
                {
                    "source": "shop",
                    "hour": this_hour - ago * HOUR,
                    "events": heard,
                    "delivered": delivered,
                    "quarantined": odd,
                }
                for ago, heard, delivered, odd in hours
            ],
        )

    assert await store.health.sources() == [
        health("news", None, 0, 0, 0),
        health("shop", clock(), 7, 30, 1),
    ]


def health(source, last, heard, delivered, odd) -> SourceHealth:
    return SourceHealth(
        source=source, last_event_at=last, events=heard, delivered=delivered, quarantined=odd
    )


# What is noted


async def test_the_audit_log_is_read_newest_first(store, clock):
    await store.audit.add("deactivate", "U1", "alert 7", "asked", 7)
    clock.advance(1)
    await store.audit.add("cancel", "U2", "job 3", "done", None)

    log = await store.audit.newest()

    assert [(one.action, one.by, one.alert_id) for one in log] == [
        ("cancel", "U2", None),
        ("deactivate", "U1", 7),
    ]
    assert log[0].at == clock()
    assert [one.action for one in await store.audit.newest(about="7")] == ["deactivate"]


async def test_a_key_is_seen_once_until_its_time_is_over(store, clock):
    assert not await store.repeats.seen("trigger:1", HOUR)
    assert await store.repeats.seen("trigger:1", HOUR)
    assert not await store.repeats.seen("trigger:2", HOUR)

    clock.advance(3_600)

    assert not await store.repeats.seen("trigger:1", HOUR)
    assert await store.repeats.seen("trigger:1", HOUR)


async def test_a_ticket_is_noted_and_shown_at_once(store, books, clock):
    await books.alert(7)

    await store.alerts.set_ticket(7, "#12", "https://tickets.example/12")

    async with store.database.reading() as connection:
        alert = (await connection.execute(select(alerts))).one()
    assert (alert.ticket_reference, alert.ticket_url) == ("#12", "https://tickets.example/12")
    assert alert.flush_at == clock()


async def test_depths_tell_what_waits_to_be_done(store, books, clock):
    soon = clock() + HOUR
    await books.alert(1, flush_at=soon, ts="")
    await books.alert(2, flush_at=soon, ts="1.2")
    await books.alert(3)
    await books.insert(events, [{"key": "k", "received_at": clock(), "body": {}}])
    await books.insert(
        notes,
        [
            {"key": "a", "text": "", "blocks": [], "due_at": soon},
            {"key": "b", "text": "", "blocks": [], "due_at": None},
        ],
    )
    for number in (11, 12):
        await store.jobs.schedule(Job(name="resend", alert_id=number, by="U1"))
    await store.jobs.schedule(Job(name="resend", alert_id=13, by="U1", run_at=soon))
    await store.jobs.claim(1, 20.0)

    assert await store.health.depths() == {
        "events": 1,
        "posts": 1,
        "updates": 1,
        "notes": 1,
        "jobs": 1,
        "scheduled": 1,
        "running": 1,
    }
