"""Who may be flagged, who is, and whose mail may be sent again."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.store.contacts import PAGE
from bot.store.sql.tables import deliveries
from handlers.provider import Suppression
from handlers.store import Job
from resolutions.alert import DeliveryState

FLAG = Job(id=1, name="deactivate", alert_id=7, by="U1")
ENTRY = Suppression(recipient="ana@example.com", list="bounces", cause="BOUNCE", since="2026-06-15")


async def to_flag(store, job: Job = FLAG) -> list[list[str]]:
    return [[one.recipient for one in page] async for page in store.contacts.to_flag(job)]


async def flagged(store) -> list[str]:
    return [one.recipient async for page in store.contacts.flagged_from(7) for one in page]


# Flags


async def test_only_final_failures_of_the_alert_are_to_be_flagged(store, books):
    gone = await books.contact("gone@example.com")
    full = await books.contact("full@example.com")
    elsewhere = await books.contact("elsewhere@example.com")
    await books.delivery(gone)
    await books.delivery(full, final=False)
    await books.delivery(elsewhere, alert_id=8)

    assert await to_flag(store) == [["gone@example.com"]]
    assert await store.contacts.count_to_flag(7) == 1


async def test_a_recipient_of_many_failures_is_flagged_once(store, books):
    ana = await books.contact("ana@example.com")
    for _ in range(3):
        await books.delivery(ana)

    assert await to_flag(store) == [["ana@example.com"]]
    assert await store.contacts.count_to_flag(7) == 1


async def test_who_is_flagged_already_is_left_out(store, books):
    ana = await books.contact("ana@example.com")
    await books.delivery(ana)

    await store.contacts.flag(ana, FLAG, None, ENTRY)

    assert await to_flag(store) == []
    assert await store.contacts.count_to_flag(7) == 0


async def test_pages_hold_500_and_follow_the_cursor(store, books):
    await books.many(2 * PAGE + 3)
    half_way = Job(id=1, name="deactivate", alert_id=7, by="U1", cursor=str(PAGE))

    pages = await to_flag(store)
    rest = await to_flag(store, half_way)

    assert [len(page) for page in pages] == [PAGE, PAGE, 3]
    assert [len(page) for page in rest] == [PAGE, 3]
    assert rest[0][0] == f"u{PAGE}@example.com"
    assert await store.contacts.count_to_flag(7) == 2 * PAGE + 3


async def test_contacts_flagged_on_the_way_do_not_disturb_the_pages(store, books):
    await books.many(PAGE + 3)

    seen = []
    async for page in store.contacts.to_flag(FLAG):
        for contact in page:
            seen.append(contact.id)
            await store.contacts.flag(contact, FLAG, None, None)

    assert seen == list(range(1, PAGE + 4))
    assert len(await flagged(store)) == PAGE + 3


async def test_a_flag_keeps_what_the_list_had_and_what_was_added(store, books, clock):
    ana = await books.contact("ana@example.com")
    before = Suppression(recipient="ana@example.com", list="bounces", by_person=True)

    await store.contacts.flag(ana, FLAG, before, ENTRY)

    kept = await store.contacts.get("shop", "ana@example.com")
    assert kept.inactive
    assert (kept.flagged_by, kept.flagged_at, kept.flagged_alert) == ("U1", clock(), 7)
    assert (kept.before, kept.added) == (before, ENTRY)


async def test_a_second_flag_does_not_overwrite_the_first(store, books):
    ana = await books.contact("ana@example.com")
    await store.contacts.flag(ana, FLAG, None, ENTRY)

    await store.contacts.flag(ana, Job(id=2, name="deactivate", alert_id=8, by="U2"), ENTRY, None)

    kept = await store.contacts.get("shop", "ana@example.com")
    assert (kept.flagged_by, kept.flagged_alert, kept.added) == ("U1", 7, ENTRY)


async def test_a_flag_taken_back_leaves_no_trace(store, books):
    ana = await books.contact("ana@example.com")
    await store.contacts.flag(ana, FLAG, None, ENTRY)

    await store.contacts.unflag(ana, FLAG)

    assert await store.contacts.get("shop", "ana@example.com") == ana
    assert await flagged(store) == []


async def test_flagged_from_gives_those_of_the_alert_only(store, books):
    ana, ben = await books.contact("ana@example.com"), await books.contact("ben@example.com")
    await store.contacts.flag(ana, FLAG, None, None)
    await store.contacts.flag(ben, Job(id=2, name="deactivate", alert_id=8, by="U1"), None, None)

    assert await flagged(store) == ["ana@example.com"]


async def test_a_contact_is_found_in_any_spelling_of_its_address(store, books):
    ana = await books.contact("Ana@Example.com")

    assert await store.contacts.get("shop", "aNA@example.COM") == ana
    assert await store.contacts.get("other", "ana@example.com") is None


async def test_an_address_is_found_at_all_sources(store, books):
    await books.contact("ana@example.com", "shop")
    await books.contact("ana@example.com", "news")
    await books.contact("ben@example.com", "news")

    found = await store.contacts.of_address("ANA@example.com")

    assert [one.source for one in found] == ["news", "shop"]


# Sending again


async def test_the_newest_delivery_of_each_recipient_is_resent(store, books, clock):
    ana, ben = await books.contact("ana@example.com"), await books.contact("ben@example.com")
    newest = await books.delivery(ana, occurred_at=clock())
    await books.delivery(ana, occurred_at=clock() - timedelta(hours=1))
    other = await books.delivery(ben)

    found = await store.deliveries.to_resend(7, 100)

    assert [one.id for one in found] == [newest, other]
    assert len(await store.deliveries.to_resend(7, 1)) == 1


@pytest.mark.parametrize("change", [{"state": "waiting"}, {"state": "delivered"}])
async def test_what_waits_or_arrived_is_not_resent(store, books, clock, change):
    ana = await books.contact("ana@example.com")
    await books.delivery(ana, occurred_at=clock() - timedelta(hours=1))
    await books.delivery(ana, **change)

    assert await store.deliveries.to_resend(7, 100) == []


async def test_nothing_is_resent_to_who_complained(store, books):
    await books.delivery(await books.contact("ana@example.com"), kind="complaint")

    assert await store.deliveries.to_resend(7, 100) == []


async def test_what_was_resent_is_not_resent_again(store, books):
    number = await books.delivery(await books.contact("ana@example.com"))
    delivery, _ = await store.deliveries.with_contact(number)
    job = Job(id=3, name="resend", alert_id=7, by="U1")
    assert not await store.deliveries.was_resent(number)

    await store.deliveries.mark_resent(delivery, job, "sent")
    await store.deliveries.mark_resent(delivery, job, "sent again")

    assert await store.deliveries.was_resent(number)
    assert await store.deliveries.to_resend(7, 100) == []


async def test_a_bounce_after_the_resend_may_be_resent(store, books, clock):
    ana = await books.contact("ana@example.com")
    first, _ = await store.deliveries.with_contact(await books.delivery(ana))
    await store.deliveries.mark_resent(first, Job(id=3, name="resend", alert_id=7, by="U1"), "sent")

    later = await books.delivery(ana, occurred_at=clock() + timedelta(hours=1))

    assert [one.id for one in await store.deliveries.to_resend(7, 100)] == [later]


async def test_a_delivery_is_judged_as_it_stands_now(store, books):
    ana = await books.contact("ana@example.com")
    number = await books.delivery(ana)
    async with store.database.writing() as connection:
        await connection.execute(update(deliveries).values(state="delivered"))
    await store.contacts.flag(ana, FLAG, None, None)

    delivery, contact = await store.deliveries.with_contact(number)

    assert delivery.state is DeliveryState.DELIVERED
    assert delivery.recipient == "ana@example.com"
    assert contact.inactive
    assert await store.deliveries.with_contact(number + 1) is None
