"""Slack fails, limits, hangs, loses answers, or is away: nothing is lost, nothing said twice."""

import pytest
from sqlalchemy import func, select

from bot.app import Bot
from bot.store.sql.tables import alerts
from tests.acceptance.between import until
from tests.acceptance.whole import bounced, people

pytestmark = pytest.mark.slow

ANA = "ana@receiver.example"


BAD_DAYS = [
    ("500", 3),
    ("reset", 3),
    ("hang", 3),
    ("lost", 3),
    ("429", 8),
    ("429-no-header", 31),
    ("200-ratelimited", 31),
    ("error:token_revoked", 61),
]
"""What Slack does, and after how many seconds it is asked again."""


async def test_a_post_that_fails_comes_once_slack_is_well(embedded, monkeypatch):
    monkeypatch.setattr("bot.slack.clients.CALL_SECONDS", 1)
    async with embedded.bot() as bot:
        for number, (how, seconds) in enumerate(BAD_DAYS, 1):
            embedded.slack.fail("chat.postMessage", how, retry_after=7)
            await embedded.tell(bounced(ANA, campaign=how))
            await until(lambda: noted(bot))

            embedded.clock.advance(seconds)
            await embedded.shown(number)
            await until(lambda: posted(bot))

    campaigns = [text.partition(" — ")[0] for text in embedded.texts()]
    assert campaigns == [f"Full mailboxes · {how}" for how, _ in BAD_DAYS]


async def noted(bot: Bot) -> bool:
    """Tell whether the bot has written down that a post failed."""
    async with bot.store.database.reading() as connection:
        failures = await connection.execute(select(func.max(alerts.c.failures)))
    return bool(failures.scalar())


async def posted(bot: Bot) -> bool:
    """Tell whether the bot knows that everything is posted."""
    return not (await bot.store.health.depths())["posts"]


async def test_an_hour_without_slack_loses_nothing(embedded):
    async with embedded.bot():
        embedded.slack.fail("*", "503", times=1_000)
        for minute in range(6):
            await embedded.tell(bounced(f"person{minute}@receiver.example", campaign="One"))
            embedded.clock.advance(600)
        await embedded.tell(bounced(ANA, campaign="Two"))
        assert embedded.messages() == []

        embedded.slack.faults.clear()
        embedded.clock.advance(3)
        await embedded.reads("One — 6 people")
        await embedded.reads("Two — 1 person")

    assert len(embedded.messages()) == 2


async def test_a_lost_answer_of_a_thread_is_looked_for_too(embedded):
    async with embedded.bot():
        await embedded.tell(*people(2))
        [message] = await embedded.shown()
        embedded.slack.fail("chat.postMessage", "lost")
        await until(lambda: embedded.thread(message["ts"]))
        embedded.clock.advance(3)
        await embedded.tell(bounced(ANA, campaign="Two"))
        await embedded.shown(2)

    assert len(embedded.thread(message["ts"])) == 1
