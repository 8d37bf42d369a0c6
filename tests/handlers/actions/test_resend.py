"""Send again: a modal, a time, a way; each recipient judged anew when it runs."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from handlers.resending.cursor import ResendCursor
from handlers.store import JobState
from resolutions.bounce import Kind, Permanence, SmtpReply
from tests.handlers.room import Room, elements, read

ADA, LINUS, GRACE = "U01ADA", "U02LINUS", "U03GRACE"
ANA, BEN, CLEO = "ana@gmail.com", "ben@gmail.com", "cleo@gmail.com"
FULL: dict[str, Any] = {
    "permanence": Permanence.TRANSIENT,
    "reply": SmtpReply("452 4.2.2 The recipient's inbox is out of storage space.", "452", "4.2.2"),
}
KEPT = "eyJwIjpmYWxzZSwiayI6ImtleSJ9"


async def test_the_modal_offers_whom_when_and_how(room: Room) -> None:
    await room.posted(ANA, BEN, **FULL)

    await room.click(ADA, "resend")

    (view,) = room.slack.views(ADA)
    blocks = {block.get("block_id"): block for block in view["blocks"]}
    people = [option["text"]["text"] for option in blocks["recipients"]["element"]["options"]]
    assert people == ["a•••@gmail.com", "b•••@gmail.com"]
    assert "Europe/London" in blocks["when"]["hint"]["text"]
    ways = [option["value"] for option in blocks["way"]["element"]["options"]]
    assert ways == ["webhook"]
    assert room.slack.violations == []


async def test_the_suggested_time_is_early_tomorrow_where_the_person_is(room: Room) -> None:
    await room.posted(ANA, **FULL)

    await room.click(GRACE, "resend")  # New York

    (view,) = room.slack.views(GRACE)
    when = next(block for block in view["blocks"] if block.get("block_id") == "when")
    first = datetime.fromtimestamp(when["element"]["initial_date_time"], UTC)
    assert first > room.clock()
    assert (first.hour, first.minute) in {(10, 0), (11, 0)}


async def test_a_scheduled_resend_reaches_the_sender_signed_and_at_its_time(room: Room) -> None:
    await room.posted(ANA, BEN, **FULL)
    await room.click(ADA, "resend")
    answer = await room.submit(ADA, when=room.in_hours(2))
    assert answer.shown == ""
    assert room.slack.views(ADA) == []

    await room.work()
    assert room.sender.asked == []

    room.clock.advance(2 * 3600)
    await room.work()

    assert sorted(room.sender.recipients) == [ANA, BEN]
    body = room.sender.asked[0]
    assert body["type"] == "resend.requested"
    assert body["id"] == room.sender.ids[0]
    assert body["requested_by"] == ADA
    assert body["original"]["provider"] == "mailgun"
    assert body["original"]["subject"] == "Your receipt"
    assert body["original"]["campaign"] == "Receipts"
    assert body["original"]["metadata"].keys() == {"order"}
    line = f"2 emails passed to your sender to be sent again, asked for by <@{ADA}>"
    assert line in await room.thread()


async def test_the_message_shows_what_is_scheduled_with_move_and_cancel(room: Room) -> None:
    await room.posted(ANA, **FULL)
    await scheduled(room)
    await room.post()

    assert "scheduled by" in await room.shown()
    assert {"move", "cancel"} <= elements(await room.message()).keys()


async def test_some_recipients_can_be_chosen(room: Room) -> None:
    alert = await room.posted(ANA, BEN, CLEO, **FULL)
    chosen = next(one for one in alert.sample if one.recipient == BEN)

    await room.click(ADA, "resend")
    await room.submit(ADA, when=room.in_hours(1), recipients=[str(chosen.id)])
    room.clock.advance(3600)
    await room.work()

    assert room.sender.recipients == [BEN]


async def test_who_bounced_after_it_was_scheduled_is_not_part_of_it(room: Room) -> None:
    await room.posted(ANA, **FULL)
    await scheduled(room)
    await room.posted(BEN, **FULL)

    room.clock.advance(3600)
    await room.work()

    assert room.sender.recipients == [ANA]


@pytest.mark.parametrize(
    ("hours", "complaint"), [(-1, "This time is over"), (31 * 24, "within 30 days")]
)
async def test_a_time_that_cannot_be_is_told_below_its_field(
    room: Room, hours: float, complaint: str
) -> None:
    await room.posted(ANA, **FULL)
    await room.click(ADA, "resend")

    await room.submit(ADA, when=room.in_hours(hours))

    (view,) = room.slack.views(ADA)
    assert complaint in view["errors"]["when"]
    assert await room.store.jobs.in_states([JobState.WAITING]) == []


async def test_a_second_resend_waits_for_the_first(room: Room) -> None:
    await room.posted(ANA, **FULL)
    await room.click(ADA, "resend")
    await room.click(LINUS, "resend")
    await room.submit(ADA, when=room.in_hours(1))

    await room.submit(LINUS, when=room.in_hours(2))
    (view,) = room.slack.views(LINUS)
    assert "Another resend of this alert stands already" in view["errors"]["when"]

    await room.click(GRACE, "resend")
    (view,) = room.slack.views(GRACE)
    assert f"A resend asked for by <@{ADA}> is scheduled" in read(view["blocks"])
    assert view.get("submit") is None


async def test_each_recipient_is_judged_again(room: Room) -> None:
    people = {
        "complained": "c1@gmail.com",
        "flagged": "f1@gmail.com",
        "other": "d1@gmail.com",
        "fine": ANA,
    }
    alert = await room.posted(*people.values(), **FULL)
    await scheduled(room)
    await room.posted(people["complained"], kind=Kind.COMPLAINT, reply=SmtpReply())
    contact = await room.store.contacts.get("receipts", people["flagged"])
    assert contact is not None
    await room.store.contacts.flag(contact, await last_resend(room, alert), None, None)

    room.clock.advance(3600)
    await room.runner.settle()

    job = await last_resend(room, alert)
    assert sorted(room.sender.recipients) == sorted([people["other"], people["fine"]])
    assert job.result == (
        f"2 emails passed to your sender to be sent again, asked for by <@{ADA}>; 2 left out"
    )
    await room.post()
    said = "\n".join(one["text"] for one in room.replies(alert.ts))
    assert "c•••@gmail.com: has complained" in said
    assert "f•••@gmail.com: is flagged as inactive" in said


async def test_a_complaint_is_never_sent_to_again(room: Room) -> None:
    await room.posted(ANA, kind=Kind.COMPLAINT, reply=SmtpReply())

    await room.press(ADA, "resend")

    (view,) = room.slack.views(ADA)
    assert "complained" in read(view["blocks"])
    assert view.get("submit") is None


async def test_without_a_way_the_modal_says_which_key_to_set(room: Room) -> None:
    await room.posted(ANA, **FULL)
    room.with_desk(resend=None)

    await room.click(ADA, "resend")

    (view,) = room.slack.views(ADA)
    assert "[resend.webhook]" in read(view["blocks"])
    assert view.get("submit") is None


async def test_it_warns_where_it_will_fail_again(room: Room) -> None:
    await room.posted(ANA)  # the mailbox does not exist

    await room.press(ADA, "resend")

    (view,) = room.slack.views(ADA)
    assert "will most likely fail again" in read(view["blocks"])
    assert view["submit"]["text"] == "Schedule"


async def test_the_providers_stored_copy_is_sent_once(room: Room) -> None:
    await room.posted(ANA, stored_copy=KEPT, **FULL)
    await room.click(ADA, "resend")
    await room.submit(ADA, when=room.in_hours(0), way="stored")
    await room.work()

    assert [(to, key) for _, to, key in room.apis.sent_again] == [(ANA, KEPT)]
    assert room.sender.asked == []
    job = await room.last("resend")
    assert job.result == f"1 email sent again, asked for by <@{ADA}>"

    await room.click(ADA, "resend")
    (view,) = room.slack.views(ADA)
    assert "nobody to send to" in read(view["blocks"])


async def test_a_suppressed_address_is_left_out_unless_lifting_is_confirmed(room: Room) -> None:
    room.apis.add("Mailgun", ANA, "550 full")
    await room.posted(ANA, **FULL)
    await scheduled(room, hours=0)
    await room.work()

    assert room.sender.asked == []
    assert "lifting that was not confirmed" in "\n".join(await room.thread())

    await room.click(ADA, "resend")
    (view,) = room.slack.views(ADA)
    (asked,) = (one for one in view["blocks"] if one.get("block_id") == "lift")
    (choice,) = asked["element"]["options"]
    assert choice["text"]["text"] == "Take them off the provider's list first"
    assert "the Mailgun suppression lists of mg.shop.example" in asked["hint"]["text"]
    await room.submit(ADA, when=room.in_hours(0), lift=["lift"])
    await room.work()

    assert room.sender.recipients == [ANA]
    assert not list(room.apis.entries())
    results = [entry.result for entry in await room.store.audit.newest()]
    assert "taken off the Mailgun suppression lists of mg.shop.example" in results


async def test_a_sender_that_is_away_is_asked_again_and_nobody_twice(room: Room) -> None:
    await room.posted(ANA, BEN, CLEO, **FULL)
    await scheduled(room, hours=0)
    room.sender.statuses = [202, 503]

    await room.work()
    job = await room.last("resend")
    assert job.state is JobState.WAITING
    assert len(room.sender.asked) == 1

    room.clock.advance(3600)
    await room.work()

    assert sorted(room.sender.recipients) == [ANA, BEN, CLEO]
    assert len(set(room.sender.ids)) == 3
    assert (await room.last("resend")).result.startswith("3 emails passed")


async def test_the_id_and_the_body_are_the_same_over_our_own_retries(room: Room) -> None:
    await room.posted(ANA, **FULL)
    await scheduled(room, hours=0)
    room.sender.statuses = [500, 500]

    for _ in range(3):
        await room.work()
        room.clock.advance(3600)

    assert room.sender.recipients == [ANA]
    assert len(room.sender.heard) == 3
    assert len(set(room.sender.heard)) == 1


async def test_one_refusal_is_listed_and_the_rest_goes_on(room: Room) -> None:
    room.sender.refused = {BEN: 422}
    await room.posted(ANA, BEN, CLEO, **FULL)
    await scheduled(room, hours=0)

    await room.work()

    assert sorted(room.sender.recipients) == [ANA, CLEO]
    job = await room.last("resend")
    assert job.state is JobState.DONE
    assert job.result.endswith("; 1 left out")
    assert "b•••@gmail.com: 127.0.0.1" in "\n".join(await room.thread())


async def test_a_sender_that_refuses_everything_ends_it_and_can_be_tried_again(room: Room) -> None:
    people = [f"user{number}@gmail.com" for number in range(9)]
    room.sender.refused = dict.fromkeys(people, 403)
    await room.posted(*people, **FULL)
    await scheduled(room, hours=0)

    await room.work()

    job = await room.last("resend")
    assert job.state is JobState.DEAD
    assert "stopped by itself" in job.result
    assert "Sent again before: 0; not yet: 9" in job.result

    room.sender.refused = {}
    await room.store.jobs.retry(job.id, ADA)
    await room.work()

    assert sorted(room.sender.recipients) == people


async def test_many_are_chosen_by_how_they_bounced(room: Room) -> None:
    people = [f"user{number}@gmail.com" for number in range(120)]
    await room.posted(*people, **FULL)
    await room.click(ADA, "resend")
    (view,) = room.slack.views(ADA)
    whom = next(block for block in view["blocks"] if block.get("block_id") == "recipients")
    assert [option["value"] for option in whom["element"]["options"]] == ["all", "transient"]

    await room.submit(ADA, when=room.in_hours(0), recipients="all")
    await room.work()

    assert len(set(room.sender.recipients)) == 120
    assert room.slack.violations == []


async def test_a_stored_copy_that_was_under_way_at_a_crash_is_told_not_repeated(room: Room) -> None:
    alert = await room.posted(ANA, BEN, stored_copy=KEPT, **FULL)
    await room.click(ADA, "resend")
    await room.submit(ADA, when=room.in_hours(0), way="stored")
    first, second = sorted(one.id for one in alert.sample)
    (job,) = await room.store.jobs.claim(1, 1.0)
    await room.store.jobs.save_progress(job, 0, ResendCursor(trying=first).text())
    room.clock.advance(5)  # the process is gone, and its lease

    await room.work()

    assert [to for _, to, _ in room.apis.sent_again] == [
        one.recipient for one in alert.sample if one.id == second
    ]
    assert "perhaps sent when Bounce Desk was stopped" in "\n".join(await room.thread())


async def test_a_replayed_event_of_another_message_may_be_sent_too(room: Room) -> None:
    await room.posted(ANA, **FULL)
    await scheduled(room, hours=0)
    await room.work()
    await room.posted(ANA, **FULL)

    await room.click(ADA, "resend")
    await room.submit(ADA, when=room.in_hours(0))
    await room.work()

    assert room.sender.recipients == [ANA, ANA]
    assert len(set(room.sender.ids)) == 2


async def scheduled(room: Room, hours: float = 1) -> None:
    """Have ada schedule a resend to everybody."""
    await room.click(ADA, "resend")
    answer = await room.submit(ADA, when=room.in_hours(hours), way="webhook")
    assert answer.shown == "", room.slack.views(ADA)


async def last_resend(room: Room, alert: Any) -> Any:
    job = await room.store.jobs.last("resend", alert.id)
    assert job is not None
    return replace(job)
