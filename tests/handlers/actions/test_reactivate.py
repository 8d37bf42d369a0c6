"""Take flags back: exactly what we added, never a person's own wish."""

from resolutions.bounce import Kind, SmtpReply
from tests.handlers.room import Room

ADA, LINUS = "U01ADA", "U02LINUS"
ANA, BEN = "ana@gmail.com", "ben@gmail.com"


async def flagged(room: Room, *recipients: str) -> None:
    await room.posted(*recipients)
    await room.click(ADA, "deactivate")
    await room.work()


async def test_what_we_added_is_taken_back(room: Room) -> None:
    await flagged(room, ANA, BEN)

    await room.click(LINUS, "reactivate")
    await room.work()

    assert not list(room.apis.entries())
    contact = await room.store.contacts.get("receipts", ANA)
    assert not contact.inactive
    assert contact.added is None
    assert f"2 contacts active again, asked for by <@{LINUS}>" in await room.thread()


async def test_what_stood_there_before_us_stays(room: Room) -> None:
    room.apis.add("Mailgun", ANA, "no such user")
    await flagged(room, ANA, BEN)

    await room.click(LINUS, "reactivate")
    await room.work()

    assert [entry.address for _, entry in room.apis.entries()] == [ANA]
    assert not (await room.store.contacts.get("receipts", ANA)).inactive
    assert "stood on bounces before us and is left there" in "\n".join(await room.thread())


async def test_an_entry_that_somebody_changed_stays(room: Room) -> None:
    await flagged(room, ANA)
    room.apis.remove("Mailgun", ANA)
    room.apis.add("Mailgun", ANA, "a colleague put it here")

    await room.click(LINUS, "reactivate")
    await room.work()

    assert [entry.cause for _, entry in room.apis.entries()] == ["a colleague put it here"]
    assert "was changed since and is left there" in "\n".join(await room.thread())


async def test_an_entry_that_somebody_removed_is_no_trouble(room: Room) -> None:
    await flagged(room, ANA)
    room.apis.remove("Mailgun", ANA)

    await room.click(LINUS, "reactivate")
    await room.work()

    assert not (await room.store.contacts.get("receipts", ANA)).inactive


async def test_our_own_unsubscribe_is_taken_back_and_a_persons_is_not(room: Room) -> None:
    room.apis.add("SendGrid", BEN, "their own")
    await room.posted(ANA, BEN, source="shop")
    await room.click(ADA, "deactivate")
    await room.work()
    assert "receipts and passwords too" in (await room.last("deactivate")).result

    await room.click(LINUS, "reactivate")
    await room.work()

    assert [entry.address for _, entry in room.apis.entries()] == [BEN]
    assert (await room.store.contacts.get("shop", BEN)).inactive
    assert not (await room.store.contacts.get("shop", ANA)).inactive


async def test_a_complaint_that_came_since_keeps_the_flag(room: Room) -> None:
    await flagged(room, ANA, BEN)
    alert = await room.alert()
    await room.posted(ANA, kind=Kind.COMPLAINT, reply=SmtpReply())

    await room.click(LINUS, "reactivate", ts=alert.ts)
    await room.work()

    assert (await room.store.contacts.get("receipts", ANA)).inactive
    assert not (await room.store.contacts.get("receipts", BEN)).inactive
    assert [entry.address for _, entry in room.apis.entries()] == [ANA]
    replies = [one["text"] for one in room.replies(alert.ts)]
    assert "a•••@gmail.com stays flagged: the person complained" in "\n".join(replies)


async def test_flags_can_be_set_again_and_taken_back_again(room: Room) -> None:
    await flagged(room, ANA)
    await room.click(ADA, "reactivate")
    await room.work()

    await room.click(LINUS, "deactivate")
    await room.work()
    assert (await room.store.contacts.get("receipts", ANA)).flagged_by == LINUS

    await room.click(ADA, "reactivate")
    await room.work()
    assert not (await room.store.contacts.get("receipts", ANA)).inactive


async def test_a_second_click_says_by_whom_it_was_done(room: Room) -> None:
    await flagged(room, ANA)
    await room.click(ADA, "reactivate")
    await room.work()
    first = await room.last("reactivate")

    await room.press(LINUS, "reactivate")

    assert (await room.last("reactivate")).id == first.id
    assert f"Already done, asked for by <@{ADA}>" in room.told(LINUS)
