"""The bot as a whole, and all that is around it: Slack, providers and their APIs, a mailbox.

Only who the bot talks to is played; the bot is the real one, in this process (`Surroundings.bot`)
or in one of its own (`Surroundings.serve`).
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bot.app import Bot
from bot.sandbox.showing import Outside
from bot.sandbox.stand_in import SlackStandIn
from bot.sandbox.world.keys import API_KEY, CERTIFICATE_URL, MAILGUN_DOMAIN, TOPIC, Keys
from bot.sandbox.world.neighbours import Mailbox, Sender
from bot.sandbox.world.samples import Hook, Providers, Sample
from bot.settings.model import load_settings
from tests.acceptance.between import HOST, Ear, Serving, until

CHANNEL = "C01DELIV"
ADA, LINUS = "U01ADA", "U02LINUS"
ROOT = Path(__file__).parents[2]
APP_TOKEN = "xapp-acceptance"
FULL = "452 4.2.2 The recipient's inbox is out of storage space."
GONE = "550 5.1.1 The email account that you tried to reach does not exist."
BUSY = "421 4.7.0 Try again later, closing connection."

FILE = """\
[slack]
channel = "{channel}"
mode = "{mode}"
base_url = "{slack}"

[server]
port = 0

[alerts]
group_wait = {group_wait}
update_steps = [{steps}]

[resend.webhook]
url = "{address}/sender"
allow_private = true

[tickets]
system = "email"

[tickets.email]
host = "127.0.0.1"
port = {smtp_port}
tls = "none"
from = "bounce-desk@help.example"
to = "server-admin@help.example"

[sources.newsletter]
provider = "ses"
topic_arns = ["{topic}"]
certificates = {{ "{certificate_url}" = "{folder}/sns.pem" }}

[sources.newsletter.api]
region = "eu-west-1"
base_url = "{address}/ses"
allow_private = true

[sources.shop]
provider = "sendgrid"
public_key = "{sendgrid}"

[sources.shop.api]
key = "{api_key}"
inactive = "global"
base_url = "{address}/sendgrid"
allow_private = true

[sources.receipts]
provider = "mailgun"

[sources.receipts.api]
key = "{api_key}"
domain = "{mailgun_domain}"
base_url = "{address}/mailgun"
allow_private = true

[sources.support]
provider = "postmark"
user = "postmark"

[sources.support.api]
token = "{api_key}"
stream = "outbound"
base_url = "{address}/postmark"
allow_private = true

[sources.mailserver]
provider = "dsn"
user = "dsn"

[sources.crm]
provider = "generic"

[sources.crm.fields]
items = "bounces"
event_id = "id"
kind = "type"
recipient = "to"
message_id = "mail"
campaign = "campaign"
text = "answer"
remote_host = "server"
occurred_at = "at"
"""


class Clock:
    """The clock on the wall, which a test may put forward."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def __call__(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        """Put it forward."""
        self._ahead += timedelta(seconds=seconds)


@dataclass(kw_only=True)
class Surroundings:
    """Everything around the bot, which is started last: by `bot` or by `serve`."""

    slack: SlackStandIn
    outside: Outside
    keys: Keys
    clock: Clock
    folder: Path
    database: str
    address: str
    smtp_port: int
    session: aiohttp.ClientSession
    ear: Ear
    url: str = ""

    @asynccontextmanager
    async def bot(self, **changes: Any) -> AsyncIterator[Bot]:
        """Run the bot in this process, as file and environment say."""
        settings = load_settings(self.file(**changes), self.environment())
        async with Bot(settings, self.clock) as bot:
            self._reach(bot.url)
            yield bot

    @asynccontextmanager
    async def serve(self, **changes: Any) -> AsyncIterator[Serving]:
        """Run `bounce serve` until the block ends; it may be ended before."""
        serving = Serving(await self.start("serve", **changes))
        try:
            await serving.ready()
            self._reach(serving.url)
            yield serving
        finally:
            if serving.running:
                await serving.kill()

    async def start(
        self,
        *words: str,
        environment: Mapping[str, str | None] | None = None,
        **changes: Any,
    ) -> asyncio.subprocess.Process:
        """Start a command beside this process; a variable that is None is left out."""
        inherited = {n: v for n, v in os.environ.items() if not n.startswith("BOUNCE_")}
        given = inherited | self.environment() | dict(environment or {})
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot.cli.main", *words, "--config", str(self.file(**changes))),
            env={name: value for name, value in given.items() if value is not None},
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    def file(self, **changes: Any) -> Path:
        """Write the configuration, some of it changed, and return its path."""
        given = {
            "channel": CHANNEL,
            "mode": "http",
            "slack": self.slack.base_url,
            "group_wait": 0,
            "steps": "0.1",
            "address": self.address,
            "smtp_port": self.smtp_port,
            "topic": TOPIC,
            "certificate_url": CERTIFICATE_URL,
            "folder": self.folder,
            "sendgrid": self.keys.sendgrid_public,
            "api_key": API_KEY,
            "mailgun_domain": MAILGUN_DOMAIN,
        }
        (self.folder / "sns.pem").write_bytes(self.keys.sns_certificate)
        path = self.folder / "bounce.toml"
        path.write_text(FILE.format(**(given | changes)))
        return path

    def environment(self) -> dict[str, str]:
        """Return the secrets and the database, one of them in a file of its own."""
        keys, signing = self.keys, self.folder / "signing-secret"
        signing.write_text(f"{keys.slack_signing}\n")
        return {
            "BOUNCE_SLACK__BOT_TOKEN": keys.slack_token,
            "BOUNCE_SLACK__APP_TOKEN": APP_TOKEN,
            "BOUNCE_SLACK__SIGNING_SECRET_FILE": str(signing),
            "BOUNCE_DATABASE__URL": self.database,
            "BOUNCE_RESEND__WEBHOOK__SECRET": keys.resend,
            "BOUNCE_SOURCES__NEWSLETTER__API__ACCESS_KEY_ID": API_KEY,
            "BOUNCE_SOURCES__NEWSLETTER__API__SECRET_ACCESS_KEY": API_KEY,
            "BOUNCE_SOURCES__RECEIPTS__SECRETS": json.dumps([keys.mailgun]),
            "BOUNCE_SOURCES__SUPPORT__PASSWORD": keys.postmark,
            "BOUNCE_SOURCES__MAILSERVER__PASSWORD": keys.dsn,
            "BOUNCE_SOURCES__CRM__SECRETS": json.dumps([keys.crm]),
        }

    def _reach(self, url: str) -> None:
        self.url = self.ear.bot = url
        self.slack.delivery.url = self.ear.url

    # Webhooks

    def hooks(self, *samples: Sample) -> list[Hook]:
        """Return the signed requests that tell of samples."""
        return Providers(self.keys, self.clock).hooks(samples)

    def signed(self, elements: Any) -> Hook:
        """Return a request of SendGrid with any body, its signature good."""
        body = elements if isinstance(elements, bytes) else json.dumps(elements).encode()
        stamp = str(int(self.clock().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-Twilio-Email-Event-Webhook-Signature": self.keys.sign_sendgrid(
                stamp.encode() + body
            ),
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        }
        return Hook("shop", body, headers)

    async def tell(self, *samples: Sample) -> None:
        """Send the webhooks that tell of samples."""
        for hook in self.hooks(*samples):
            assert await self.post(hook) == 200

    async def post(self, hook: Hook) -> int:
        """Send a webhook and return the status of the answer."""
        url = f"{self.url}/hooks/{hook.source}"
        async with self.session.post(url, data=hook.body, headers=dict(hook.headers)) as answer:
            return answer.status

    async def counted(self, source: str, outcome: str) -> int:
        """Return what /metrics says of a source's requests with that outcome."""
        wanted = f'bounce_webhooks_total{{outcome="{outcome}",source="{source}"}} '
        async with self.session.get(f"{self.url}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        return next((int(float(x.removeprefix(wanted))) for x in lines if wanted in x), 0)

    # Slack

    def messages(self) -> list[dict[str, Any]]:
        """Return what the channel shows to everybody."""
        return self.slack.messages(CHANNEL)

    def texts(self) -> list[str]:
        """Return the channel's messages as they are read aloud."""
        return [message["text"] for message in self.messages()]

    async def shown(self, number: int = 1) -> list[dict[str, Any]]:
        """Return the channel's messages once there are so many."""
        return await until(lambda: len(self.messages()) >= number and self.messages())

    async def reads(self, words: str) -> dict[str, Any]:
        """Return the message that says something, once there is one."""
        return await until(
            lambda: next(
                (m for m in self.messages() if words in json.dumps(m, ensure_ascii=False)), None
            )
        )

    def thread(self, ts: str) -> list[str]:
        """Return the texts of the replies to a message."""
        return [reply["text"] for reply in self.slack.replies(CHANNEL, ts)]


@asynccontextmanager
async def surroundings(
    folder: Path, database: str, *, app_token: str = ""
) -> AsyncIterator[Surroundings]:
    """Start everything around the bot."""
    keys, clock = Keys(), Clock()
    async with AsyncExitStack() as stack:
        outside = Outside(Sender(keys.resend), Mailbox())
        ear = Ear()
        address = await stack.enter_async_context(
            _served(
                *outside.vendors.routes(),
                web.post("/sender", outside.sender.receive),
                web.post("/ear", ear.receive),
            )
        )
        ear.url = f"{address}/ear"
        loop = asyncio.get_running_loop()
        smtp = await loop.create_server(outside.mailbox.protocol, HOST, 0)
        stack.callback(smtp.close)
        slack = SlackStandIn(
            signing_secret=keys.slack_signing,
            bot_token=keys.slack_token,
            app_token=app_token,
            channels={CHANNEL: "deliverability"},
            clock=clock,
        )
        yield Surroundings(
            slack=await stack.enter_async_context(slack),
            outside=outside,
            keys=keys,
            clock=clock,
            folder=folder,
            database=database,
            address=address,
            smtp_port=smtp.sockets[0].getsockname()[1],
            session=await stack.enter_async_context(aiohttp.ClientSession()),
            ear=ear,
        )


@asynccontextmanager
async def _served(*routes: web.RouteDef) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    try:
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def bounced(recipient: str, source: str = "shop", **changes: Any) -> Sample:
    """Return a sample: a full mailbox in the campaign "Spring", unless it is said otherwise."""
    given: Mapping[str, Any] = {
        "source": source,
        "recipient": recipient,
        "minutes": 2,
        "campaign": "Spring",
        "subject": "Hello",
        "host": "mx.receiver.example",
        "reply": FULL,
        "status": "4.2.2",
    }
    given = {**given, **changes}
    return Sample(**{"key": f"{given['campaign']} {recipient}", **given})


def people(number: int, **changes: Any) -> Sequence[Sample]:
    """Return bounces of so many people."""
    return [bounced(f"person{n}@receiver.example", **changes) for n in range(number)]
