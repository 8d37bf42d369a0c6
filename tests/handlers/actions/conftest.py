"""A channel whose buttons work: Slack, providers, sender and mail server are real, on loopback."""

import base64
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook

from bot.job_runner import JobRunner
from bot.sandbox.slack.events.dispatch import BotAnswer
from bot.sandbox.stand_in import SlackStandIn
from bot.sandbox.world.keys import API_KEY, MAILGUN_DOMAIN
from bot.sandbox.world.provider_apis import ProviderApis
from bot.slack.bolt import Door, make_app
from bot.store.store import SqlStore
from handlers.actions import BUTTONS, TASKS
from handlers.button import Button, ModalButton
from handlers.desk import Desk
from handlers.http.outgoing import Outgoing
from handlers.http.signing import SignedTarget
from handlers.posting import Poster
from handlers.provider import Parsed, Sources, WebhookRequest
from handlers.providers import PROVIDERS
from handlers.store import Job
from handlers.task import Task
from handlers.triage import Triage
from resolutions.alert import Alert
from resolutions.bounce import BounceEvent, Kind, Permanence, SmtpReply
from tests.conftest import ADMIN_CHANNEL, CHANNEL, SIGNING, TOKEN
from tests.once import made_up_keys

SECRET = "whsec_" + base64.b64encode(b"a secret for tests of resends").decode()


@dataclass(slots=True)
class Sender:
    """The user's own sender: answers what a test lays down, and keeps what it was asked."""

    statuses: list[int] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    heard: list[tuple[str, str]] = field(default_factory=list)
    clock: Any = None
    hook: Any = None

    async def receive(self, request: web.Request) -> web.Response:
        """Verify the signature as Standard Webhooks says, then answer."""
        text, name = await request.text(), request.headers["webhook-id"]
        expected = Webhook(SECRET).sign(name, self.clock(), text)
        if request.headers["webhook-signature"] != expected:
            return web.Response(status=401, text="forged")
        self.heard.append((name, text))
        body = await request.json()
        status = self.refused.get(body["recipient"]) or (
            self.statuses.pop(0) if self.statuses else 202
        )
        if status < 300:
            self.asked.append(body)
            self.ids.append(name)
        if self.hook is not None:
            await self.hook()
        return web.Response(status=status, text="said the sender")

    @property
    def recipients(self) -> list[str]:
        """To whom it sent again."""
        return [body["recipient"] for body in self.asked]


@dataclass(kw_only=True)
class Room:
    """The channel, and what people and servers do around it."""

    store: SqlStore
    clock: Any
    slack: SlackStandIn
    apis: ProviderApis
    sender: Sender
    desk: Desk
    buttons: Mapping[str, Button]
    tasks: Mapping[str, Task]
    performer: JobRunner
    poster: Poster
    triage: Triage
    listeners: Any
    sleep: Any
    failures: list[int]
    """What the providers answer to the next changes, instead of doing them."""
    numbers: Any = field(default_factory=count)

    async def hear(self, *recipients: str, source: str = "shop", **changes: Any) -> Alert:
        """Receive bounces, have them posted, and return their alert as it stands."""
        events = [self.event(recipient, source, **changes) for recipient in recipients]
        request = WebhookRequest(
            source=source,
            method="POST",
            path=f"/hooks/{source}",
            headers={},
            query={},
            body=b"{}",
            received_at=self.clock(),
        )
        await self.store.events.record(request, Parsed(events=events))
        await self.triage.triage()
        self.clock.advance(60)
        await self.post()
        return await self.alert()

    def event(self, recipient: str, source: str = "shop", **changes: Any) -> BounceEvent:
        """Return a bounce: a mailbox that does not exist, unless it is said otherwise."""
        number = next(self.numbers)
        event = BounceEvent(
            source=source,
            provider="mailgun",
            event_id=f"event-{number}",
            kind=Kind.BOUNCE,
            permanence=Permanence.PERMANENT,
            recipient=recipient,
            occurred_at=self.clock(),
            reply=SmtpReply(
                "550 5.1.1 The email account that you tried to reach does not exist.",
                "550",
                "5.1.1",
            ),
            remote_host="gmail-smtp-in.l.google.com",
            message_id=f"<message-{number}@shop.example>",
            provider_message_id=f"message-{number}",
            subject="Your receipt",
            campaign="Receipts",
            metadata={"order": str(number)},
        )
        return replace(event, **changes)

    async def alert(self) -> Alert:
        """Return the newest alert."""
        newest = (await self.store.alerts.newest(limit=1))[0]
        alert = await self.store.alerts.get(newest.id)
        assert alert is not None
        return alert

    async def post(self) -> None:
        """Post and update what is due."""
        while await self.poster.post():
            pass

    async def post_in(self, channel: str) -> None:
        """Post what is due in another channel."""
        poster = Poster(self.desk, channel, "test", self.sleep)
        while await poster.post():
            pass

    async def work(self) -> None:
        """Perform the jobs that are due, and post what came of them."""
        await self.performer.settle()
        await self.post()

    async def click(self, user: str, action: str, value: Any = None, ts: str = "") -> BotAnswer:
        """Use a button of the newest alert (or of another message), and wait for all it does."""
        ts = ts or (await self.alert()).ts
        answer = await self.slack.click(user, CHANNEL, ts, action, value)
        await self.listeners.settle()
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

        await self.buttons[action].clicked(ack, body, body["actions"][0])
        await self.listeners.settle()

    async def submit(self, user: str, **entries: Any) -> BotAnswer:
        """Send the top modal."""
        answer = await self.slack.submit(user, entries)
        await self.listeners.settle()
        return answer

    def told(self, user: str) -> str:
        """Return what this person alone was told last, "" for nothing."""
        told = self.slack.ephemeral(CHANNEL, user)
        return told[-1]["text"] if told else ""

    async def thread(self) -> list[str]:
        """Return what was said in the newest alert's thread."""
        ts = (await self.alert()).ts
        return [reply["text"] for reply in self.slack.replies(CHANNEL, ts)]

    async def shown(self) -> str:
        """Return the newest alert's message, written out."""
        ts = (await self.alert()).ts
        return str(next(one for one in self.slack.messages(CHANNEL) if one["ts"] == ts))

    async def last(self, action: str) -> Job:
        """Return the newest job of an action for the newest alert."""
        job = await self.store.jobs.last(action, (await self.alert()).id)
        assert job is not None
        return job

    async def audited(self) -> list[str]:
        """Return the audit log's actions and results, in order."""
        return [f"{row.action}: {row.result}" for row in await self.store.audit.newest()]

    def in_hours(self, hours: float) -> int:
        """Return a time from now as a picker gives it."""
        return int((self.clock() + timedelta(hours=hours)).timestamp())

    def with_desk(self, **changes: Any) -> None:
        """Change what the actions work with."""
        if people := changes.get("permissions"):
            changes["permissions"] = replace(self.desk.permissions, by_action=people)
        for action in (*self.buttons.values(), *self.tasks.values()):
            action.desk = replace(action.desk, **changes)


@pytest.fixture
async def room(
    store: SqlStore,
    clock: Any,
    outgoing: Outgoing,
    furnish: Callable[..., Any],
) -> AsyncIterator[Room]:
    """Give a channel of three people (ada, linus, grace), of whom grace is an admin."""
    async with AsyncExitStack() as stack:
        sender, apis = Sender(clock=clock), ProviderApis()
        failures: list[int] = []

        @web.middleware
        async def failing(request: web.Request, handler: Any) -> Any:
            if failures and request.method == "POST" and request.path.startswith("/mailgun"):
                return web.Response(status=failures.pop(0) or 503)
            return await handler(request)

        neighbours = web.Application(middlewares=[failing])
        neighbours.add_routes([*apis.routes(), web.post("/sender", sender.receive)])
        address = await listening(stack, neighbours)
        slack = await stack.enter_async_context(
            SlackStandIn(
                signing_secret=SIGNING,
                bot_token=TOKEN,
                channels={CHANNEL: "deliverability", ADMIN_CHANNEL: "admins"},
                usergroups={"S01ADMINS": ["U03GRACE"]},
                clock=clock,
            )
        )
        target = SignedTarget(url=f"{address}/sender", secret=SecretStr(SECRET), allow_private=True)
        office = furnish(slack.base_url, sources=sources(address, outgoing, clock), resend=target)
        desk = office.desk
        buttons = {name: button(desk) for name, button in BUTTONS.items()}
        tasks = {name: task(desk) for name, task in TASKS.items()}
        app = make_app(office.settings, office.session, store.repeats)
        for name, button in buttons.items():
            app.action(name)(button.clicked)
            if isinstance(button, ModalButton):
                app.view(name)(button.submitted)
        door = Door(app, office.settings, clock, lambda _: None)
        server = web.Application()
        server.add_routes([web.post("/slack/events", door.receive)])
        slack.dispatcher.url = f"{await listening(stack, server)}/slack/events"

        async def sleep(seconds: float) -> None:
            clock.advance(seconds)

        made = Room(
            store=store,
            clock=clock,
            slack=slack,
            apis=apis,
            sender=sender,
            desk=desk,
            buttons=buttons,
            tasks=tasks,
            performer=JobRunner(store, tasks, clock),
            poster=Poster(desk, CHANNEL, "test", sleep),
            triage=Triage(store.events, desk.rulebook, desk.operators, desk.catalogue),
            listeners=desk.background,
            sleep=sleep,
            failures=failures,
        )
        yield made
        assert slack.violations == []


def sources(address: str, outgoing: Outgoing, clock: Any) -> Sources:
    """Return sources with an API, without its key, and of a provider that has none."""
    sendgrid = {
        "key": API_KEY,
        "inactive": "global",
        "base_url": f"{address}/sendgrid",
        "allow_private": True,
    }
    tables: dict[str, dict[str, Any]] = {
        "shop": {
            "provider": "mailgun",
            "secrets": ["signing-key"],
            "api": {
                "key": API_KEY,
                "domain": MAILGUN_DOMAIN,
                "base_url": f"{address}/mailgun",
                "allow_private": True,
            },
        },
        "letters": {"provider": "postmark", "user": "u", "password": "p"},
        "mails": {"provider": "dsn", "secrets": ["bearer"]},
        "campaigns": {
            "provider": "sendgrid",
            "public_key": made_up_keys().sendgrid_public,
            "api": sendgrid,
        },
        "notes": {
            "provider": "sendgrid",
            "public_key": made_up_keys().sendgrid_public,
            "api": sendgrid | {"inactive": "store"},
        },
    }
    made = Sources()
    for name, table in tables.items():
        provider = PROVIDERS[table["provider"]]
        made[name] = provider(name, provider.Settings.model_validate(table), outgoing, clock)
    return made


async def listening(stack: AsyncExitStack, app: web.Application) -> str:
    """Serve an application on loopback until the stack ends; return its address."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"
