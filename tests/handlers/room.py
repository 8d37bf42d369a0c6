"""The channel: every listener, poster, job and provider of the bot, moved by hand.

Everybody around it is of the sandbox (Slack, the providers' APIs, the user's sender, a mailbox),
and the configuration is that of the demo.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncAck

from bot.accounts import make_resend, make_sources, make_tickets
from bot.job_runner import JobRunner
from bot.sandbox.slack.events.dispatch import BotAnswer
from bot.sandbox.stand_in import SlackStandIn
from bot.sandbox.surroundings import Surroundings
from bot.sandbox.world.provider_apis import ProviderApis
from bot.settings.faults import check
from bot.settings.model import Settings
from bot.slack.app import make_app
from bot.slack.clients import posting_client
from bot.slack.http_endpoint import HttpEndpoint
from bot.slack.listeners import listen
from bot.store.store import SqlStore
from handlers.actions import BUTTONS, TASKS
from handlers.button import Button
from handlers.desk import Desk
from handlers.entrances.commands import Commands
from handlers.entrances.home import Home
from handlers.entrances.shortcuts import Shortcuts
from handlers.http.outgoing import Outgoing
from handlers.posting import Poster
from handlers.provider import Parsed
from handlers.store import Job
from handlers.task import Task
from handlers.triage import Triage
from resolutions.alert import Alert
from resolutions.bounce import BounceEvent, Kind, Permanence, SmtpReply
from tests.bot.store.samples import request
from tests.conftest import ADMIN_CHANNEL, CHANNEL, HandClock, Office
from tests.handlers.sender import CapriciousSender
from tests.once import KEYS

ADA = "U01ADA"
FULL: dict[str, Any] = {
    "source": "newsletter",
    "provider": "ses",
    "kind": Kind.BOUNCE,
    "permanence": Permanence.TRANSIENT,
    "reply": SmtpReply("452 4.2.2 The recipient's inbox is out of storage space.", "452", "4.2.2"),
    "remote_host": "gmail-smtp-in.l.google.com",
    "campaign": "Spring launch",
}
"""A full mailbox at Google: the bounce of a room, unless its tests say otherwise."""


@dataclass(kw_only=True)
class Room:
    """The channel, and what people and servers do around it."""

    store: SqlStore
    clock: HandClock
    around: Surroundings
    sender: CapriciousSender
    desk: Desk
    buttons: Mapping[str, Button]
    tasks: Mapping[str, Task]
    runner: JobRunner
    poster: Poster
    posting: Desk
    """The desk of the poster, whose client repeats nothing."""
    triage: Triage
    sleep: Callable[[float], Awaitable[None]]
    bounce: Mapping[str, Any]
    """What a bounce is here, unless it is said otherwise."""
    numbers: Any = field(default_factory=count)

    @property
    def slack(self) -> SlackStandIn:
        """The stand-in of Slack."""
        return self.around.slack

    @property
    def apis(self) -> ProviderApis:
        """The providers' APIs, with their suppression lists."""
        return self.around.outside.apis

    # What is heard, and what is done about it

    def event(self, recipient: str, **changes: Any) -> BounceEvent:
        """Return a bounce of a message of its own."""
        number = next(self.numbers)
        given = {
            "event_id": f"event-{number}",
            "message_id": f"<message-{number}@news.example>",
            "provider_message_id": f"message-{number}",
            **self.bounce,
            **changes,
        }
        return BounceEvent(recipient=recipient, occurred_at=self.clock(), **given)

    async def hear(self, *recipients: str, **changes: Any) -> None:
        """Receive bounces and triage them; what is due by then is not posted yet."""
        await self.take([self.event(recipient, **changes) for recipient in recipients])

    async def take(self, events: list[BounceEvent]) -> None:
        """Receive events and triage them."""
        heard = replace(request(events[0].source), received_at=self.clock())
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

    async def post_in(self, channel: str) -> None:
        """Post what is due in another channel."""
        poster = Poster(self.desk, channel, "test", self.sleep)
        while await poster.post():
            pass

    async def work(self) -> None:
        """Perform the jobs that are due, and post what came of them."""
        await self.runner.settle()
        await self.post(after=0)

    # What people do

    async def click(self, user: str, action: str, value: Any = None, ts: str = "") -> BotAnswer:
        """Use a button of the newest alert (or of another message), and wait for all it does."""
        ts = ts or (await self.alert()).ts
        answer = await self.slack.click(user, CHANNEL, ts, action, value)
        await self.settle()
        return answer

    async def press(
        self, user: str, action: str, value: Any = None, channel: str = CHANNEL
    ) -> None:
        """Use an action whose button stands elsewhere, or in a message that is drawn later."""
        alert = await self.alert()
        body: dict[str, Any] = {
            "user": {"id": user},
            "channel": {"id": channel} if channel else None,
            "container": {"message_ts": alert.ts},
            "trigger_id": self.slack.workspace.trigger(user),
            "actions": [{"action_id": action, "value": str(value or alert.id)}],
        }

        async def ack(**_: Any) -> None:
            return None

        await self.buttons[action].clicked(cast("AsyncAck", ack), body, body["actions"][0])
        await self.settle()

    async def submit(self, user: str, **entries: Any) -> BotAnswer:
        """Send the top modal."""
        answer = await self.slack.submit(user, entries)
        await self.settle()
        return answer

    async def ask(self, text: str, user: str = ADA, command: str = "/bounce") -> dict[str, Any]:
        """Type a command and return the answer that this person alone sees."""
        before = len(self.slack.ephemeral(CHANNEL, user))
        answer = await self.slack.command(user, CHANNEL, text, command)
        assert answer.status == 200
        await self.settle()
        answers = self.slack.ephemeral(CHANNEL, user)
        assert len(answers) == before + 1
        return answers[-1]

    async def settle(self) -> None:
        """Wait for what follows the answers to Slack."""
        await self.desk.background.settle()

    def in_hours(self, hours: float) -> int:
        """Return a time from now as a picker gives it."""
        return int((self.clock() + timedelta(hours=hours)).timestamp())

    def with_desk(self, **changes: Any) -> None:
        """Change what the actions work with."""
        if people := changes.get("permissions"):
            changes["permissions"] = replace(self.desk.permissions, by_action=people)
        actions: list[Button | Task] = [*self.buttons.values(), *self.tasks.values()]
        for action in actions:
            action.desk = replace(action.desk, **changes)

    # What is to be seen

    async def alert(self) -> Alert:
        """Return the newest alert."""
        newest = (await self.store.alerts.newest(limit=1))[0]
        alert = await self.store.alerts.get(newest.id)
        assert alert is not None
        return alert

    def messages(self) -> list[dict[str, Any]]:
        """Return what the channel shows."""
        return self.slack.messages(CHANNEL)

    async def message(self) -> dict[str, Any]:
        """Return the newest alert's message."""
        ts = (await self.alert()).ts
        return next(message for message in self.messages() if message["ts"] == ts)

    async def shown(self) -> str:
        """Return what the newest alert's message says."""
        return read(await self.message())

    def replies(self, ts: str) -> list[dict[str, Any]]:
        """Return the replies to a message."""
        return self.slack.replies(CHANNEL, ts)

    async def thread(self) -> list[str]:
        """Return what was said in the newest alert's thread."""
        return [reply["text"] for reply in self.replies((await self.alert()).ts)]

    def told(self, user: str) -> str:
        """Return what this person alone was told last, "" for nothing."""
        answers = self.slack.ephemeral(CHANNEL, user)
        return answers[-1]["text"] if answers else ""

    async def last(self, action: str) -> Job:
        """Return the newest job of an action for the newest alert."""
        job = await self.store.jobs.last(action, (await self.alert()).id)
        assert job is not None
        return job


def read(shown: Any) -> str:
    """Return all that a message, a view or blocks say, a line each: texts, hints and values."""
    if isinstance(shown, Mapping):
        shown = [value for key, value in shown.items() if key not in UNREAD]
    if isinstance(shown, list):
        return "\n".join(filter(None, map(read, shown)))
    return shown if isinstance(shown, str) else ""


UNREAD = {"type", "block_id", "action_id", "callback_id", "style", "ts", "thread_ts"}


def elements(message: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the buttons and menus of a message by their action_id."""
    rows = [block["elements"] for block in message["blocks"] if block["type"] == "actions"]
    return {element["action_id"]: element for row in rows for element in row}


@pytest.fixture
def bounce() -> Mapping[str, Any]:
    """Give what a bounce of the room is; a folder of tests may have another."""
    return FULL


@pytest.fixture
async def room(
    store: SqlStore,
    clock: HandClock,
    outgoing: Outgoing,
    furnish: Callable[..., Office],
    bounce: Mapping[str, Any],
    tmp_path: Path,
) -> AsyncIterator[Room]:
    """Give a channel of three people (ada, linus, grace), of whom grace is an admin."""
    sender = CapriciousSender(KEYS.resend, clock=clock)
    opening = Surroundings.open(
        tmp_path,
        KEYS,
        sender=sender,
        clock=clock,
        channels={CHANNEL: "deliverability", ADMIN_CHANNEL: "admins"},
        usergroups={"S01ADMINS": ["U03GRACE"]},
    )
    async with opening as around, AsyncExitStack() as stack:
        settings = check(Settings, _tables(around), ())
        office = furnish(
            around.slack.base_url,
            sources=make_sources(settings, outgoing, clock),
            tickets=make_tickets(settings, outgoing),
            resend=make_resend(settings),
        )
        desk = office.desk
        buttons = {name: button(desk) for name, button in BUTTONS.items()}
        tasks = {name: task(desk) for name, task in TASKS.items()}
        app = make_app(office.settings, office.session, store.repeats)
        listen(app, buttons, Commands(desk), Shortcuts(desk), Home(desk))
        around.slack.dispatcher.url = await _served(
            stack, HttpEndpoint(app, office.settings, clock, lambda _: None)
        )
        posting = replace(desk, slack=posting_client(office.settings, office.session))

        async def sleep(seconds: float) -> None:
            clock.advance(seconds)

        yield Room(
            store=store,
            clock=clock,
            around=around,
            sender=sender,
            desk=desk,
            buttons=buttons,
            tasks=tasks,
            runner=JobRunner(store, tasks, clock),
            poster=Poster(posting, CHANNEL, "test", sleep),
            posting=posting,
            triage=Triage(store.events, desk.rulebook, desk.operators, desk.catalogue),
            sleep=sleep,
            bounce=bounce,
        )
        await desk.background.settle()
        assert around.slack.violations == []


def _tables(around: Surroundings) -> dict[str, Any]:
    """Return the configuration with two sources more: one without its key, one that only lists."""
    tables = around.configuration()
    sources = tables["sources"]
    sources["letters"] = {key: sources["support"][key] for key in ("provider", "user", "password")}
    sources["notes"] = sources["shop"] | {"api": sources["shop"]["api"] | {"inactive": "store"}}
    return tables


async def _served(stack: AsyncExitStack, endpoint: HttpEndpoint) -> str:
    """Serve Slack's door on loopback until the stack ends; return its address."""
    server = web.Application()
    server.add_routes([web.post("/slack/events", endpoint.receive)])
    runner = web.AppRunner(server, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
