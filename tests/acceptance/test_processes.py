"""`bounce serve` as a process: killed at the worst moments, stopped, refused, misconfigured."""

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import asyncpg
import pytest

from bot.sandbox.world.configuration import CHANNEL
from tests.acceptance.between import Wire, until
from tests.acceptance.whole import GONE, bounced, people

ANA = "ana@receiver.example"

pytestmark = pytest.mark.process


async def test_killed_between_the_answer_and_the_post_says_it_once(desk):
    async with desk.serve(group_wait=0.5) as first:
        await desk.tell(*people(3))
        await first.kill()
    assert desk.messages() == []
    await lease_runs_out(desk.database)

    async with desk.serve(group_wait=0.5) as second:
        await desk.tell(*people(3))
        await desk.reads("3 people")
        await until(lambda: desk.thread(desk.messages()[0]["ts"]))
        assert await second.stop() == 0

    assert len(desk.messages()) == 1


async def test_killed_between_the_post_and_its_note_says_it_once(desk):
    async with Wire(desk.slack.base_url) as wire:
        async with desk.serve(slack=wire.address) as first:
            await until(lambda: desk.slack.calls["auth.test"])
            wire.dead = True
            await desk.tell(*people(3))
            await desk.shown()
            await first.kill()
        wire.dead = False
        await lease_runs_out(desk.database)

        async with desk.serve(slack=wire.address):
            await until(lambda: desk.thread(desk.messages()[0]["ts"]))
            await desk.tell(bounced(ANA, reply=GONE, campaign="Next"))
            await desk.shown(2)

    assert [("3 people" in text, "Next" in text) for text in desk.texts()] == [
        (True, False),
        (False, True),
    ]


async def lease_runs_out(database: str) -> None:
    """Let the time pass that a killed process keeps its channel on PostgreSQL."""
    if database.startswith("postgresql"):
        connection = await asyncpg.connect(database)
        await connection.execute("DELETE FROM leases")
        await connection.close()


async def test_killed_in_the_middle_of_many_webhooks_nothing_is_lost(embedded):
    hooks = [embedded.hooks(bounced(f"p{n}@x.example", "receipts"))[0] for n in range(200)]
    answered: list[int] = []

    async def send(number: int) -> None:
        try:
            assert await embedded.post(hooks[number]) == 200
        except (OSError, aiohttp.ClientError):
            return
        answered.append(number)

    async with embedded.serve() as first:
        sending = [asyncio.create_task(send(n)) for n in range(200)]
        await until(lambda: len(answered) > 50)
        await first.kill()
        await asyncio.gather(*sending)
    assert len(answered) < 200
    assert ask(embedded.database, STORED) >= len(answered)

    async with embedded.serve():
        assert [await embedded.post(hook) for hook in hooks] == [200] * 200
        await until(lambda: ask(embedded.database, COUNTED) == 200)
    assert ask(embedded.database, STORED) == 200


STORED = "SELECT count(*) FROM events"
COUNTED = "SELECT sum(waiting + bounced) FROM alerts"


def ask(database: str, question: str) -> int:
    """Return a number that is in a file."""
    connection = sqlite3.connect(database.removeprefix("sqlite:///"))
    [(number,)] = connection.execute(question).fetchall()
    connection.close()
    return int(number or 0)


async def test_a_second_process_on_one_file_refuses(embedded):
    async with embedded.serve() as first:
        second = await embedded.start("serve")
        out, err = await second.communicate()

        assert (second.returncode, out) == (2, b"")
        assert b"another bounce process" in err.splitlines()[-1]
        assert first.running
        await embedded.tell(bounced(ANA))
        await embedded.shown()


async def test_a_signal_ends_it_within_five_seconds_whatever_is_under_way(embedded):
    async with embedded.serve() as serving, slow_sender(serving.url):
        embedded.slack.fail("*", "hang", times=100)
        await embedded.tell(bounced(ANA))
        await embedded.slack.command("U01ADA", CHANNEL, "explain quota")
        await until(lambda: embedded.slack.calls["chat.postMessage"])

        begun = time.monotonic()
        code = await serving.stop()

        assert time.monotonic() - begun < 5
        assert code == 0
        assert [line for line in serving.log if line.get("level") in {"error", "critical"}] == []


@asynccontextmanager
async def slow_sender(url: str) -> AsyncIterator[None]:
    """Hold a connection on which a body is announced that does not come."""
    host, port = url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /hooks/crm HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()
    try:
        yield
    finally:
        writer.close()


WRONG = {
    "no token": ({"BOUNCE_SLACK__BOT_TOKEN": None}, "slack.bot_token: missing"),
    "unknown key": ({"BOUNCE_SLACK__CHANEL": "C1"}, "slack.chanel: unknown"),
    "unreadable": ({"BOUNCE_SLACK__BOT_TOKEN_FILE": "/nowhere"}, "/nowhere cannot be read"),
    "no database": ({"BOUNCE_DATABASE__URL": "postgresql://x@127.0.0.1:1/x"}, "database.url: "),
    "port taken": ({"BOUNCE_SERVER__PORT": "taken"}, "server.port: cannot listen"),
}


async def test_a_wrong_configuration_is_one_line_and_exit_code_two(embedded):
    taken = embedded.around.address.rpartition(":")[2]

    async def started(changes) -> tuple[int | None, bytes, list[str]]:
        changed = {name: taken if value == "taken" else value for name, value in changes.items()}
        process = await embedded.start("serve", environment=changed)
        out, err = await process.communicate()
        complaints = [line for line in err.decode().splitlines() if not is_log(line)]
        return process.returncode, out, complaints

    ended = await asyncio.gather(*(started(changes) for changes, _ in WRONG.values()))

    for (_, said), (code, out, complaints) in zip(WRONG.values(), ended, strict=True):
        assert (code, out, len(complaints)) == (2, b"", 1), complaints
        assert said in complaints[0]


def is_log(line: str) -> bool:
    """Tell whether a line is one of the log."""
    return line.startswith("{") and json.loads(line)["level"] == "info"
