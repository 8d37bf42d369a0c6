"""The whole product without an account: the bot against the stand-in of Slack and played providers.

The bot is the one that serves a real workspace; only who it talks to is played.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import aiohttp

from bot.app import Bot
from bot.sandbox.report import Report, report
from bot.sandbox.surroundings import Surroundings
from bot.sandbox.world.configuration import CHANNEL
from bot.sandbox.world.keys import Keys
from bot.sandbox.world.samples import Hook, Sample, SampleHooks, load_samples
from bot.settings.faults import check
from bot.settings.model import Settings
from bot.settings.source import SettingsError
from bot.slack.manifest import load_manifest

LATER_SECONDS = 20.0
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.1
AWAITED = ("events", "posts", "notes", "jobs", "running")


class DemoError(Exception):
    """The demo did not do what it is there to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """Where the page is served (port 0: any free one), and the database; empty: a new file."""

    port: int = 3100
    database: str = ""


class Demo:
    """A running demo; made by `open`."""

    def __init__(self, around: Surroundings, bot: Bot, started: float) -> None:
        self.slack = around.slack
        self.outside = around.outside
        self.bot = bot
        self._hooks = SampleHooks(around.keys, utc_now)
        self._started = started
        self._events = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, options: DemoOptions) -> AsyncIterator[Self]:
        """Start everything, and stop it at the end.

        Raises SettingsError where the port is taken or the database does not open.
        """
        started = time.monotonic()
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bounce-demo-")))
            around = await stack.enter_async_context(_surroundings(folder, options.port))
            tables = around.configuration()
            tables["database"] = {"url": options.database or f"sqlite:///{folder}/demo.db"}
            bot = await stack.enter_async_context(Bot(check(Settings, tables, ())))
            around.slack.dispatcher.url = f"{bot.url}/slack/events"
            yield cls(around, bot, started)

    async def tell(self, samples: Sequence[Sample]) -> None:
        """Send the webhooks that tell of samples."""
        async with aiohttp.ClientSession() as session:
            for hook in self._hooks.of(samples):
                await self._send(session, hook)
        self._events += len(samples)

    async def settled(self) -> None:
        """Return when all that was told is posted; raises DemoError after a minute."""
        waiting: dict[str, int] = {}
        for _ in range(int(PATIENCE_SECONDS / POLL_SECONDS)):
            depths = await self.bot.store.health.depths()
            waiting = {kind: depths[kind] for kind in AWAITED if depths[kind]}
            if not waiting:
                return
            await asyncio.sleep(POLL_SECONDS)
        raise DemoError(f"not all was posted within {PATIENCE_SECONDS:.0f} s; waiting: {waiting}")

    async def report(self) -> Report:
        """Return what the channel shows, and what it took."""
        seconds = time.monotonic() - self._started
        return await report(self.slack, self.bot, CHANNEL, self._events, seconds)

    async def _send(self, session: aiohttp.ClientSession, hook: Hook) -> None:
        url = f"{self.bot.url}/hooks/{hook.source}"
        async with session.post(url, data=hook.body, headers=dict(hook.headers)) as answer:
            if answer.status != 200:
                raise DemoError(f"the webhook of {hook.source} was answered {answer.status}")


def samples(*, later: bool) -> list[Sample]:
    """Return the samples of the beginning, or those that come later."""
    return [sample for sample in load_samples() if sample.later is later]


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


async def run_once(options: DemoOptions) -> Report:
    """Replay the samples, wait until everything is posted, and return what there is to see."""
    async with Demo.open(options) as demo:
        await demo.tell(samples(later=False))
        await demo.settled()
        return await demo.report()


async def run(options: DemoOptions, opened: Callable[[str], None], stop: asyncio.Event) -> None:
    """Replay the samples and stay until `stop`; `opened` hears the address of the page."""
    async with Demo.open(options) as demo:
        opened(demo.slack.page_url)
        await demo.tell(samples(later=False))
        if not await _within(stop.wait(), LATER_SECONDS):
            await demo.tell(samples(later=True))
            await stop.wait()


async def _within(wait: Awaitable[Any], seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await wait
    except TimeoutError:
        return False
    return True


@asynccontextmanager
async def _surroundings(folder: Path, port: int) -> AsyncIterator[Surroundings]:
    async with AsyncExitStack() as stack:
        opening = Surroundings.open(folder, Keys(), port=port, manifest=load_manifest())
        try:
            surroundings = await stack.enter_async_context(opening)
        except OSError as error:
            raise SettingsError(
                f"--port: cannot listen on {port} ({error.strerror}); choose another, or 0 for any"
            ) from error
        yield surroundings
