"""The one place where the objects meet: from settings to a running bot."""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, Self

import aiohttp
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from bot.accounts import make_resend, make_sources, make_tickets
from bot.foundation import Knowledge, open_store, utc_now
from bot.job_runner import JobRunner
from bot.metrics import Metrics
from bot.server import make_server
from bot.settings.model import Settings
from bot.settings.source import SettingsError
from bot.slack.app import make_app
from bot.slack.clients import answering_client, open_session, posting_client, whoami
from bot.slack.http_endpoint import HttpEndpoint
from bot.slack.listeners import listen
from bot.slack.socket_mode import SocketModeLink
from bot.store.store import SqlStore
from bot.worker import Worker
from handlers.actions import BUTTONS, LABELS, TASKS
from handlers.desk import Desk
from handlers.entrances.commands import Commands
from handlers.entrances.home import Home
from handlers.entrances.shortcuts import Shortcuts
from handlers.http.outgoing import Outgoing
from handlers.permission import Permissions
from handlers.posting import Poster
from handlers.provider import Clock
from handlers.slack.shown import Shown
from handlers.triage import Triage
from handlers.webhooks import STORED, WebhookOutcome, Webhooks

BACKLOG = 1_024
REQUEST_SECONDS = 1.5
"""How long a request under way may hold up the end; stored or not, its sender repeats it."""

log = logging.getLogger(__name__)


class Bot:
    """A whole Bounce Desk in one process: `start` opens everything, `stop` closes it in order."""

    def __init__(self, settings: Settings, clock: Clock = utc_now) -> None:
        self.settings = settings
        self.clock = clock
        self.metrics = Metrics()
        self.url = ""
        self._stack = AsyncExitStack()
        self.store: SqlStore
        self.worker: Worker
        self.desk: Desk

    async def start(self) -> Self:
        """Open the database (migrating it), assemble the parts, and listen.

        Raises SettingsError where a setting does not hold: a port in use, a database that is not
        there. What was opened until then is closed again.
        """
        try:
            await self._assemble()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def stop(self) -> None:
        """Stop listening, let what runs end or leave it to its lease, close the database."""
        await self._stack.aclose()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _assemble(self) -> None:
        settings, enter = self.settings, self._stack.enter_async_context
        knowledge = Knowledge.load(settings)
        self.store = await enter(open_store(settings, self.clock, knowledge.operators))
        inside = await enter(open_session())
        outside = await enter(Outgoing.open())
        self.desk = self._desk(knowledge, inside, outside)
        buttons = {name: button(self.desk) for name, button in BUTTONS.items()}
        app = make_app(settings.slack, inside, self.store.repeats)
        home = Home(self.desk)
        listen(app, buttons, Commands(self.desk), Shortcuts(self.desk), home)
        self.worker = self._worker(inside)
        await self._keep(self.worker.run(), "worker")
        await self._open_slack(app, inside)
        self._stack.push_async_callback(self.desk.background.stop)
        await self._listen(app)

    def _desk(self, knowledge: Knowledge, inside: aiohttp.ClientSession, outside: Outgoing) -> Desk:
        settings = self.settings
        slack = answering_client(settings.slack, inside)
        return Desk(
            store=self.store,
            sources=make_sources(settings, outside, self.clock),
            tickets=make_tickets(settings, outside),
            catalogue=knowledge.catalogue,
            rulebook=knowledge.rulebook,
            operators=knowledge.operators,
            slack=slack,
            outgoing=outside,
            clock=self.clock,
            permissions=Permissions(slack=slack, clock=self.clock, by_action=settings.permissions),
            labels=replace(LABELS, operators=knowledge.operators.ids),
            resend=make_resend(settings),
            shown=Shown(masked=settings.alerts.show_addresses == "masked"),
        )

    def _worker(self, session: aiohttp.ClientSession) -> Worker:
        holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        posting = replace(self.desk, slack=posting_client(self.settings.slack, session))
        posters = [Poster(posting, name, holder) for name in dict.fromkeys(self.settings.channels)]
        desk = self.desk
        triage = Triage(self.store.events, desk.rulebook, desk.operators, desk.catalogue)
        tasks = {name: task(desk) for name, task in TASKS.items()}
        runner = JobRunner(self.store, tasks, self.clock)
        return Worker(self.store, triage, posters, runner)

    async def _open_slack(self, app: AsyncApp, session: aiohttp.ClientSession) -> None:
        """Ask Slack who we are, in the background: a slow Slack must not delay the start."""
        await self._keep(self._introduce(), "auth.test")
        if self.settings.slack.mode == "socket":
            await self._keep(SocketModeLink(app, self.settings.slack, session).run(), "Socket Mode")

    async def _introduce(self) -> None:
        try:
            answer = await whoami(self.desk.slack)
        except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("Slack does not know us: run bounce doctor", extra={"why": str(error)})
        else:
            log.info("known to Slack", extra={"user": answer.get("user")})
            await self.desk.permissions.renew(*self.settings.permissions)

    async def _listen(self, app: AsyncApp) -> None:
        settings = self.settings
        webhooks = Webhooks(
            self.desk.sources,
            self.store.events,
            self.clock,
            self._heard,
            settings.server.body_limit,
        )
        endpoint = HttpEndpoint(app, settings.slack, self.clock, self.metrics.slack_request)
        server = make_server(
            webhooks,
            self.metrics.timed(endpoint.receive) if settings.slack.mode == "http" else None,
            self._wrong,
            self.metrics.registry,
        )
        runner = web.AppRunner(server, access_log=None, shutdown_timeout=REQUEST_SECONDS)
        self._stack.push_async_callback(runner.cleanup)
        await runner.setup()
        site = web.TCPSite(runner, settings.server.host, settings.server.port, backlog=BACKLOG)
        try:
            await site.start()
        except OSError as error:
            raise SettingsError(
                f"server.port: cannot listen on {settings.server.host}:{settings.server.port}"
                f" ({error.strerror}); choose another port"
            ) from error
        port = runner.addresses[0][1]
        self.url = f"http://{settings.server.host}:{port}"

    def _heard(self, source: str, outcome: WebhookOutcome) -> None:
        """Count the answer to a webhook, and wake triage where something was stored."""
        self.metrics.webhook(source, outcome)
        if outcome in STORED:
            self.worker.wake.set()

    async def _wrong(self) -> list[str]:
        """Return what keeps this process from doing its work, for /readyz."""
        try:
            await self.store.health.sources()
        except Exception as error:
            log.exception("the database does not answer")
            return [f"the database does not answer: {type(error).__name__}"]
        return []

    async def _keep(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run something in the background until the bot stops."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(_report)

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._stack.push_async_callback(end)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("stopped working", exc_info=error, extra={"part": task.get_name()})
