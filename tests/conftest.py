"""What tests of all parts share: a clock set by hand, and the store on both databases."""

import gc
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from bot.settings.model import SlackSettings
from bot.slack.clients import answering_client
from bot.store.options import Options
from bot.store.store import SqlStore
from handlers.actions import LABELS
from handlers.desk import Desk
from handlers.http.outgoing import Outgoing
from handlers.permission import Permissions
from handlers.provider import Sources
from resolutions.catalogue.resolution import Catalogue
from resolutions.operator import Operators
from resolutions.rules.rulebook import Rulebook
from tests.once import KEYS, shipped_rules

pytest_plugins = ("tests.kinds", "tests.databases", "tests.browsing")

CHANNEL = "C01DELIV"
ADMIN_CHANNEL = "C02ADMIN"


@pytest.fixture
def within() -> Callable[[float], AbstractContextManager[None]]:
    """Give a block so many seconds of its thread, without the search for others' garbage.

    For what would take hours if it ran away; how fast it is, is for the benchmarks.
    """

    @contextmanager
    def within(seconds: float) -> Iterator[None]:
        gc.disable()
        begin = time.thread_time()
        try:
            yield
            taken = time.thread_time() - begin
        finally:
            gc.enable()
        assert taken < seconds

    return within


class HandClock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time it shows."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move it on."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture(scope="session")
def operators() -> Operators:
    return Operators.load()


class Opener:
    """Opens stores on this test's database: `async with open_store() as store`."""

    def __init__(self, url: str, clock: HandClock, options: Options) -> None:
        self.url = url
        self._clock = clock
        self._options = options

    def __call__(self, **changes: Any) -> AbstractAsyncContextManager[SqlStore]:
        """Return a store to be opened, some of its options changed."""
        return SqlStore.open(self.url, self._clock, replace(self._options, **changes))


@pytest.fixture
def open_store(database_url: str, clock: HandClock, operators: Operators) -> Opener:
    """Give what opens further stores on the same database."""
    options = Options(
        channel=CHANNEL,
        admin_channel=ADMIN_CHANNEL,
        operators=operators,
        alone=False,
        own_clock=True,
    )
    return Opener(database_url, clock, options)


@pytest.fixture
async def store(open_store: Opener) -> AsyncIterator[SqlStore]:
    """Give a store on SQLite, then one on PostgreSQL."""
    async with open_store() as opened:
        yield opened


TOKEN, SIGNING = KEYS.slack_token, KEYS.slack_signing
"""What the stand-in of Slack knows the bot by, and what it signs with."""


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    return shipped_rules()


@pytest.fixture
async def outgoing() -> AsyncIterator[Outgoing]:
    async with Outgoing.open() as client:
        yield client


@dataclass(frozen=True, slots=True)
class Office:
    """A desk, and how it speaks with Slack."""

    desk: Desk
    settings: SlackSettings
    session: aiohttp.ClientSession


@pytest.fixture
async def furnish(
    store: SqlStore,
    clock: HandClock,
    outgoing: Outgoing,
    catalogue: Catalogue,
    operators: Operators,
    rulebook: Rulebook,
) -> AsyncIterator[Callable[..., Office]]:
    """Give what makes a desk for the Slack at an address, some of its parts changed."""
    async with aiohttp.ClientSession() as session:

        def make(base_url: str, **changes: Any) -> Office:
            settings = SlackSettings(
                channel=CHANNEL,
                base_url=base_url,
                bot_token=SecretStr(TOKEN),
                signing_secret=SecretStr(SIGNING),
            )
            slack = answering_client(settings, session)
            desk = Desk(
                store=store,
                sources=Sources(),
                tickets=None,
                catalogue=catalogue,
                rulebook=rulebook,
                operators=operators,
                slack=slack,
                outgoing=outgoing,
                clock=clock,
                permissions=Permissions(slack=slack, clock=clock),
                labels=replace(LABELS, operators=operators.ids),
            )
            return Office(replace(desk, **changes), settings, session)

        yield make
