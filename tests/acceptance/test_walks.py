"""From a signed webhook to a Slack message whose buttons work, whatever comes twice."""

import asyncio
import json

import pytest

from bot.sandbox.world.configuration import CHANNEL
from handlers.store import JobState
from tests.acceptance.between import until
from tests.acceptance.whole import ADA, BUSY, GONE, LINUS, bounced, people

pytestmark = pytest.mark.slow

ANA, MIA = "ana@receiver.example", "mia@receiver.example"
SOURCES = ["newsletter", "shop", "receipts", "mailserver", "crm"]


@pytest.mark.parametrize("source", SOURCES)
async def test_a_signed_webhook_becomes_a_message(embedded, source):
    async with embedded.bot():
        await embedded.tell(bounced(ANA, source))

        [message] = await embedded.shown()

    assert "Full mailboxes" in message["text"]
    assert "1 person" in message["text"]
    assert ANA not in json.dumps(message)


async def test_a_redelivered_webhook_is_the_same_alert_with_the_right_counts(desk):
    hooks = desk.hooks(*people(3))
    async with desk.bot() as bot:
        for _ in range(3):
            assert [await desk.post(hook) for hook in hooks] == [200]
        await asyncio.gather(*(desk.post(hook) for hook in hooks * 5))
        await desk.reads("3 people")
        await desk.tell(bounced("last@receiver.example"))

        message = await desk.reads("4 people")

        assert len(desk.messages()) == 1
        [alert] = await bot.store.alerts.newest()
        assert (alert.bounced, alert.recipients) == (4, 4)
        assert message["ts"] == alert.ts


async def test_a_click_has_one_effect_however_often_it_comes(desk):
    async with desk.bot() as bot:
        await desk.tell(bounced(ANA, reply=GONE))
        [message] = await desk.shown()

        await desk.slack.click(ADA, CHANNEL, message["ts"], "deactivate")
        assert await desk.ear.again() == 200
        await desk.reads("flagged as inactive by <@U01ADA>")
        assert await desk.ear.again() == 200
        await desk.slack.click(LINUS, CHANNEL, message["ts"], "deactivate")
        told = await until(lambda: desk.slack.ephemeral(CHANNEL, LINUS))

        jobs = await bot.store.jobs.in_states(limit=10)
        await until(lambda: desk.thread(message["ts"]))
    assert [(job.name, job.by) for job in jobs] == [("deactivate", ADA)]
    assert "Already done" in told[0]["text"]
    assert [e.address for _, e in desk.outside.apis.entries()] == [ANA]
    assert len(desk.thread(message["ts"])) == 1


async def test_two_people_who_click_at_once_open_one_ticket(desk):
    async with desk.bot():
        await desk.tell(bounced(ANA, reply="550 5.7.1 Blocked - see https://ipcheck.example"))
        [message] = await desk.shown()

        answers = await asyncio.gather(
            *(desk.slack.click(who, CHANNEL, message["ts"], "open_ticket") for who in (ADA, LINUS))
        )
        await desk.reads("Ticket opened by")

    assert [answer.status for answer in answers] == [200, 200]
    assert len(desk.outside.mailbox.mails) == 1


async def test_a_deferral_and_then_its_bounce_move_one_recipient(desk):
    async with desk.bot() as bot:
        late = bounced(ANA, key="late", event="deferral", reply=BUSY)
        await desk.tell(late)
        await desk.reads("1 person, waiting")

        await desk.tell(bounced(ANA, key="late", reply=BUSY.replace("421 4", "550 5")))
        await desk.reads("refuses your mail")

        [alert] = await bot.store.alerts.newest()
        assert (alert.waiting, alert.bounced) == (0, 1)


async def test_a_deferral_and_then_its_delivery_leave_nobody_waiting(desk):
    async with desk.bot() as bot:
        both = [bounced(who, key=who, event="deferral", reply=BUSY) for who in (ANA, MIA)]
        await desk.tell(*both)
        await desk.reads("2 people, waiting")

        await desk.tell(bounced(ANA, key=ANA, event="delivered"))
        await desk.reads("1 since delivered")

        [alert] = await bot.store.alerts.newest()
        assert (alert.waiting, alert.bounced, alert.delivered) == (1, 0, 1)


async def test_one_bad_element_of_five_hundred_is_kept_and_the_others_count(desk):
    [hook] = desk.hooks(*people(500))
    elements = json.loads(hook.body)
    del elements[250]["email"]
    async with desk.bot() as bot:
        assert await desk.post(desk.signed(elements)) == 200

        await desk.reads("499 people")
        [kept] = await bot.store.quarantine.newest()
        assert await desk.counted("shop", "quarantined") == 1

    assert json.loads(kept.body) == [elements[250]]
    assert kept.source == "shop"
    assert len(desk.messages()) == 1


async def test_a_resend_reaches_the_sender_signed_and_once(desk):
    async with desk.bot() as bot:
        await desk.tell(bounced(ANA))
        [message] = await desk.shown()
        await desk.slack.click(ADA, CHANNEL, message["ts"], "resend")
        [view] = await until(lambda: _filled(desk.slack.views(ADA)))
        when = int(desk.clock().timestamp()) + 120

        answer = await desk.slack.submit(ADA, {"way": "webhook", "when": when})
        assert await desk.ear.again() == 200
        await desk.reads("scheduled by <@U01ADA>")

        assert (answer.shown, view["callback_id"]) == ("", "resend")
        assert desk.outside.sender.taken == []

        (job,) = await bot.store.jobs.in_states([JobState.WAITING])
        assert await bot.store.jobs.move(job.id, desk.clock(), ADA)
        await desk.reads("passed to your sender to be sent again")

    assert [taken.recipient for taken in desk.outside.sender.taken] == [ANA]
    assert desk.outside.sender.forged == 0


def _filled(views):
    """Return the open modals once the top one has its fields."""
    return views if views and any(b["type"] == "input" for b in views[-1]["blocks"]) else []
