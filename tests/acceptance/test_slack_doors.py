"""How people reach the bot: acks that wait for nothing, and Socket Mode."""

import asyncio
import sqlite3
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from bot.sandbox.world.configuration import CHANNEL
from tests.acceptance.between import until
from tests.acceptance.whole import ADA, APP_TOKEN, GONE, bounced, whole

pytestmark = pytest.mark.slow

ANA = "ana@receiver.example"


@pytest.fixture
async def locked(embedded):
    """Lock the database of a running bot from outside."""
    async with embedded.bot():
        await embedded.tell(bounced(ANA, reply=GONE))
        [message] = await embedded.shown()
        path = embedded.database.removeprefix("sqlite:///")
        holder = sqlite3.connect(path, timeout=0, isolation_level=None)
        await until(lambda: locks(holder))
        yield embedded, message, holder
        holder.close()


def locks(holder: sqlite3.Connection) -> bool:
    """Take the file's lock if nobody has it now; to wait would keep the bot from ending."""
    with suppress(sqlite3.OperationalError):
        holder.execute("BEGIN EXCLUSIVE")
    return holder.in_transaction


async def test_explain_is_acked_and_answered_although_the_database_is_locked(locked):
    desk, _, _ = locked

    answer = await desk.slack.command(ADA, CHANNEL, "explain quota")
    [told] = await until(lambda: desk.slack.ephemeral(CHANNEL, ADA))

    assert answer.status == 200
    assert answer.seconds < 1
    assert "quota-issues" in str(told)


async def test_a_webhook_is_never_taken_while_the_database_is_locked(locked):
    desk, _, holder = locked
    [hook] = desk.hooks(bounced("mia@receiver.example", "receipts"))

    assert await desk.post(hook) == 503
    assert await desk.counted("receipts", "busy") == 1
    holder.execute("ROLLBACK")

    assert await desk.post(hook) == 200
    await desk.shown(2)


async def test_a_click_on_a_locked_database_says_so_and_works_later(locked):
    desk, message, holder = locked

    answer = await desk.slack.click(ADA, CHANNEL, message["ts"], "deactivate")
    holder.execute("ROLLBACK")
    assert answer.shown == "dispatch_failed"
    desk.slack.violations.clear()

    await desk.slack.click(ADA, CHANNEL, message["ts"], "deactivate")
    await desk.reads("flagged as inactive by <@U01ADA>")


@pytest.mark.parametrize("path", ["/slack/events", "/hooks/newsletter"])
async def test_a_body_that_does_not_end_is_given_up(embedded, path, monkeypatch):
    monkeypatch.setattr("handlers.webhooks.BODY_SECONDS", 0.05)
    async with embedded.bot():
        address = urlsplit(embedded.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{{".encode())

        answer = await reader.readline()

        writer.close()
        await writer.wait_closed()
    assert answer.split()[1] == b"408"


async def test_socket_mode_walks_from_the_webhook_to_the_effect(database_url, tmp_path):
    async with whole(tmp_path, database_url, app_token=APP_TOKEN) as desk:
        async with desk.bot(mode="socket"):
            desk.slack.dispatcher.url = ""
            await desk.slack.socket_mode.ready.wait()
            await desk.tell(bounced(ANA, reply=GONE))
            [message] = await desk.shown()

            await desk.slack.click(ADA, CHANNEL, message["ts"], "deactivate")
            await desk.reads("flagged as inactive by <@U01ADA>")
            answer = await desk.slack.command(ADA, CHANNEL, "explain quota")
            await until(lambda: desk.slack.ephemeral(CHANNEL, ADA))

            async with desk.session.post(f"{desk.url}/slack/events", data=b"{}") as refused:
                assert refused.status == 404
        assert answer.status == 200
        assert [entry.address for _, entry in desk.outside.apis.entries()] == [ANA]
        assert desk.slack.violations == []
