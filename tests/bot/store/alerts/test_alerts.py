"""Alerts as people see them: whole, in order, with what was done."""

from handlers.store import Job
from resolutions.alert import OpenedTicket
from resolutions.bounce import Kind, SmtpReply
from resolutions.reason import Reason
from tests.bot.store.samples import GONE, arrival, deferral, event


async def test_an_alert_that_is_not_there_is_none(store):
    assert await store.alerts.get(7) is None
    assert await store.deliveries.of_alert(7, 10) == []


async def test_open_alerts_come_newest_first_and_by_reason(hook, store, clock):
    await hook(event(1))
    clock.advance(60)
    await hook(event(2, reply=SmtpReply(GONE, "550", "5.1.1")))
    clock.advance(60)
    await hook(event(3, campaign="may"))

    every = await store.alerts.newest()
    full = await store.alerts.newest(reason="quota-issues")

    assert [each.key.subject for each in every] == ["shop/may", "shop/june", "shop/june"]
    assert [each.reason for each in full] == [Reason.QUOTA_ISSUES] * 2
    assert [each.key.subject for each in await store.alerts.newest(limit=1)] == ["shop/may"]
    assert all(each.sample == () for each in every)


async def test_the_sample_shows_what_failed_before_what_arrived(hook, store):
    await hook(*[deferral(number) for number in range(12)])
    await hook.record(*[arrival(number) for number in range(9)])

    [found] = await store.alerts.newest()
    alert = await store.alerts.get(found.id)

    states = [each.state.value for each in alert.sample]
    assert states == ["waiting"] * 3 + ["delivered"] * 7
    assert alert.recipients == 12


async def test_deeds_are_the_jobs_of_the_alert(hook, store, clock):
    await hook(event(1))
    [alert] = await store.alerts.newest()
    await store.jobs.schedule(Job(name="resend", alert_id=alert.id, by="U1"))
    await store.jobs.schedule(Job(name="deactivate", alert_id=alert.id, by="U2"))
    await store.jobs.schedule(Job(name="deactivate", alert_id=alert.id + 1, by="U3"))

    deeds = (await store.alerts.get(alert.id)).deeds

    assert [(each.action, each.by, each.state) for each in deeds] == [
        ("resend", "U1", "waiting"),
        ("deactivate", "U2", "waiting"),
    ]
    assert deeds[0].at == clock.now


async def test_the_ticket_of_an_alert_is_its_reference_and_address(hook, store):
    await hook(event(1))
    [alert] = await store.alerts.newest()
    assert alert.ticket is None

    await store.alerts.set_ticket(alert.id, "#12", "https://example.org/12")

    assert (await store.alerts.get(alert.id)).ticket == OpenedTicket(
        "#12", "https://example.org/12"
    )


async def test_complaints_and_bounces_of_a_campaign_have_one_rate(hook, store):
    await hook(event(1), event(2, event_id="c", kind=Kind.COMPLAINT))
    await hook.record(*[arrival(number) for number in range(10, 18)])

    found = await store.alerts.newest()

    assert {each.attempts for each in found} == {9}  # eight arrived, one bounced


async def test_a_campaigns_arrivals_of_the_day_before_count(hook, store, clock):
    await hook.record(*[arrival(number) for number in range(10, 18)])
    clock.advance(7_200)

    await hook(event(1))

    [alert] = await store.alerts.newest()
    assert alert.attempts == 9


async def test_an_operators_rate_is_over_all_sources(hook, store):
    refused = SmtpReply("550 5.7.1 Message rejected due to policy", "550", "5.7.1")
    await hook(event(1, recipient="a@gmail.com", remote_host="mx.google.com", reply=refused))
    await hook.record(
        arrival(2, recipient="b@gmail.com"), arrival(3, recipient="c@gmail.com", source="letters")
    )

    [alert] = await store.alerts.newest()

    assert (alert.key.subject, alert.attempts) == ("google", 3)
