"""The stand-in as a whole: start it, point the bot at `base_url`, and act as people do."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from aiohttp import web

from bot.sandbox.page.routes import HOST, Page
from bot.sandbox.page.snapshot import Snapshot
from bot.sandbox.page.wishes import Wishes
from bot.sandbox.slack.api_error import ApiError
from bot.sandbox.slack.events.dispatch import BotAnswer, Dispatcher
from bot.sandbox.slack.events.gestures import Gestures
from bot.sandbox.slack.events.response_urls import ResponseUrls
from bot.sandbox.slack.events.socket_mode import SocketMode
from bot.sandbox.slack.events.submissions import Submissions
from bot.sandbox.slack.records import ApiCall, Records, Violation
from bot.sandbox.slack.state import PEOPLE, SlackMessage, User, View, Workspace
from bot.sandbox.slack.web_api.arguments import read_arguments, read_upload
from bot.sandbox.slack.web_api.chat import Chat, message_body
from bot.sandbox.slack.web_api.fault_injection import Fault, Faults
from bot.sandbox.slack.web_api.files import Uploads
from bot.sandbox.slack.web_api.lookups import Lookups
from bot.sandbox.slack.web_api.methods import Method, Tokens, WebApi, cut, failed, methods_of
from bot.sandbox.slack.web_api.rates import Rates
from bot.sandbox.slack.web_api.views import Modals, view_body

SCOPES = frozenset(
    {
        "channels:history",
        "channels:read",
        "chat:write",
        "chat:write.public",
        "commands",
        "files:write",
        "im:write",
        "reactions:write",
        "usergroups:read",
        "users:read",
    }
)
BODY_LIMIT = 64 * 1024 * 1024
DUE_SECONDS = 1.0

log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


@dataclass(kw_only=True, eq=False)
class SlackStandIn:
    """A Slack of one workspace, in memory, that keeps Slack's rules and says who breaks them.

    With `events_url` it sends everything there, signed; without, through Socket Mode. `burst` is
    how many posts a channel takes at once: 1 is strict. `manifest` is the app's, as a dictionary:
    its bot scopes replace `scopes`, its commands and shortcuts appear on the page. `outside` gives
    what the page's side panel shows: {"tabs": [{"title", "empty", "items": [{"title", "subtitle",
    "body", "at"}]}]}.
    """

    signing_secret: str
    bot_token: str
    app_token: str = ""
    events_url: str = ""
    channels: Mapping[str, str] = field(default_factory=lambda: {"C01DELIV": "deliverability"})
    usergroups: Mapping[str, list[str]] = field(default_factory=dict)
    people: tuple[User, ...] = PEOPLE
    clock: Callable[[], datetime] = utc_now
    outside: Callable[[], Awaitable[dict[str, Any]]] | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)
    scopes: frozenset[str] = SCOPES
    burst: int = 1

    def __post_init__(self) -> None:
        self.rates = Rates(self.burst)
        self.faults = Faults()
        self.records = Records(self.clock)
        self.workspace = Workspace(self.clock, self.channels, self.usergroups, self.people)
        self.socket_mode = SocketMode()
        self.response_urls = ResponseUrls(self.workspace, self.records)
        self.dispatcher = Dispatcher(
            self.signing_secret, self.socket_mode, self.clock, self.records
        )
        self.dispatcher.url = self.events_url
        self.modals = Modals(self.workspace)
        submissions = Submissions(self.workspace, self.dispatcher, self.modals, self.records)
        self.gestures = Gestures(
            self.workspace, self.dispatcher, self.response_urls, submissions, self.records
        )
        self._origin = ""
        self._runner: web.AppRunner | None = None
        self._due: asyncio.Task[None] | None = None

    # What it is, and what was seen.

    @property
    def base_url(self) -> str:
        """The address of the Web API, with the slash that slack_sdk needs."""
        return f"{self._origin}/api/"

    @property
    def page_url(self) -> str:
        """The address of the page."""
        return f"{self._origin}/"

    @property
    def violations(self) -> list[Violation]:
        """The limits that were broken so far."""
        return self.records.violations

    @property
    def calls(self) -> Counter[str]:
        """How often each method was called, failures included."""
        return self.records.calls

    @property
    def call_log(self) -> list[ApiCall]:
        """Every call in order, with its time."""
        return self.records.log

    def messages(self, channel: str, user: str = "") -> list[dict[str, Any]]:
        """Return a channel's messages, oldest first, without replies; ephemeral ones of `user`.

        They are as conversations.history gives them, with metadata; ephemeral ones carry
        `is_ephemeral`.
        """
        return [
            self._body(message)
            for message in self.workspace.shown(channel)
            if message.only_for in {"", user} and (not message.is_reply or message.broadcast)
        ]

    def replies(self, channel: str, ts: str, user: str = "") -> list[dict[str, Any]]:
        """Return the replies in the thread of a message, oldest first."""
        return [
            self._body(message)
            for message in self.workspace.shown(channel)
            if message.is_reply and message.thread_ts == ts and message.only_for in {"", user}
        ]

    def ephemeral(self, channel: str, user: str) -> list[dict[str, Any]]:
        """Return what only this person sees in a channel."""
        shown = self.workspace.shown(channel)
        return [self._body(message) for message in shown if message.only_for == user]

    def views(self, user: str) -> list[dict[str, Any]]:
        """Return a person's open modals, the top one last, with `errors` by block."""
        return [_view(view) for view in self.workspace.stacks[user]]

    def home(self, user: str) -> dict[str, Any] | None:
        """Return a person's Home tab, None where nothing was published."""
        view = self.workspace.homes.get(user)
        return _view(view) if view else None

    def file(self, name: str) -> bytes:
        """Return the bytes of a file by its id; raises LookupError where there is none."""
        content = self.workspace.files[name].content
        if content is None:
            raise LookupError(f"{name} was not uploaded")
        return content

    # Start and stop.

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> Self:
        """Listen; port 0 takes a free one."""
        app = web.Application(client_max_size=BODY_LIMIT)
        app[HOST] = host
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        api, page = self._routes(app)
        await runner.setup()
        site = web.TCPSite(runner, host, port)
        await site.start()
        self._origin = f"http://{host}:{runner.addresses[0][1]}"
        self.socket_mode.origin = self.response_urls.origin = self._origin
        self._chat = Chat(self.workspace, self._tokens.scopes, self.page_url)
        api.serve(self._methods(), self._chat.resolve)
        await self.dispatcher.open()
        self._runner = runner
        self._ends = (api.end, page.close)
        self._due = asyncio.create_task(self._send_due())
        return self

    async def stop(self) -> None:
        """Close every connection and stop listening; what was seen can still be asked for."""
        if self._runner is None:
            return
        if self._due is not None:
            self._due.cancel()
            await asyncio.gather(self._due, return_exceptions=True)
        for end in self._ends:
            end()
        await self.socket_mode.close()
        await self.dispatcher.close()
        await self._runner.cleanup()
        self._runner = None

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # What people do.

    async def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        value: Any = None,
        *,
        block_id: str | None = None,
    ) -> BotAnswer:
        """Use an element of a message: a button, or a menu or picker with the value chosen.

        Of several buttons with one action_id, `value` or `block_id` says which.
        """
        return await self.gestures.click(user, (channel, ts), action_id, value, block_id)

    choose = click

    async def click_modal(
        self, user: str, action_id: str, value: Any = None, block_id: str | None = None
    ) -> BotAnswer:
        """Use an element of the top modal that tells the bot at once."""
        view = self.workspace.stacks[user][-1]
        return await self.gestures.click_view(view, action_id, value, block_id)

    async def click_home(
        self, user: str, action_id: str, value: Any = None, block_id: str | None = None
    ) -> BotAnswer:
        """Use an element of App Home."""
        view = self.workspace.homes[user]
        return await self.gestures.click_view(view, action_id, value, block_id)

    async def command(
        self, user: str, channel: str, text: str, command: str = "/bounce"
    ) -> BotAnswer:
        """Type a slash command."""
        return await self.gestures.command(user, channel, text, command)

    async def submit(self, user: str, state: Mapping[str, Any] | None = None) -> BotAnswer:
        """Fill the top modal, by block_id or action_id, and send it.

        Options are given by their value, several as a list; a date and time as unix seconds.
        """
        return await self.gestures.submit(user, dict(state or {}))

    async def close_view(self, user: str, *, all_views: bool = False) -> BotAnswer:
        """Close the top modal, or all."""
        return await self.gestures.close_view(user, all_views=all_views)

    async def shortcut(
        self, user: str, callback_id: str, channel: str = "", message_ts: str = ""
    ) -> BotAnswer:
        """Choose a global shortcut, or that of a message."""
        place = (channel, message_ts) if message_ts else None
        return await self.gestures.shortcut(user, callback_id, place)

    async def open_home(self, user: str) -> BotAnswer:
        """Open App Home: the event app_home_opened."""
        return await self.gestures.open_home(user)

    async def event(self, event: dict[str, Any]) -> BotAnswer:
        """Send an event; it is sent again when it fails, by `send_due` or by itself."""
        return await self.gestures.event(event)

    def say(self, user: str, channel: str, text: str, thread_ts: str = "") -> str:
        """Write a plain message as a person; returns its ts."""
        return self.gestures.say(user, channel, text, thread_ts).ts

    async def send_due(self) -> int:
        """Send again the events that are due by the clock; return how many."""
        return await self.dispatcher.send_due()

    def fail(self, method: str, how: str, times: int = 1, retry_after: int = 1) -> None:
        """Let the next calls of a method fail ("*": of any; also "upload" and "response_url").

        Ways: 500, 502, 503, 504, hang, reset, lost (done, but the answer is lost), 429,
        429-no-header, 200-ratelimited, error:NAME. Faults are no violations.
        """
        self.faults.add(Fault(method, how, times, retry_after))

    # Inside.

    def _routes(self, app: web.Application) -> tuple[WebApi, Page]:
        self._tokens = Tokens(
            bot=self.bot_token, app=self.app_token, scopes=_scopes(self.manifest, self.scopes)
        )
        api = WebApi(self.workspace, self._tokens, self.rates, self.faults, self.records)
        snapshot = Snapshot(self.workspace, dict(self.manifest), outside=self.outside is not None)
        wishes = Wishes(self.workspace, self.gestures, _commands(self.manifest))
        page = Page(self.workspace, snapshot, wishes, self.outside)
        app.router.add_route("GET", "/api/{method}", api.answer)
        app.router.add_route("POST", "/api/{method}", api.answer)
        app.router.add_get("/link/", self.socket_mode.connect)
        app.router.add_post("/response/{token}", self._respond)
        app.router.add_post("/upload/v1/{token}", self._upload)
        page.add_routes(app.router)
        return api, page

    def _methods(self) -> dict[str, Method]:
        chat = self._chat
        self.uploads = Uploads(self.workspace, chat, self._origin)
        methods = methods_of(chat, Lookups(self.workspace), self.modals, self.uploads)
        methods["apps.connections.open"] = Method(self.socket_mode.open, 3, takes="app")
        return methods

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        return await self._met("response_url", request, self._answered)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        return await self._met("upload", request, self._uploaded)

    async def _met(
        self,
        name: str,
        request: web.Request,
        do: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        fault = self.faults.take(name)
        if fault is not None and fault.how != "lost":
            return await failed(fault, request, asyncio.Event())
        response = await do(request)
        return cut(request) if fault is not None else response

    async def _answered(self, request: web.Request) -> web.StreamResponse:
        try:
            given, _ = await read_arguments(request)
            self.response_urls.receive(request.match_info["token"], given)
        except ApiError as refusal:
            status = 404 if refusal.error.endswith("_url") else 400
            return web.json_response(refusal.body(), status=status)
        return web.Response(text="ok")

    async def _uploaded(self, request: web.Request) -> web.StreamResponse:
        content = await read_upload(request)
        if not self.uploads.receive(request.match_info["token"], content):
            return web.Response(status=400, text="not what was announced")
        return web.Response(text=f"OK - {len(content)}")

    async def _send_due(self) -> None:
        while True:
            await asyncio.sleep(DUE_SECONDS)
            try:
                await self.dispatcher.send_due()
            except Exception:
                log.exception("events could not be sent again")

    def _body(self, message: SlackMessage) -> dict[str, Any]:
        body = message_body(self.workspace, message, metadata=True)
        return body | {"is_ephemeral": True} if message.only_for else body


def _view(view: View) -> dict[str, Any]:
    return {**view_body(view), "errors": dict(view.errors)}


def _commands(manifest: Mapping[str, Any]) -> frozenset[str]:
    listed = (manifest.get("features") or {}).get("slash_commands") or []
    return frozenset(str(entry.get("command")) for entry in listed)


def _scopes(manifest: Mapping[str, Any], otherwise: frozenset[str]) -> frozenset[str]:
    listed = ((manifest.get("oauth_config") or {}).get("scopes") or {}).get("bot")
    return frozenset(listed) if listed else otherwise
