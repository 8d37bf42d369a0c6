"""How the whole process does: a storm, a quiet hour, a start."""

import asyncio
import statistics
import time
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import asyncpg

from bot.sandbox.world.configuration import CHANNEL
from tests.acceptance.between import Serving, until
from tests.acceptance.whole import ADA, Whole, bounced, whole
from tests.benchmarks.databases import Databases
from tests.benchmarks.keeping import BATCH, batch, element
from tests.benchmarks.sender import send
from tests.benchmarks.table import Row, percentile

STORM, ALERTS = 100_000, 12
GROUP_WAIT = 10.0
STEPS = "30, 60, 120, 300, 900"
LEFT = """
SELECT (SELECT count(*) FROM events WHERE triaged_at IS NULL)
     + (SELECT count(*) FROM alerts WHERE ts = '')
     + (SELECT count(*) FROM notes WHERE due_at IS NOT NULL)
"""
COUNTED = "SELECT sum(waiting + bounced) FROM alerts"
QUIET, STARTS = 5, 5


@dataclass(slots=True)
class People:
    """Who clicks and asks while the storm lasts."""

    desk: Whole
    seconds: list[float] = field(default_factory=list)
    failed: int = 0

    async def ask(self) -> None:
        """Go on until cancelled."""
        for number in count():
            answer = await self.desk.slack.command(ADA, CHANNEL, "explain quota")
            self._note(answer.seconds, answer.shown)
            await asyncio.sleep(0.1)
            for message in self.desk.messages()[:1] if number % 10 == 0 else []:
                answer = await self.desk.slack.click(ADA, CHANNEL, message["ts"], "resend")
                self._note(answer.seconds, answer.shown)
                await self.desk.slack.close_view(ADA, all_views=True)

    def _note(self, seconds: float, shown: str) -> None:
        self.seconds.append(seconds)
        self.failed += bool(shown)


async def storm(databases: Databases) -> list[Row]:
    """Send 100,000 events of 12 campaigns as fast as they are taken, while people click."""
    url = await databases.make()
    async with whole(databases.folder, url) as desk:
        requests = [
            batch("shop", desk.around.keys, [_element(n + each) for each in range(BATCH)])
            for n in range(0, STORM, BATCH)
        ]
        async with desk.serve(group_wait=GROUP_WAIT, steps=STEPS) as serving:
            people = People(desk)
            asking = asyncio.create_task(people.ask())
            begun = time.perf_counter()
            sent = await send(int(desk.url.rpartition(":")[2]), requests, 4)
            accepted = time.perf_counter()
            await until(lambda: _is_done(url), seconds=120)
            posted = time.perf_counter() - accepted
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            assert await _ask(url, COUNTED) == STORM
            return [
                *_storm_rows(databases.word, desk, people, serving),
                Row(
                    what=f"storm of 100,000 on {databases.word}: taken",
                    measured=STORM / (accepted - begun),
                    unit="events/s",
                    note=f"p99 of a batch {percentile(sent.seconds, 0.99):.2f} s",
                ),
                Row(
                    what=f"storm of 100,000 on {databases.word}: last post after the last 200",
                    measured=posted,
                    unit="s",
                    wanted=30,
                    most=True,
                ),
            ]


def _storm_rows(word: str, desk: Whole, people: People, serving: Serving) -> list[Row]:
    own = sum(
        calls
        for method, calls in desk.slack.calls.items()
        if method not in {"views.open", "views.update", "auth.test", "chat.getPermalink"}
    )
    memory = _peak_megabytes(serving.pid)
    acks, what = percentile(people.seconds, 0.99) * 1_000, f"storm of 100,000 on {word}"
    asked = f"{len(people.seconds)} clicks and commands, {people.failed} failed"
    broken, shown = len(desk.slack.violations), len(desk.messages())
    return [
        Row(what=f"{what}: Slack messages", measured=shown, unit="", wanted=ALERTS, most=True),
        Row(what=f"{what}: Slack calls", measured=own, unit="calls", wanted=60, most=True),
        Row(what=f"{what}: limits broken", measured=broken, unit="", wanted=0, most=True),
        Row(what=f"{what}: peak memory", measured=memory, unit="MB", wanted=300, most=True),
        Row(what=f"{what}: ack, p99", measured=acks, unit="ms", wanted=300, most=True, note=asked),
    ]


async def quiet(databases: Databases) -> list[Row]:
    """Send one webhook when nothing else happens, and wait for its message."""
    seconds = []
    async with whole(databases.folder, await databases.make()) as desk, desk.serve():
        for number in range(QUIET):
            sample = bounced("ana@receiver.example", campaign=f"Campaign {number}")
            begun = time.perf_counter()
            await desk.tell(sample)
            await until(partial(_shows, desk, number + 1))
            seconds.append(time.perf_counter() - begun)
            await asyncio.sleep(1.5)  # the channel's rate is not what is measured
    what = f"quiet: webhook to message beyond group_wait, slowest of {QUIET}, {databases.word}"
    return [Row(what=what, measured=max(seconds), unit="s", wanted=0.5, most=True)]


def _shows(desk: Whole, messages: int) -> bool:
    return len(desk.messages()) >= messages


async def start(databases: Databases) -> list[Row]:
    """Start `bounce serve` on a new database, then on one that is there."""
    url = await databases.make()
    seconds = []
    async with whole(databases.folder, url) as desk:
        for _ in range(STARTS):
            begun = time.perf_counter()
            async with desk.serve() as serving:
                seconds.append(time.perf_counter() - begun)
                await serving.stop()
    what = f"start of bounce serve to ready, {databases.word}"
    again = statistics.median(seconds[1:])
    return [
        Row(what=f"{what}, new database", measured=seconds[0], unit="s"),
        Row(what=what, measured=again, unit="s", wanted=1.5, most=True),
    ]


def _element(number: int) -> dict[str, object]:
    return element(number, f"Campaign {number % ALERTS}")


async def _is_done(url: str) -> bool:
    return not await _ask(url, LEFT)


async def _ask(url: str, question: str) -> int:
    if url.startswith("postgresql"):
        connection = await asyncpg.connect(url)
        found = await connection.fetchval(question)
        await connection.close()
        return int(found or 0)
    return await asyncio.to_thread(_ask_file, url, question)


def _ask_file(url: str, question: str) -> int:
    import sqlite3

    connection = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=10)
    [(number,)] = connection.execute(question).fetchall()
    connection.close()
    return int(number or 0)


def _peak_megabytes(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1_024
