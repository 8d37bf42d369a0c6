"""Events become deliveries, alerts and tallies: each counted once, whatever comes when."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy import event as listening

from bot.store.sql.tables import contacts, deliveries, hours
from bot.store.store import SqlStore
from resolutions.alert import Alert
from resolutions.bounce import Kind, Permanence, SmtpReply
from resolutions.catalogue.evidence_text import because, phrase
from resolutions.catalogue.resolution import Family, Severity
from resolutions.reason import Reason
from tests.bot.store.samples import FULL, GONE, arrival, deferral, event

EXPIRED = SmtpReply("delivery time expired; message expired", "", "4.4.7")
NOT_AUTHORIZED = (
    "550-5.7.1 [192.0.2.1] The IP you're using to send mail is not authorized to send email"
    " directly to our servers"
)
GREYLISTED = SmtpReply("451 4.7.1 Greylisted, please try again later", "451", "4.7.1")


async def the_alert(store: SqlStore) -> Alert:
    [found] = await store.alerts.newest()
    alert = await store.alerts.get(found.id)
    assert alert is not None
    return alert


def counts(alert: Alert) -> tuple[int, int, int, int]:
    return alert.waiting, alert.bounced, alert.delivered, alert.expired


def words(alert: Alert, dimension: str) -> dict[str, int]:
    found = alert.words(dimension)
    return {
        each.word: each.waiting + each.bounced + each.delivered + each.expired for each in found
    }


async def test_bounces_of_one_campaign_and_reason_are_one_alert(hook, store, clock):
    await hook(*[event(number) for number in range(12)])

    alert = await the_alert(store)
    assert counts(alert) == (0, 12, 0, 0)
    assert (alert.reason, alert.severity) == (Reason.QUOTA_ISSUES, Severity.INFO)
    assert (alert.key.family, alert.key.subject) == (Family.LIST, "shop/june")
    assert (alert.recipients, len(alert.sample)) == (12, 10)
    assert alert.opened_at == alert.last_event_at == clock.now
    assert words(alert, "domain") == {"example.org": 12}
    assert words(alert, "source") == {"shop": 12}
    assert words(alert, "campaign") == {"june": 12}
    assert words(alert, "operator") == {"example.org": 12}
    assert words(alert, "reason") == {"quota-issues": 12}
    assert words(alert, "permanence") == {"transient": 12}


async def test_a_delivery_is_read_with_all_that_is_shown(hook, store):
    told = event(7, subject="Grüße", tags=("a",), metadata={"user": "7"}, stored_copy="copy")
    await hook(told)

    alert = await the_alert(store)
    [shown] = alert.sample
    assert shown.recipient == "person7@example.org"
    assert (shown.reply, shown.code, shown.status) == (FULL, "452", "4.2.2")
    assert (shown.subject, shown.tags, shown.metadata) == ("Grüße", ("a",), {"user": "7"})
    assert (shown.stored_copy, shown.provider, shown.provider_message_id) == (
        "copy",
        "mailgun",
        "m7",
    )
    assert "storage" in because(shown)
    assert await store.deliveries.of_alert(alert.id, 10) == [shown]


async def test_a_delivery_of_the_first_release_shows_the_words_it_was_kept_with(store, books):
    ana = await books.contact("ana@example.com")
    words = {"evidence": 'the words "mailbox full"; status 5.2.2', "phrase": "in short"}
    await books.alert()
    await books.delivery(ana, body={"recipient": "ana@example.com", "provider": "ses"} | words)

    [shown] = await store.deliveries.of_alert(7, 10)

    assert because(shown) == phrase(shown) == words["evidence"]


async def test_deliveries_come_in_pages(hook, store):
    await hook(*[event(number) for number in range(5)])
    alert = await the_alert(store)

    first = await store.deliveries.of_alert(alert.id, 3)
    rest = await store.deliveries.of_alert(alert.id, 3, after=first[-1].id)

    assert (len(first), len(rest)) == (3, 2)
    told = {f"person{number}@example.org" for number in range(5)}
    assert {each.recipient for each in [*first, *rest]} == told


async def test_an_event_is_folded_once_whoever_looked_at_it(hook, store, triage_of, open_store):
    await hook.record(*[event(number) for number in range(20)])
    async with open_store() as other:
        judged = [hook.triage.judge(*each) for each in await store.events.untriaged(100)]

        folded = await asyncio.gather(
            store.events.fold(judged), other.events.fold(judged), store.events.fold(judged)
        )

    assert sorted(folded) == [0, 0, 20]
    assert counts(await the_alert(store)) == (0, 20, 0, 0)
    assert await store.events.untriaged(10) == []


async def test_replicas_that_fold_different_events_keep_exact_sums(hook, store, open_store):
    await hook.record(*[event(number, recipient=f"p{number % 7}@x.org") for number in range(60)])
    judged = [hook.triage.judge(*each) for each in await store.events.untriaged(100)]
    async with open_store() as other:
        await asyncio.gather(
            *(each.events.fold(judged[start::6]) for start, each in enumerate([store, other] * 3))
        )

    alert = await the_alert(store)
    assert counts(alert) == (0, 60, 0, 0)
    assert alert.recipients == 7
    assert words(alert, "domain") == {"x.org": 60}


async def test_a_bounce_moves_the_deferral_it_ends(hook, store):
    await hook(deferral(1), deferral(2))
    assert counts(await the_alert(store)) == (2, 0, 0, 0)

    await hook(event(1))

    alert = await the_alert(store)
    assert counts(alert) == (1, 1, 0, 0)
    assert words(alert, "reason") == {"quota-issues": 2}
    assert alert.recipients == 2
    assert alert.oldest_waiting == deferral(2).occurred_at


async def test_a_bounce_for_another_reason_moves_to_another_alert(hook, store):
    await hook(deferral(1), deferral(2))

    await hook(event(1, reply=SmtpReply(GONE, "550", "5.1.1")))

    found = {each.reason: each for each in await store.alerts.newest()}
    assert counts(found[Reason.QUOTA_ISSUES]) == (1, 0, 0, 0)
    assert counts(found[Reason.BAD_MAILBOX]) == (0, 1, 0, 0)
    assert words(found[Reason.QUOTA_ISSUES], "domain") == {"example.org": 1}
    assert found[Reason.QUOTA_ISSUES].recipients == 1


async def test_a_deferral_and_its_bounce_in_one_request_are_one_bounce(hook, store):
    await hook(deferral(1), event(1, reply=SmtpReply(GONE, "550", "5.1.1")))

    alert = await the_alert(store)
    assert (alert.reason, counts(alert)) == (Reason.BAD_MAILBOX, (0, 1, 0, 0))


async def test_a_deferral_told_after_its_bounce_changes_nothing(hook, store):
    await hook(event(1))

    await hook(deferral(1))

    assert counts(await the_alert(store)) == (0, 1, 0, 0)


async def test_a_second_bounce_of_a_delivery_adds_nothing(hook, store):
    await hook(event(1))

    await hook(event(1, event_id="again"))

    assert counts(await the_alert(store)) == (0, 1, 0, 0)


async def test_a_deferral_that_runs_out_of_time_is_expired(hook, store):
    await hook(deferral(1, reply=GREYLISTED))

    await hook(event(1, reply=EXPIRED))

    [alert] = [each for each in await store.alerts.newest() if each.expired]
    assert counts(alert) == (0, 0, 0, 1)
    assert alert.reason is Reason.MESSAGE_EXPIRED


async def test_an_arrival_closes_the_delivery_that_waited(hook, store):
    await hook(deferral(1), deferral(2))

    await hook.record(arrival(1))

    alert = await the_alert(store)
    assert counts(alert) == (1, 0, 1, 0)
    assert [each.state for each in alert.sample] == ["waiting", "delivered"]


async def test_an_arrival_that_was_told_first_closes_it_too(hook, store):
    await hook.record(arrival(1))

    await hook(deferral(1), deferral(2))

    assert counts(await the_alert(store)) == (1, 0, 1, 0)


async def test_an_arrival_in_the_same_request_closes_it(hook, store):
    await hook(arrival(1), deferral(1), deferral(2))

    assert counts(await the_alert(store)) == (1, 0, 1, 0)


async def test_what_arrived_before_anybody_was_told_is_no_alert(hook, store, clock):
    await hook(deferral(1))
    await hook.record(arrival(1))
    clock.advance(60)

    assert await store.alerts.newest() == []
    assert await store.posts.next_due("C01DELIV") is None


async def test_what_arrived_can_bounce_later(hook, store):
    await hook(deferral(1))
    await hook.record(arrival(1))
    late = arrival(1).occurred_at + timedelta(minutes=5)

    await hook(event(1, occurred_at=late))

    assert counts(await the_alert(store)) == (0, 1, 0, 0)


async def test_what_arrived_stays_so_if_the_bounce_was_before(hook, store):
    await hook(deferral(1), deferral(2))
    await hook.record(arrival(1))

    await hook(event(1, occurred_at=arrival(1).occurred_at - timedelta(minutes=5)))

    assert counts(await the_alert(store)) == (1, 0, 1, 0)


async def test_a_delivery_report_of_success_closes_it_as_well(hook, store):
    await hook(deferral(1), deferral(2))

    await hook(event(1, event_id="dsn", kind=Kind.DELIVERED, reply=SmtpReply()))

    assert counts(await the_alert(store)) == (1, 0, 1, 0)


async def test_auto_replies_are_no_bounces(hook, store):
    await hook(event(1, kind=Kind.AUTO_REPLY), event(2, kind=Kind.NOT_A_BOUNCE))

    assert await store.alerts.newest() == []
    assert await store.events.untriaged(10) == []


async def test_a_complaint_is_an_alert_of_its_own_beside_the_bounce(hook, store):
    await hook(event(1), event(1, event_id="c1", kind=Kind.COMPLAINT, reply=SmtpReply()))

    found = {each.key.complaint: each for each in await store.alerts.newest()}
    assert counts(found[True]) == counts(found[False]) == (0, 1, 0, 0)
    contact = await store.contacts.get("shop", "person1@example.org")
    assert contact is not None
    assert contact.complained


async def test_events_without_a_message_id_are_deliveries_of_their_own(hook, store):
    await hook(
        event(1, provider_message_id=""),
        event(1, provider_message_id="", event_id="other"),
    )

    alert = await the_alert(store)
    assert (counts(alert), alert.recipients) == ((0, 2, 0, 0), 1)


async def test_refusals_of_one_operator_are_headed_by_the_most_specific(hook, store):
    host = "mx.google.com"
    limited = SmtpReply("421 4.7.28 rate limit exceeded, too many messages", "421", "4.7.28")
    blocked = SmtpReply(NOT_AUTHORIZED, "550", "5.7.1")
    await hook(*[deferral(number, remote_host=host, reply=limited) for number in range(5)])
    first = await the_alert(store)

    await hook(event(9, remote_host=host, reply=blocked, source="letters"))

    alert = await the_alert(store)
    assert (first.reason, first.severity) == (Reason.RATE_LIMITED, Severity.INFO)
    assert (alert.reason, alert.severity) == (Reason.BLOCKED_IP, Severity.NOTICE)
    assert (alert.key.subject, alert.operator_name) == ("google", "Google")
    assert counts(alert) == (5, 1, 0, 0)
    assert words(alert, "source") == {"shop": 5, "letters": 1}


@pytest.mark.parametrize(("greylisted", "heading"), [(3, "greylisted"), (2, "")])
async def test_a_variant_heads_an_alert_if_most_have_it(hook, store, greylisted, heading):
    await hook.record(*[deferral(number) for number in range(4)])
    judged = [hook.triage.judge(*each) for each in await store.events.untriaged(10)]
    for place in range(greylisted):
        diagnosis = replace(judged[place].diagnosis, variant="greylisted")
        judged[place] = replace(judged[place], diagnosis=diagnosis)

    await store.events.fold(judged)

    assert (await the_alert(store)).variant == heading


async def test_only_what_is_permanent_and_final_for_the_address_may_flag_it(hook, store):
    gone = SmtpReply(GONE, "550", "5.1.1")
    await hook(
        event(1),
        event(2, reply=gone, permanence=Permanence.PERMANENT),
        event(3, kind=Kind.COMPLAINT),
    )

    async with store.database.reading() as connection:
        rows = await connection.execute(select(deliveries))
        final = {row.body["recipient"][:7]: row.final for row in rows}
    assert final == {"person1": False, "person2": True, "person3": True}


async def test_contacts_know_the_newest_bounce_and_arrival(hook, store):
    later = event(1).occurred_at + timedelta(hours=1)
    gone = SmtpReply(GONE, "550", "5.1.1")
    await hook(event(1, event_id="new", provider_message_id="n", occurred_at=later, reply=gone))
    await hook(event(1), deferral(1, provider_message_id="d"))
    await hook.record(arrival(1))

    contact = await store.contacts.get("shop", "PERSON1@example.org")

    assert contact is not None
    assert (contact.last_bounced_at, contact.last_reason) == (later, "bad-mailbox")
    assert contact.last_delivered_at == arrival(1).occurred_at


async def test_attempts_are_known_where_arrivals_are_told(hook, store):
    await hook(event(1), event(2, source="letters"))
    await hook.record(*[arrival(number) for number in range(10, 18)])

    found = {each.key.subject: each.attempts for each in await store.alerts.newest()}

    assert found == {"shop/june": 9, "letters/june": None}


async def test_hours_count_what_happened_to_deliveries(hook, store):
    await hook(deferral(1), deferral(2), event(3))
    await hook(event(1))

    async with store.database.reading() as connection:
        [row] = await connection.execute(select(hours))
    assert (row.deferred, row.bounced, row.delivered) == (2, 2, 0)


async def test_a_thousand_events_take_a_few_statements(hook, store):
    for start in range(0, 1_000, 250):
        await hook.record(*[event(number) for number in range(start, start + 250)])
    judged = [hook.triage.judge(*each) for each in await store.events.untriaged(1_000)]
    said: list[str] = []

    engine = store.database._writer.sync_engine
    listening.listen(engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    await store.events.fold(judged)

    assert len(said) < 40
    assert counts(await the_alert(store)) == (0, 1_000, 0, 0)


@pytest.mark.parametrize("address", ["no-at-sign", "a@b@c", "ÄÖ@exämple.org"])
async def test_strange_addresses_are_counted_like_others(hook, store, address):
    await hook(event(1, recipient=address))

    assert (await the_alert(store)).sample[0].recipient == address
    async with store.database.reading() as connection:
        assert len((await connection.execute(select(contacts))).all()) == 1


async def test_batch_after_batch_is_folded_while_the_next_is_judged(hook, store, monkeypatch):
    monkeypatch.setattr("handlers.triage.BATCH", 3)
    await hook.record(*(event(number) for number in range(10)))

    assert await hook.triage.triage() == 10

    assert counts(await the_alert(store)) == (0, 10, 0, 0)
    assert await store.events.untriaged(limit=10) == []


async def test_waiting_events_are_read_from_the_one_after_another(hook, store):
    await hook.record(*(event(number) for number in range(4)))
    numbers = [number for number, _ in await store.events.untriaged(limit=10)]

    assert [number for number, _ in await store.events.untriaged(2, after=numbers[0])] == numbers[
        1:3
    ]


async def test_a_fold_that_fails_is_told_and_nothing_is_lost(hook, store, monkeypatch):
    monkeypatch.setattr("handlers.triage.BATCH", 3)
    await hook.record(*(event(number) for number in range(5)))

    def fail(*_: object) -> None:
        raise RuntimeError("no commit today")

    listening.listen(Engine, "commit", fail)
    with pytest.raises(RuntimeError, match="no commit today"):
        await hook.triage.triage()
    listening.remove(Engine, "commit", fail)

    assert await hook.triage.triage() == 5
    assert counts(await the_alert(store)) == (0, 5, 0, 0)
