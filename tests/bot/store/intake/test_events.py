"""What a webhook says is stored once, whole, and whatever stands beside it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.store.sql.tables import contacts, events, hours, jobs, quarantine, source_hours, sources
from bot.store.store import SqlStore
from handlers.errors import ReplayedError
from handlers.provider import Confirmation, Parsed, ReplayGuard, Unusable
from tests.bot.store.samples import arrival, deferral, event, request


async def number(store: SqlStore, table) -> int:
    async with store.database.reading() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


async def rows(store: SqlStore, table) -> list[Any]:
    async with store.database.reading() as connection:
        return list((await connection.execute(select(table))).all())


async def test_an_event_is_read_as_it_was_told(hook, store: SqlStore):
    told = event(tags=("a", "b"), metadata={"user": "7"}, subject="Grüße", raw='{"a": 1}')

    new = await hook.record(told)

    [(_, read)] = await store.events.untriaged(10)
    assert new == 1
    assert [(row.raw, row.source) for row in await rows(store, events)] == [('{"a": 1}', "shop")]
    assert read == event(tags=("a", "b"), metadata={"user": "7"}, subject="Grüße")


async def test_a_repeated_event_is_stored_once(hook, store: SqlStore):
    await hook.record(event(1))

    again = await hook.record(event(1, recipient="PERSON1@example.org"), event(2))

    assert again == 1
    assert await number(store, events) == 2


async def test_two_sources_with_one_event_id_never_meet(hook, store: SqlStore):
    assert await hook.record(event(1), event(1, source="letters")) == 2


async def test_events_are_triaged_oldest_first_and_no_more_than_asked_for(hook, store: SqlStore):
    await hook.record(event(1))
    await hook.record(event(2))

    found = await store.events.untriaged(1)

    assert [each.event_id for _, each in found] == ["e1"]


async def test_requests_at_the_same_time_share_what_they_say(store: SqlStore):
    said = [Parsed(events=[event(number // 2)]) for number in range(64)]

    new = await asyncio.gather(*(store.events.record(request(), each) for each in said))

    assert sum(new) == 32
    assert await number(store, events) == 32


async def test_what_was_not_understood_is_kept_beside_the_rest(store: SqlStore):
    parsed = Parsed(events=[event()], unusable=[Unusable(b"\x00\xff", "KeyError: 'id'")])

    assert await store.events.record(request(), parsed) == 1

    [kept] = await rows(store, quarantine)
    assert (kept.body, kept.why) == (b"\x00\xff", "KeyError: 'id'")
    assert kept.headers == {"content-type": "application/json"}


async def test_a_poisoned_element_does_not_harm_its_batch(hook, store: SqlStore):
    poison = event(250, raw="poison")
    object.__setattr__(poison, "raw", "\ud800 cannot be encoded")

    new = await hook.record(*[event(each) for each in range(250)], poison, event(251))

    assert new == await number(store, events) == 251
    [kept] = await rows(store, quarantine)
    assert kept.why.startswith("it cannot be stored")


async def test_a_poisoned_request_does_not_harm_its_group(store: SqlStore):
    poison = event(0)
    object.__setattr__(poison, "raw", "\ud800")
    said = [poison, *[event(number) for number in range(1, 64)]]

    new = await asyncio.gather(
        *(store.events.record(request(body=b"as it came"), Parsed(events=[each])) for each in said)
    )

    assert new == [0] + [1] * 63
    assert await number(store, events) == 63
    assert len(await rows(store, quarantine)) == 1


async def test_strange_headers_and_arrivals_are_cleaned(store: SqlStore):
    asked = request()
    object.__setattr__(
        asked, "headers", {"content-type": "a\0b\udcff", "authorization": "Basic cGFzc3dvcmQ="}
    )
    strange = arrival(1, recipient="na\0me\ud800@example.org", campaign="\0")
    parsed = Parsed(delivered=[strange], unusable=[Unusable(b"x", "\0")])

    await store.events.record(asked, parsed)

    [kept] = await rows(store, quarantine)
    assert kept.headers == {"content-type": "a\ufffdb\ufffd"}
    assert [row.recipient for row in await rows(store, contacts)] == [
        "na\ufffdme\ufffd@example.org"
    ]


async def test_a_token_comes_with_one_event_only(store: SqlStore, clock):
    def guarded(event_id: str) -> Parsed:
        guard = ReplayGuard(token="t", event_id=event_id, window=timedelta(hours=1))
        return Parsed(events=[event(1, event_id=event_id)], replay=guard)

    assert await store.events.record(request(), guarded("one")) == 1
    assert await store.events.record(request(), guarded("one")) == 0
    with pytest.raises(ReplayedError):
        await store.events.record(request(), guarded("other"))
    assert await number(store, events) == 1

    clock.advance(3_601)
    assert await store.events.record(request(), guarded("other")) == 1


async def test_a_replay_in_a_group_is_refused_alone(store: SqlStore):
    def guarded(event_id: str, number: int) -> Parsed:
        guard = ReplayGuard(token="t", event_id=event_id, window=timedelta(hours=1))
        return Parsed(events=[event(number)], replay=guard)

    answers = await asyncio.gather(
        store.events.record(request(), guarded("one", 1)),
        store.events.record(request(), guarded("other", 2)),
        store.events.record(request(), Parsed(events=[event(3)])),
        return_exceptions=True,
    )

    assert [answers[0], answers[2]] == [1, 1]
    assert isinstance(answers[1], ReplayedError)
    assert await number(store, events) == 2


async def test_a_subscription_to_confirm_is_one_job(store: SqlStore):
    asked = Confirmation(source="shop", topic="arn:t", token="secret", link="https://example.org")

    await store.events.record(request(), Parsed(confirmation=asked))
    await store.events.record(request(), Parsed(confirmation=asked))

    [job] = await rows(store, jobs)
    assert (job.name, job.by, job.state) == ("confirm_subscription", "bounce", "waiting")
    assert job.arguments == {
        "source": "shop",
        "topic": "arn:t",
        "token": "secret",
        "link": "https://example.org",
    }


async def test_arrivals_feed_the_hour_and_the_contact_once(hook, store: SqlStore, clock):
    await hook.record(arrival(1), arrival(2, recipient="b@gmail.com"))
    await hook.record(arrival(1))

    counted = {(row.campaign, row.operator): row.delivered for row in await rows(store, hours)}
    assert counted == {("june", "example.org"): 1, ("june", "google"): 1}
    known = {row.recipient: row.last_delivered_at for row in await rows(store, contacts)}
    assert known["person1@example.org"] == arrival().occurred_at


async def test_sources_are_counted_by_the_hour(hook, store: SqlStore, clock):
    await hook.record(event(1), deferral(1), arrival(2))
    await hook.record(event(1))

    [row] = await rows(store, source_hours)
    assert (row.source, row.events, row.delivered, row.quarantined) == ("shop", 2, 1, 0)
    assert [each.last_event_at for each in await rows(store, sources)] == [clock.now]
