"""The bot as a whole, and all that is around it: Slack, providers and their APIs, a mailbox.

Only who the bot talks to is played; the bot is the real one, in this process (`Whole.bot`)
or in one of its own (`Whole.serve`).
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bot.app import Bot
from bot.sandbox.stand_in import SlackStandIn
from bot.sandbox.surroundings import Surroundings
from bot.sandbox.world.configuration import CHANNEL
from bot.sandbox.world.outside import Outside
from bot.sandbox.world.samples import Hook, Sample, SampleHooks
from bot.settings.model import load_settings
from tests.acceptance.between import HOST, Ear, Serving, until
from tests.once import KEYS

ADA, LINUS = "U01ADA", "U02LINUS"
ROOT = Path(__file__).parents[2]
APP_TOKEN = "xapp-acceptance"
FULL = "452 4.2.2 The recipient's inbox is out of storage space."
GONE = "550 5.1.1 The email account that you tried to reach does not exist."
BUSY = "421 4.7.0 Try again later, closing connection."

SECRETS = (
    "slack.bot_token",
    "resend.webhook.secret",
    "sources.newsletter.api.access_key_id",
    "sources.newsletter.api.secret_access_key",
    "sources.receipts.secrets",
    "sources.support.password",
    "sources.mailserver.password",
    "sources.crm.secrets",
)
"""What is given by the environment rather than by the file."""


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
class Whole:
    """The bot and everything around it; the bot is started last: by `bot` or by `serve`."""

    around: Surroundings
    clock: Clock
    database: str
    session: aiohttp.ClientSession
    ear: Ear
    url: str = ""

    @property
    def slack(self) -> SlackStandIn:
        """The stand-in of Slack."""
        return self.around.slack

    @property
    def outside(self) -> Outside:
        """The providers' APIs, the user's sender and the mailbox."""
        return self.around.outside

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

    def file(
        self, *, mode: str = "http", slack: str = "", group_wait: float = 0, steps: str = "0.1"
    ) -> Path:
        """Write the configuration without its secrets, and return its path."""
        tables = self.around.configuration()
        for key in (*SECRETS, "slack.signing_secret"):
            _taken(tables, key)
        tables["slack"] |= {"mode": mode, "base_url": slack or self.slack.base_url}
        tables["alerts"] = {"group_wait": group_wait, "update_steps": json.loads(f"[{steps}]")}
        path = self.around.folder / "bounce.toml"
        path.write_text(toml(tables))
        return path

    def environment(self) -> dict[str, str]:
        """Return the secrets and the database, one of them in a file of its own."""
        tables = self.around.configuration()
        signing = self.around.folder / "signing-secret"
        signing.write_text(f"{_taken(tables, 'slack.signing_secret')}\n")
        secrets = {_variable(key): _taken(tables, key) for key in SECRETS}
        return {
            **{name: v if isinstance(v, str) else json.dumps(v) for name, v in secrets.items()},
            "BOUNCE_SLACK__SIGNING_SECRET_FILE": str(signing),
            "BOUNCE_SLACK__APP_TOKEN": APP_TOKEN,
            "BOUNCE_DATABASE__URL": self.database,
        }

    def _reach(self, url: str) -> None:
        self.url = self.ear.bot = url
        self.slack.dispatcher.url = self.ear.url

    # Webhooks

    def hooks(self, *samples: Sample) -> list[Hook]:
        """Return the signed requests that tell of samples."""
        return SampleHooks(self.around.keys, self.clock).of(samples)

    def signed(self, elements: Any) -> Hook:
        """Return a request of SendGrid with any body, its signature good."""
        body = elements if isinstance(elements, bytes) else json.dumps(elements).encode()
        return SampleHooks(self.around.keys, self.clock).sendgrid(body)

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
async def whole(folder: Path, database: str, *, app_token: str = "") -> AsyncIterator[Whole]:
    """Start everything around the bot."""
    clock, ear = Clock(), Ear()
    opening = Surroundings.open(folder, KEYS, app_token=app_token, clock=clock)
    async with (
        opening as around,
        _served(web.post("/ear", ear.receive)) as address,
        aiohttp.ClientSession() as session,
    ):
        ear.url = f"{address}/ear"
        yield Whole(around=around, clock=clock, database=database, session=session, ear=ear)


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


def toml(table: Mapping[str, Any], *path: str) -> str:
    """Return a table as TOML, which writes strings, numbers and lists as JSON does."""
    inside = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    lines = [f"{json.dumps(k)} = {json.dumps(v)}" for k, v in table.items() if k not in inside]
    head = [f"[{'.'.join(map(json.dumps, path))}]"] if path else []
    return "\n".join([*head, *lines, *(toml(value, *path, key) for key, value in inside.items())])


def _variable(key: str) -> str:
    return "BOUNCE_" + key.upper().replace(".", "__")


def _taken(tables: dict[str, Any], key: str) -> Any:
    """Take a value out of nested tables by its dotted key, and return it."""
    *path, name = key.split(".")
    for table in path:
        tables = tables[table]
    return tables.pop(name)


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
