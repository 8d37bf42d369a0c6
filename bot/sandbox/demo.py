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
from aiohttp import web

from bot.app import Bot
from bot.sandbox.showing import Outside, Report, report
from bot.sandbox.stand_in import SlackStandIn
from bot.sandbox.world.keys import API_KEY, CERTIFICATE_URL, MAILGUN_DOMAIN, TOPIC, Keys
from bot.sandbox.world.neighbours import Mailbox, Sender
from bot.sandbox.world.samples import OUR_DOMAIN, Hook, Providers, Sample, load_samples
from bot.settings.model import Settings, check
from bot.settings.source import SettingsError
from bot.slack.manifest import load_manifest

CHANNEL = "C01DELIV"
HOST = "127.0.0.1"
GROUP_WAIT = 1.0
LATER_SECONDS = 20.0
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.1
AWAITED = ("events", "posts", "notes", "jobs", "running")


class DemoError(Exception):
    """The demo did not do what it is there to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Where the page is served (port 0: any free one), and the database; empty: a new file."""

    port: int = 3100
    database: str = ""


class Demo:
    """A running demo; made by `open`."""

    def __init__(
        self, slack: SlackStandIn, bot: Bot, outside: Outside, providers: Providers, started: float
    ) -> None:
        self.slack = slack
        self.bot = bot
        self.outside = outside
        self._providers = providers
        self._started = started
        self._events = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, options: Options) -> AsyncIterator[Self]:
        """Start everything, and stop it at the end.

        Raises SettingsError where the port is taken or the database does not open.
        """
        started = time.monotonic()
        keys = Keys()
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bounce-demo-")))
            outside = Outside(Sender(keys.resend), Mailbox())
            address, smtp_port = await stack.enter_async_context(_neighbours(outside))
            slack = await stack.enter_async_context(_slack(keys, outside, options.port))
            tables = _tables(keys, slack, address, smtp_port, folder)
            tables["database"] = {"url": options.database or f"sqlite:///{folder}/demo.db"}
            bot = await stack.enter_async_context(Bot(check(Settings, tables, ())))
            slack.delivery.url = f"{bot.url}/slack/events"
            yield cls(slack, bot, outside, Providers(keys, utc_now), started)

    async def tell(self, samples: Sequence[Sample]) -> None:
        """Send the webhooks that tell of samples."""
        async with aiohttp.ClientSession() as session:
            for hook in self._providers.hooks(samples):
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


async def run_once(options: Options) -> Report:
    """Replay the samples, wait until everything is posted, and return what there is to see."""
    async with Demo.open(options) as demo:
        await demo.tell(samples(later=False))
        await demo.settled()
        return await demo.report()


async def run(options: Options, opened: Callable[[str], None], stop: asyncio.Event) -> None:
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
async def _neighbours(outside: Outside) -> AsyncIterator[tuple[str, int]]:
    """Serve the providers' APIs, the sender and the mailbox; give address and SMTP port."""
    app = web.Application()
    app.add_routes([*outside.vendors.routes(), web.post("/sender", outside.sender.receive)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    smtp = await asyncio.get_running_loop().create_server(outside.mailbox.protocol, HOST, 0)
    try:
        yield f"http://{HOST}:{runner.addresses[0][1]}", smtp.sockets[0].getsockname()[1]
    finally:
        smtp.close()
        await runner.cleanup()


@asynccontextmanager
async def _slack(keys: Keys, outside: Outside, port: int) -> AsyncIterator[SlackStandIn]:
    slack = SlackStandIn(
        signing_secret=keys.slack_signing,
        bot_token=keys.slack_token,
        channels={CHANNEL: "deliverability"},
        outside=outside.shown,
        manifest=load_manifest(),
    )
    try:
        await slack.start(HOST, port)
    except OSError as error:
        raise SettingsError(
            f"--port: cannot listen on {port} ({error.strerror}); choose another, or 0 for any"
        ) from error
    try:
        yield slack
    finally:
        await slack.stop()


def _tables(
    keys: Keys, slack: SlackStandIn, address: str, smtp_port: int, folder: Path
) -> dict[str, Any]:
    """Return the configuration of the demo, as a bounce.toml would say it."""
    certificate = folder / "sns.pem"
    certificate.write_bytes(keys.sns_certificate)
    api = {"key": API_KEY, "allow_private": True}
    return {
        "slack": {
            "channel": CHANNEL,
            "base_url": slack.base_url,
            "bot_token": keys.slack_token,
            "signing_secret": keys.slack_signing,
        },
        "server": {"host": HOST, "port": 0},
        "alerts": {"group_wait": GROUP_WAIT, "update_steps": [5, 15, 60]},
        "resend": {
            "webhook": {"url": f"{address}/sender", "secret": keys.resend, "allow_private": True}
        },
        "tickets": {
            "system": "email",
            "email": {
                "host": HOST,
                "port": smtp_port,
                "tls": "none",
                "from": f"bounce-desk@{OUR_DOMAIN}",
                "to": f"server-admin@{OUR_DOMAIN}",
            },
        },
        "sources": {
            "newsletter": {
                "provider": "ses",
                "topic_arns": [TOPIC],
                "certificates": {CERTIFICATE_URL: str(certificate)},
                "api": {
                    "region": "eu-west-1",
                    "access_key_id": API_KEY,
                    "secret_access_key": API_KEY,
                    "base_url": f"{address}/ses",
                    "allow_private": True,
                },
            },
            "shop": {
                "provider": "sendgrid",
                "public_key": keys.sendgrid_public,
                "api": {**api, "inactive": "global", "base_url": f"{address}/sendgrid"},
            },
            "receipts": {
                "provider": "mailgun",
                "secrets": [keys.mailgun],
                "api": {**api, "domain": MAILGUN_DOMAIN, "base_url": f"{address}/mailgun"},
            },
            "support": {
                "provider": "postmark",
                "user": "postmark",
                "password": keys.postmark,
                "api": {
                    "token": API_KEY,
                    "stream": "outbound",
                    "base_url": f"{address}/postmark",
                    "allow_private": True,
                },
            },
            "mailserver": {"provider": "dsn", "user": "dsn", "password": keys.dsn},
            "crm": {
                "provider": "generic",
                "secrets": [keys.crm],
                "fields": {
                    "items": "bounces",
                    "event_id": "id",
                    "kind": "type",
                    "recipient": "to",
                    "message_id": "mail",
                    "subject": "subject",
                    "campaign": "campaign",
                    "text": "answer",
                    "remote_host": "server",
                    "occurred_at": "at",
                },
            },
        },
    }
