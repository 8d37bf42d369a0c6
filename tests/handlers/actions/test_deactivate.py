"""Flag as inactive: here and at the provider, once, and honest about what is stopped."""

from typing import Any

import pytest

from handlers.store import JobState
from resolutions.bounce import Kind, SmtpReply
from tests.handlers.room import Room, elements

ADA, LINUS, GRACE = "U01ADA", "U02LINUS", "U03GRACE"
ANA, BEN, CLEO = "ana@gmail.com", "ben@gmail.com", "cleo@gmail.com"


async def test_a_click_flags_here_and_at_the_provider(room: Room) -> None:
    alert = await room.posted(ANA, BEN)

    answer = await room.click(ADA, "deactivate")
    await room.work()

    assert answer.status == 200
    assert {entry.address for _, entry in room.apis.entries()} == {ANA, BEN}
    contact = await room.store.contacts.get("receipts", ANA)
    assert contact.inactive
    assert contact.flagged_by == ADA
    assert contact.flagged_alert == alert.id
    assert contact.before is None
    assert contact.added.list == "bounces"


async def test_the_answer_names_what_was_done_in_the_providers_words(room: Room) -> None:
    await room.posted(ANA, BEN)

    await room.click(ADA, "deactivate")
    await room.work()

    line = (await room.last("deactivate")).result
    assert line.startswith(f"2 contacts flagged as inactive by <@{ADA}>: ")
    assert "2 added to the Mailgun suppression lists of mg.shop.example" in line
    assert "which stops all mail that mg.shop.example sends" in line
    assert line in await room.thread()
    assert "flagged as inactive" in await room.shown()


async def test_it_is_asked_first_what_stops_and_for_how_many(room: Room) -> None:
    await room.posted(ANA, BEN)

    question = (await button(room, "deactivate"))["confirm"]
    await room.click(ADA, "deactivate")
    await room.work()

    assert question["title"]["text"] == "Flag 2 contacts as inactive?"
    assert question["text"]["text"] == (
        "For 2 contacts this stops all mail that mg.shop.example sends through Mailgun."
        " It can be taken back."
    )
    assert "confirm" not in await button(room, "deactivate")


@pytest.mark.parametrize(
    ("source", "effect"),
    [
        ("shop", "all mail of this SendGrid account, receipts and passwords too"),
        ("mailserver", "changes nothing but the flag here"),
    ],
)
async def test_the_question_speaks_the_providers_words(
    room: Room, source: str, effect: str
) -> None:
    await room.posted(ANA, source=source)

    question = (await button(room, "deactivate"))["confirm"]

    assert effect in question["text"]["text"]


async def button(room: Room, name: str) -> dict[str, Any]:
    """Return a button of the newest alert's message."""
    return elements(await room.message())[name]


async def test_who_complained_is_noted_as_a_complaint_at_the_provider(room: Room) -> None:
    await room.posted(ANA, kind=Kind.COMPLAINT, reply=SmtpReply())

    await room.click(ADA, "deactivate")
    await room.work()

    assert [(vendor, entry.address) for vendor, entry in room.apis.entries()] == [
        ("Mailgun complaints", ANA)
    ]
    contact = await room.store.contacts.get("receipts", ANA)
    assert (contact.added.list, contact.added.by_person) == ("complaints", True)
    line = (await room.last("deactivate")).result
    assert "1 added to the Mailgun suppression lists of mg.shop.example as complaints" in line


async def test_the_intent_is_written_down_before_the_ack(room: Room) -> None:
    await room.posted(ANA)

    await room.click(ADA, "deactivate")

    assert (await room.last("deactivate")).state is JobState.WAITING
    assert not (await room.store.contacts.get("receipts", ANA)).inactive


async def test_two_clicks_of_two_people_are_one_job(room: Room) -> None:
    await room.posted(ANA)

    await room.click(ADA, "deactivate")
    first = await room.last("deactivate")
    await room.press(LINUS, "deactivate")

    assert (await room.last("deactivate")).id == first.id
    assert f"<@{ADA}> asked for this" in room.told(LINUS)


async def test_a_later_click_says_that_it_is_done_and_offers_the_new_ones(room: Room) -> None:
    await room.posted(ANA)
    await room.click(ADA, "deactivate")
    await room.work()
    first = await room.last("deactivate")
    await room.posted(BEN, CLEO)

    await room.press(LINUS, "deactivate")

    assert (await room.last("deactivate")).id == first.id
    told = room.slack.ephemeral("C01DELIV", LINUS)[-1]
    assert f"Already done, asked for by <@{ADA}>" in told["text"]
    assert "1 contact flagged" in told["text"]
    assert "2 new contacts have bounced since" in told["text"]

    await room.click(LINUS, "deactivate", ts=told["ts"])
    await room.work()

    assert (await room.store.contacts.get("receipts", CLEO)).flagged_by == LINUS
    assert (await room.store.contacts.get("receipts", ANA)).flagged_by == ADA

    await room.click(LINUS, "deactivate", ts=told["ts"])  # the same old button once more

    assert "Already done" in room.told(LINUS)
    assert "bounced since" not in room.told(LINUS)


async def test_who_was_on_the_list_before_us_is_not_added(room: Room) -> None:
    room.apis.add("Mailgun", ANA, "550 no such user")
    await room.posted(ANA, BEN)

    await room.click(ADA, "deactivate")
    await room.work()

    contact = await room.store.contacts.get("receipts", ANA)
    assert contact.before.cause == "550 550 no such user"
    assert contact.added is None
    assert "1 stood on the Mailgun suppression lists" in (await room.last("deactivate")).result


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        ("letters", "set sources.letters.api to suppress at the provider"),
        ("mailserver", "mailserver has no suppression list that can be reached"),
        ("notes", "as sources.notes.api says"),
    ],
)
async def test_without_a_list_it_is_flagged_here_and_said(
    room: Room, source: str, remedy: str
) -> None:
    await room.posted(ANA, source=source)

    await room.click(ADA, "deactivate")
    await room.work()

    assert (await room.store.contacts.get(source, ANA)).inactive
    line = (await room.last("deactivate")).result
    assert "1 only here in Bounce Desk" in line
    assert remedy in line


async def test_what_one_contact_is_refused_is_listed_and_the_rest_goes_on(room: Room) -> None:
    odd = "o/dd@gmail.com"  # Mailgun's API cannot name it in a path
    await room.posted(ANA, odd, BEN)

    await room.click(ADA, "deactivate")
    await room.work()

    assert (await room.store.contacts.get("receipts", BEN)).inactive
    assert not (await room.store.contacts.get("receipts", odd)).inactive
    line = (await room.last("deactivate")).result
    assert "1 could not be flagged" in line
    thread = "\n".join(await room.thread())
    assert "o•••@gmail.com: Mailgun's API cannot name this address" in thread


async def test_what_refuses_for_all_ends_the_job_and_can_be_tried_again(room: Room) -> None:
    await room.posted(*(f"user{number}@gmail.com" for number in range(8)))
    api = room.desk.sources["receipts"].settings.api
    broken = api.model_copy(update={"domain": "unknown.example"})
    shop = room.desk.sources["receipts"]
    whole, shop.settings = shop.settings, shop.settings.model_copy(update={"api": broken})

    await room.click(ADA, "deactivate")
    await room.work()

    job = await room.last("deactivate")
    assert job.state is JobState.DEAD
    assert "0 contacts flagged before" in job.result

    shop.settings = whole
    await room.store.jobs.retry(job.id, ADA)
    await room.work()

    assert (await room.last("deactivate")).result.startswith("8 contacts flagged")


async def test_a_provider_that_is_away_is_asked_again_and_nobody_is_forgotten(room: Room) -> None:
    await room.posted(ANA, BEN, CLEO)
    await room.click(ADA, "deactivate")
    room.apis.failures += [503]

    await room.work()
    assert (await room.last("deactivate")).state is JobState.WAITING
    room.apis.failures += [429]
    room.clock.advance(600)
    await room.work()
    room.clock.advance(600)
    await room.work()

    assert (await room.last("deactivate")).result.startswith("3 contacts flagged")
    assert len(list(room.apis.entries())) == 3


async def test_a_half_done_job_counts_what_it_flagged_before(room: Room) -> None:
    people = [f"user{number}@gmail.com" for number in range(4)]
    alert = await room.posted(*people)
    await room.click(ADA, "deactivate")
    (job,) = await room.store.jobs.claim(1, 1.0)
    async for page in room.store.contacts.to_flag(job):
        await room.store.contacts.flag(page[0], job, None, None)
        await room.store.jobs.save_progress(job, 1, str(page[0].id))
        break
    room.clock.advance(5)  # the process is gone, and its lease

    await room.work()

    line = (await room.last("deactivate")).result
    assert line.startswith("4 contacts flagged")
    assert "3 added to the Mailgun suppression lists" in line
    assert await room.store.contacts.count_to_flag(alert.id) == 0


async def test_every_contact_is_in_the_audit_log(room: Room) -> None:
    await room.posted(ANA)

    await room.click(ADA, "deactivate")
    await room.work()

    entries = {(entry.what, entry.by): entry for entry in await room.store.audit.newest()}
    assert entries[f"receipts {ANA}", ADA].result == "added to bounces"


async def test_an_alert_that_is_gone_is_told(room: Room) -> None:
    await room.posted(ANA)

    await room.press(ADA, "deactivate", 999_999)

    assert room.told(ADA) == "This alert is not known any more."
