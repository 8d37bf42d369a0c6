"""What is due in a channel, in which order, and what becomes of it."""

from datetime import timedelta

import pytest

from bot.store.store import SqlStore
from handlers.store import Due, Note, NotPosted
from resolutions.bounce import Kind, SmtpReply
from tests.bot.store.samples import GONE, arrival, deferral, event

CHANNEL, ADMIN = "C01DELIV", "C02ADMIN"


@pytest.fixture
def post(store: SqlStore, clock):
    """Give what takes the next thing due, and reports it as posted at a ts of its own."""
    made = iter(range(1, 1_000))

    async def take(channel: str = CHANNEL) -> Due | None:
        due = await store.posts.next_due(channel)
        if due is not None:
            known = (due.alert and due.alert.ts) or (due.note and due.note.ts)
            await store.posts.posted(due, channel, known or f"1718.{next(made)}")
        return due

    return take


async def test_an_alert_is_due_once_its_events_had_time_to_gather(hook, store, clock, post):
    await hook(event(1))
    assert await store.posts.next_due(CHANNEL) is None

    clock.advance(5)
    await hook(event(2))
    clock.advance(5)

    due = await post()
    assert due is not None
    assert due.alert is not None
    assert (due.alert.bounced, due.alert.ts, due.uncertain) == (2, "", False)
    assert len(due.post_key) > 10
    assert await store.posts.next_due(CHANNEL) is None


async def test_nothing_is_due_in_another_channel(hook, store, clock):
    await hook(event(1))
    clock.advance(60)

    assert await store.posts.next_due(ADMIN) is None


async def test_a_posted_alert_is_found_by_its_message(hook, store, clock, post):
    await hook(event(1))
    clock.advance(10)
    await post()

    found = await store.alerts.at(CHANNEL, "1718.1")

    assert found is not None
    assert (found.channel, found.ts, found.bounced) == (CHANNEL, "1718.1", 1)
    assert await store.alerts.at(ADMIN, "1718.1") is None
    assert await store.alerts.at(CHANNEL, "") is None


async def test_updates_come_in_steps_and_only_if_a_number_moved(hook, store, clock, post):
    await hook(*[event(number) for number in range(20)])
    clock.advance(10)
    await post()

    await hook(event(20))  # a twentieth more is not worth it
    clock.advance(3_600)
    assert await store.posts.next_due(CHANNEL) is None

    await hook(event(21))
    due = await post()
    assert due is not None
    assert due.alert is not None
    assert due.alert.bounced == 22
    for step in (60, 120, 300, 900, 900):
        before = due.alert.bounced
        await hook(*[event(1_000 * step + before + number) for number in range(before // 4)])
        clock.advance(step - 1)
        assert await store.posts.next_due(CHANNEL) is None
        clock.advance(1)
        due = await post()
        assert due is not None
        assert due.alert is not None


async def test_the_first_update_comes_half_a_minute_after_the_post(hook, store, clock, post):
    await hook(event(1))
    clock.advance(10)
    await post()
    await hook(event(2))

    clock.advance(29)
    assert await store.posts.next_due(CHANNEL) is None
    clock.advance(1)
    assert await store.posts.next_due(CHANNEL) is not None


async def test_what_changes_while_a_post_is_under_way_stays_due(hook, store, clock):
    await hook(event(1))
    clock.advance(10)
    due = await store.posts.next_due(CHANNEL)
    assert due is not None

    await hook(event(2))
    await store.posts.posted(due, CHANNEL, "1718.1")

    assert await store.posts.next_due(CHANNEL) is None
    clock.advance(30)
    again = await store.posts.next_due(CHANNEL)
    assert again is not None
    assert again.alert is not None
    assert (again.alert.bounced, again.alert.ts) == (2, "1718.1")


async def test_an_alert_is_redrawn_at_once_when_a_person_acted(hook, store, clock, post):
    await hook(event(1))
    clock.advance(10)
    posted = await post()

    await store.alerts.touch(posted.alert.id)

    due = await post()
    assert due is not None
    assert await store.posts.next_due(CHANNEL) is None


async def test_a_click_during_a_redraw_asks_for_another(hook, store, clock, post):
    await hook(event(1))
    clock.advance(10)
    posted = await post()
    await store.alerts.touch(posted.alert.id)
    due = await store.posts.next_due(CHANNEL)

    await store.alerts.touch(posted.alert.id)
    await store.posts.posted(due, CHANNEL, "1718.1")

    assert await store.posts.next_due(CHANNEL) is not None


async def test_people_come_first_then_loud_alerts_then_notes_then_updates(hook, store, clock, post):
    await hook(event(1))
    await hook(event(2, campaign="may"))
    clock.advance(10)
    first, second = await post(), await post()
    clock.advance(60)
    await hook(event(3), event(3, event_id="c", kind=Kind.COMPLAINT), event(4, campaign="april"))
    await store.notes.queue(Note(key="n", alert_id=second.alert.id, text="a line"))
    await store.alerts.touch(second.alert.id)
    clock.advance(60)

    order = [await post() for _ in range(5)]

    assert [each.alert.id if each.alert else each.note.key for each in order[:1]] == [
        second.alert.id
    ]
    assert order[1].alert.key.complaint
    assert order[2].alert.key.subject == "shop/april"
    assert order[3].note.key == "n"
    assert order[4].alert.id == first.alert.id
    assert await post() is None


async def test_updates_of_all_alerts_stay_under_twenty_a_minute(hook, store, clock, post):
    for round_number in range(2):
        await hook(*[event(10 * n + round_number, campaign=f"c{n}") for n in range(30)])
        clock.advance(61)
        if round_number == 0:
            assert len([1 for _ in range(40) if await post()]) == 30

    updated = 0
    for _ in range(60):
        while await post():
            updated += 1
        clock.advance(1)

    assert 15 <= updated < 20


# Unknown outcomes


async def test_a_post_whose_process_died_is_looked_for(hook, store, clock, open_store):
    await hook(event(1))
    clock.advance(10)
    begun = await store.posts.next_due(CHANNEL)

    async with open_store() as reborn:
        due = await reborn.posts.next_due(CHANNEL)

    assert begun is not None
    assert due is not None
    assert (due.uncertain, due.post_key, due.version) == (True, begun.post_key, begun.version)


async def test_a_post_found_again_shows_what_it_showed_and_is_renewed(hook, store, clock):
    await hook(event(1))
    clock.advance(10)
    await store.posts.next_due(CHANNEL)
    await hook(event(2))

    due = await store.posts.next_due(CHANNEL)
    assert due is not None
    await store.posts.posted(due, CHANNEL, "1718.1")

    again = await store.posts.next_due(CHANNEL)
    assert again is not None
    assert (again.alert.ts, again.uncertain) == ("1718.1", False)


async def test_a_post_without_an_answer_is_uncertain_and_the_channel_waits(
    hook, store, clock, post
):
    await hook(event(1))
    await hook(event(2, campaign="may"))
    clock.advance(10)
    due = await store.posts.next_due(CHANNEL)

    await store.posts.not_posted(due, NotPosted.UNANSWERED, 2.0)

    assert await store.posts.next_due(CHANNEL) is None
    clock.advance(2)
    other, again = await post(), await post()
    assert not other.uncertain
    assert (again.uncertain, again.post_key) == (True, due.post_key)


async def test_a_limited_channel_waits_as_long_as_slack_says(hook, store, clock, post):
    await hook(event(1))
    await hook(event(2, campaign="may"))
    clock.advance(10)
    due = await store.posts.next_due(CHANNEL)

    await store.posts.not_posted(due, NotPosted.LIMITED, 30.0)

    clock.advance(29)
    assert await store.posts.next_due(CHANNEL) is None
    clock.advance(1)
    await post()
    again = await post()
    assert (again.uncertain, again.post_key) == (False, due.post_key)


async def test_what_slack_refuses_does_not_stop_the_others(hook, store, clock):
    await hook(event(1))
    await hook(event(2, campaign="may"))
    clock.advance(10)
    refused = await store.posts.next_due(CHANNEL)

    await store.posts.not_posted(refused, NotPosted.REFUSED, 60.0)

    other = await store.posts.next_due(CHANNEL)
    assert other.alert.id != refused.alert.id
    await store.posts.not_posted(other, NotPosted.REFUSED, 60.0)
    for wait in (60, 120, 240):
        clock.advance(wait - 1)
        assert await store.posts.next_due(CHANNEL) is None
        clock.advance(1)
        for _ in range(2):
            await store.posts.not_posted(
                await store.posts.next_due(CHANNEL), NotPosted.REFUSED, 60.0
            )


async def test_an_update_is_never_uncertain(hook, store, clock, post):
    await hook(event(1))
    clock.advance(10)
    posted = await post()
    await store.alerts.touch(posted.alert.id)
    due = await store.posts.next_due(CHANNEL)

    await store.posts.not_posted(due, NotPosted.UNANSWERED, 2.0)

    clock.advance(2)
    again = await store.posts.next_due(CHANNEL)
    assert (again.uncertain, again.alert.ts) == (False, posted.alert.ts or "1718.1")


# Notes


async def test_a_note_waits_for_the_post_of_its_alert(hook, store, clock, post):
    await hook(event(1))
    [alert] = await store.alerts.newest()
    await store.notes.queue(Note(key="n", alert_id=alert.id, text="a line", broadcast=True))
    assert await store.posts.next_due(CHANNEL) is None
    clock.advance(10)

    await post()
    due = await post()

    assert due.note.text == "a line"
    assert (due.note.channel, due.note.thread_ts, due.note.broadcast) == (CHANNEL, "1718.1", True)
    assert await store.posts.next_due(CHANNEL) is None
    found = await store.alerts.at(CHANNEL, "1718.2")
    assert found.id == alert.id


async def test_a_note_is_told_once(store, post):
    for _ in range(2):
        await store.notes.queue(Note(key="n", alert_id=None, channel=CHANNEL, text="a line"))

    assert (await post()).note.text == "a line"
    await store.notes.queue(Note(key="n", alert_id=None, channel=CHANNEL, text="another"))
    assert await post() is None


async def test_a_note_without_an_alert_goes_to_those_who_run_us(store, post):
    await store.notes.queue(Note(key="n", alert_id=None, text="confirm it"))

    assert await post(CHANNEL) is None
    assert (await post(ADMIN)).note.channel == ADMIN


async def test_a_renewable_note_is_renewed_in_place_if_it_changed(store, post):
    def note(line: str) -> Note:
        return Note(
            key="details",
            alert_id=None,
            channel=CHANNEL,
            text=line,
            blocks=[{"type": "divider"}],
            renewable=True,
        )

    await store.notes.queue(note("two"))
    await post()
    await store.notes.queue(note("two"))
    assert await post() is None

    await store.notes.queue(note("three"))

    due = await post()
    assert (due.note.text, due.note.ts) == ("three", "1718.1")
    assert list(due.note.blocks) == [{"type": "divider"}]
    assert await post() is None


async def test_a_note_renewed_while_it_is_posted_stays_due(store, post):
    await store.notes.queue(
        Note(key="d", alert_id=None, channel=CHANNEL, text="one", renewable=True)
    )
    due = await store.posts.next_due(CHANNEL)

    await store.notes.queue(
        Note(key="d", alert_id=None, channel=CHANNEL, text="two", renewable=True)
    )
    await store.posts.posted(due, CHANNEL, "1718.9")

    again = await store.posts.next_due(CHANNEL)
    assert (again.note.text, again.note.ts, again.uncertain) == ("two", "1718.9", False)


# Leases and turns


async def test_a_channel_has_one_poster(store, open_store, clock):
    async with open_store() as other:
        assert await store.leases.lease_channel(CHANNEL, "a", 30.0)
        assert not await other.leases.lease_channel(CHANNEL, "b", 30.0)
        assert await other.leases.lease_channel(ADMIN, "b", 30.0)

        clock.advance(20)
        assert await store.leases.lease_channel(CHANNEL, "a", 30.0)
        clock.advance(29)
        assert not await other.leases.lease_channel(CHANNEL, "b", 30.0)
        clock.advance(1)
        assert await other.leases.lease_channel(CHANNEL, "b", 30.0)
        assert not await store.leases.lease_channel(CHANNEL, "a", 30.0)


async def test_a_lease_is_given_back_at_the_end(store, open_store):
    async with open_store() as other:
        assert await other.leases.lease_channel(CHANNEL, "b", 30.0)
        assert not await store.leases.lease_channel(CHANNEL, "a", 30.0)

    assert await store.leases.lease_channel(CHANNEL, "a", 30.0)


async def test_a_second_passes_between_posts_of_a_channel(store, clock):
    waits = [await store.leases.take_turn("chat.postMessage", CHANNEL) for _ in range(3)]
    other = await store.leases.take_turn("chat.postMessage", ADMIN)

    assert waits == [0.0, 1.0, 2.0]
    assert other == 0.0
    clock.advance(5)
    assert await store.leases.take_turn("files.completeUploadExternal", CHANNEL) == 0.0


async def test_the_next_post_waits_from_when_the_last_one_went_out(hook, store, clock, post):
    await hook(event(1))
    clock.advance(10)
    assert await store.leases.take_turn("chat.postMessage", CHANNEL) == 0.0
    clock.advance(3)
    await post()

    assert await store.leases.take_turn("chat.postMessage", CHANNEL) == 1.0


async def test_updates_stay_under_fifty_in_any_minute(store, clock):
    sent = []
    for number in range(120):
        wait = await store.leases.take_turn("chat.update", CHANNEL if number % 2 else ADMIN)
        sent.append(clock.now + timedelta(seconds=wait))

    minute = timedelta(minutes=1)
    assert max(len([1 for b in sent if a <= b < a + minute]) for a in sent) <= 50
    assert sent[7] == sent[0]  # a burst need not wait


async def test_replicas_keep_one_rate_together(store, open_store):
    async with open_store() as other:
        waits = [
            await (store if n % 2 else other).leases.take_turn("chat.postMessage", CHANNEL)
            for n in range(4)
        ]

    assert waits == [0.0, 1.0, 2.0, 3.0]


async def test_a_lease_follows_the_clock_of_the_database_where_there_are_several_hosts(
    open_store, clock
):
    async with open_store(own_clock=False) as store, open_store(own_clock=False) as other:
        assert await store.leases.lease_channel(CHANNEL, "a", 30.0)
        clock.advance(60)

        taken = await other.leases.lease_channel(CHANNEL, "b", 30.0)

        assert taken is not store.database.is_postgres


# Closing


async def test_a_quiet_alert_closes_and_is_redrawn_once(hook, store, clock, post):
    await hook(event(1))
    clock.advance(10)
    posted = await post()
    clock.advance(86_399 - 10)
    assert await store.alerts.close_quiet() == 0

    clock.advance(1)
    assert await store.alerts.close_quiet() == 1

    due = await post()
    assert (due.alert.id, due.alert.closed_at) == (posted.alert.id, clock.now)
    assert await post() is None
    assert await store.alerts.newest() == []
    clock.advance(86_400)
    assert await store.alerts.close_quiet() == 0


async def test_an_alert_that_hears_again_is_a_new_one_that_names_the_old(hook, store, clock, post):
    await hook(event(1))
    clock.advance(10)
    await post()
    clock.advance(86_400)
    await store.alerts.close_quiet()
    await post()

    await hook(event(2))

    [alert] = await store.alerts.newest()
    assert (alert.bounced, alert.previous) == (1, (CHANNEL, "1718.1"))


async def test_the_end_of_a_delivery_leaves_the_closed_alert_it_waited_in(hook, store, clock, post):
    await hook(deferral(1), deferral(2))
    clock.advance(10)
    posted = await post()
    clock.advance(86_400)
    await store.alerts.close_quiet()
    await post()

    await hook(event(1, reply=SmtpReply(GONE, "550", "5.1.1")))
    await hook.record(arrival(2))

    old = await store.alerts.get(posted.alert.id)
    assert (old.waiting, old.bounced, old.delivered) == (0, 0, 1)
    [new] = await store.alerts.newest()
    assert (new.bounced, new.previous) == (1, None)
    clock.advance(5)
    assert await store.posts.next_due(CHANNEL) is None


async def test_an_alert_not_yet_posted_follows_the_channel_of_the_configuration(
    hook, store, clock, open_store
):
    await hook(event(1))
    clock.advance(10)

    async with open_store(channel="C09OTHER") as moved:
        assert (await moved.posts.next_due("C09OTHER")).alert.bounced == 1
