"""A channel in the stand-in of Slack, with every listener of the bot behind it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest
from aiohttp import web

from bot.sandbox.stand_in import SlackStandIn
from bot.slack.bolt import Door, make_app, posting_client
from bot.slack.listeners import listen
from bot.store.store import SqlStore
from handlers.actions import BUTTONS
from handlers.desk import Desk
from handlers.entrances.commands import Commands
from handlers.entrances.home import Home
from handlers.entrances.shortcuts import Shortcuts
from handlers.posting import Poster
from handlers.provider import Parsed
from handlers.triage import Triage
from resolutions.alert import Alert
from resolutions.bounce import BounceEvent, Kind, Permanence, SmtpReply
from tests.bot.store.samples import request
from tests.conftest import ADMIN_CHANNEL, CHANNEL, SIGNING, TOKEN

ADA = "U01ADA"
FULL = SmtpReply("452 4.2.2 The recipient's inbox is out of storage space.", "452", "4.2.2")


@dataclass(kw_only=True)
class Room:
    """The channel: what is heard is posted there, and people ask."""

    store: SqlStore
    clock: Any
    slack: SlackStandIn
    desk: Desk
    poster: Poster
    triage: Triage
    listeners: Any
    numbers: Any = field(default_factory=count)

    def event(self, recipient: str, **changes: Any) -> BounceEvent:
        """Return a bounce: a full mailbox at Google, unless it is said otherwise."""
        number = next(self.numbers)
        event = BounceEvent(
            source="newsletter",
            provider="ses",
            event_id=f"event-{number}",
            kind=Kind.BOUNCE,
            permanence=Permanence.TRANSIENT,
            recipient=recipient,
            occurred_at=self.clock(),
            reply=FULL,
            remote_host="gmail-smtp-in.l.google.com",
            message_id=f"<message-{number}@news.example>",
            provider_message_id=f"message-{number}",
            campaign="Spring launch",
        )
        return replace(event, **changes)

    async def hear(self, *recipients: str, **changes: Any) -> None:
        """Receive bounces and triage them; what is due by then is not posted yet."""
        await self.take([self.event(recipient, **changes) for recipient in recipients])

    async def take(self, events: list[BounceEvent]) -> None:
        """Receive events and triage them."""
        heard = replace(request("newsletter"), received_at=self.clock())
        await self.store.events.record(heard, Parsed(events=events))
        await self.triage.triage()

    async def post(self, after: float = 60) -> None:
        """Post and update what is due after some seconds."""
        self.clock.advance(after)
        while await self.poster.post():
            pass

    async def posted(self, *recipients: str, **changes: Any) -> Alert:
        """Receive bounces, post their alert, and return it as it stands."""
        await self.hear(*recipients, **changes)
        await self.post()
        return await self.alert()

    async def alert(self) -> Alert:
        """Return the newest alert."""
        newest = (await self.store.alerts.newest(limit=1))[0]
        alert = await self.store.alerts.get(newest.id)
        assert alert is not None
        return alert

    def messages(self) -> list[dict[str, Any]]:
        """Return what the channel shows."""
        return self.slack.messages(CHANNEL)

    def thread(self, ts: str) -> list[dict[str, Any]]:
        """Return the replies to a message."""
        return self.slack.replies(CHANNEL, ts)

    async def ask(self, text: str, user: str = ADA, command: str = "/bounce") -> dict[str, Any]:
        """Type a command and return the answer that this person alone sees."""
        before = len(self.slack.ephemeral(CHANNEL, user))
        answer = await self.slack.command(user, CHANNEL, text, command)
        assert answer.status == 200
        await self.listeners.settle()
        told = self.slack.ephemeral(CHANNEL, user)
        assert len(told) == before + 1
        return told[-1]


@pytest.fixture
async def room(
    store: SqlStore,
    clock: Any,
    furnish: Callable[..., Any],
) -> AsyncIterator[Room]:
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(
            SlackStandIn(
                signing_secret=SIGNING,
                bot_token=TOKEN,
                channels={CHANNEL: "deliverability", ADMIN_CHANNEL: "admins"},
                clock=clock,
            )
        )
        office = furnish(slack.base_url)
        desk, settings, session = office.desk, office.settings, office.session

        async def sleep(seconds: float) -> None:
            clock.advance(seconds)

        buttons = {name: button(desk) for name, button in BUTTONS.items()}
        app = make_app(settings, session, store.repeats)
        listen(app, buttons, Commands(desk), Shortcuts(desk), Home(desk))
        slack.dispatcher.url = await _door(stack, Door(app, settings, clock, lambda _: None))
        posting = replace(desk, slack=posting_client(settings, session))
        yield Room(
            store=store,
            clock=clock,
            slack=slack,
            desk=desk,
            poster=Poster(posting, CHANNEL, "test", sleep),
            triage=Triage(store.events, desk.rulebook, desk.operators, desk.catalogue),
            listeners=desk.background,
        )
        await desk.background.settle()
        assert slack.violations == []


async def _door(stack: AsyncExitStack, door: Door) -> str:
    """Serve Slack's door on loopback until the stack ends; return its address."""
    server = web.Application()
    server.add_routes([web.post("/slack/events", door.receive)])
    runner = web.AppRunner(server, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
