"""The Web API: which methods there are, who may call them how often, and how they answer."""

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.sandbox.block_kit.limits import POSTED_TEXT
from bot.sandbox.slack.api_error import ApiError
from bot.sandbox.slack.records import Records
from bot.sandbox.slack.state import APP, BOT, BOT_USER, TEAM, Workspace
from bot.sandbox.slack.web_api.arguments import Arguments, read_arguments
from bot.sandbox.slack.web_api.chat import Chat
from bot.sandbox.slack.web_api.fault_injection import Fault, Faults
from bot.sandbox.slack.web_api.files import Uploads
from bot.sandbox.slack.web_api.lookups import Lookups
from bot.sandbox.slack.web_api.rates import Rates
from bot.sandbox.slack.web_api.views import Modals

Run = Callable[[Arguments], dict[str, Any]]
POST = -1
"""The tier of chat.postMessage: a second a channel."""


@dataclass(frozen=True, slots=True)
class Method:
    """One method: what runs, its tier (0: unlimited), the scope it needs, which token it takes."""

    run: Run
    tier: int
    scope: str = ""
    takes: str = "bot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What the stand-in takes for real, and what the bot token may do."""

    bot: str
    app: str
    scopes: frozenset[str]

    def kind(self, token: str) -> str:
        """Return "bot" or "app"; raises ApiError not_authed or invalid_auth."""
        if not token:
            raise ApiError("not_authed")
        for kind, known in (("bot", self.bot), ("app", self.app)):
            if known and hmac.compare_digest(token.encode(), known.encode()):
                return kind
        raise ApiError("invalid_auth")


class WebApi:
    """Answers /api/{method} as Slack does."""

    def __init__(
        self, workspace: Workspace, tokens: Tokens, rates: Rates, faults: Faults, records: Records
    ) -> None:
        self._workspace = workspace
        self._tokens = tokens
        self._rates = rates
        self._faults = faults
        self._records = records
        self._methods: dict[str, Method] = {}
        self._resolve: Callable[[str], str] = str
        self._ended = asyncio.Event()

    def serve(self, methods: dict[str, Method], resolve: Callable[[str], str] = str) -> None:
        """Take these methods, beside auth.test and api.test.

        `resolve` gives the id of a channel, so that its rate is one, whichever way it is named.
        """
        self._resolve = resolve
        self._methods = {
            "api.test": Method(lambda given: {"args": dict(given.given)}, 4, takes=""),
            "auth.test": Method(self._auth_test, 0),
            **methods,
        }

    def end(self) -> None:
        """Let the calls that hang go."""
        self._ended.set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one call, or fail as a fault asks."""
        name = request.match_info["method"]
        fault = self._faults.take(name)
        if fault is not None and fault.how != "lost":
            self._records.called(name, "", fault.how)
            return await failed(fault, request, self._ended)
        response = await self._call(name, request)
        if fault is not None:
            return cut(request)
        return response

    async def _call(self, name: str, request: web.Request) -> web.Response:
        channel = ""
        try:
            given, token = await read_arguments(request)
            channel = str(given.given.get("channel") or "")
            result = self._run(name, given, token)
        except ApiError as refusal:
            self._records.called(name, channel, refusal.error)
            self._records.violated(name, refusal.error, "; ".join(refusal.messages))
            return self._refused(refusal)
        self._records.called(name, channel, "")
        return web.json_response({"ok": True, **result}, headers=self._headers())

    def _run(self, name: str, given: Arguments, token: str) -> dict[str, Any]:
        method = self._methods.get(name)
        if method is None:
            raise ApiError("unknown_method", extra={"req_method": name})
        if method.takes:
            self._authorize(method, token)
        self._limit(name, method, given)
        result = method.run(given)
        if len(str(given.given.get("text") or "")) > POSTED_TEXT:
            self._records.violated(name, "msg_truncated", f"text over {POSTED_TEXT} characters")
        return result

    def _authorize(self, method: Method, token: str) -> None:
        if self._tokens.kind(token) != method.takes:
            raise ApiError("not_allowed_token_type")
        if method.scope and method.scope not in self._tokens.scopes:
            provided = ",".join(sorted(self._tokens.scopes))
            raise ApiError("missing_scope", extra={"needed": method.scope, "provided": provided})

    def _limit(self, name: str, method: Method, given: Arguments) -> None:
        now = self._workspace.clock()
        if method.tier == POST:
            wait = self._rates.post(self._resolve(given.text("channel")), now)
        else:
            wait = self._rates.call(name, method.tier, now)
        if wait:
            raise ApiError("ratelimited", [f"retry after {wait} s"], {"retry_after": wait})

    def _refused(self, refusal: ApiError) -> web.Response:
        if refusal.error != "ratelimited":
            return web.json_response(refusal.body(), headers=self._headers())
        wait = str(refusal.extra["retry_after"])
        return web.json_response(
            {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": wait}
        )

    def _headers(self) -> dict[str, str]:
        return {"x-oauth-scopes": ",".join(sorted(self._tokens.scopes))}

    def _auth_test(self, _: Arguments) -> dict[str, Any]:
        return {
            "url": "https://bounce-desk.slack.com/",
            "team": "Bounce Desk",
            "user": "bounce_desk",
            "team_id": TEAM,
            "user_id": BOT_USER,
            "bot_id": BOT,
            "app_id": APP,
            "is_enterprise_install": False,
        }


def methods_of(chat: Chat, lookups: Lookups, modals: Modals, uploads: Uploads) -> dict[str, Method]:
    """Return the methods with their tiers and scopes."""
    return {
        "chat.postMessage": Method(chat.post_message, POST, "chat:write"),
        "chat.postEphemeral": Method(chat.post_ephemeral, 4, "chat:write"),
        "chat.update": Method(chat.update, 3, "chat:write"),
        "chat.delete": Method(chat.delete, 3, "chat:write"),
        "chat.getPermalink": Method(chat.get_permalink, 0),
        "reactions.add": Method(chat.add_reaction, 3, "reactions:write"),
        "conversations.history": Method(lookups.history, 3, "channels:history"),
        "conversations.replies": Method(lookups.replies, 3, "channels:history"),
        "conversations.info": Method(lookups.conversation, 3, "channels:read"),
        "conversations.open": Method(lookups.open_conversation, 3, "im:write"),
        "users.info": Method(lookups.user, 4, "users:read"),
        "usergroups.users.list": Method(lookups.usergroup, 2, "usergroups:read"),
        "views.open": Method(modals.open, 4),
        "views.push": Method(modals.push, 4),
        "views.update": Method(modals.update, 4),
        "views.publish": Method(modals.publish, 4),
        "files.getUploadURLExternal": Method(uploads.get_upload_url, 4, "files:write"),
        "files.completeUploadExternal": Method(uploads.complete, 4, "files:write"),
        "files.delete": Method(uploads.delete, 3, "files:write"),
    }


async def failed(fault: Fault, request: web.Request, ended: asyncio.Event) -> web.StreamResponse:
    """Fail in the way that is asked for; `hang` lasts until the stand-in stops."""
    if fault.how == "hang":
        await ended.wait()
        return cut(request)
    if fault.how == "reset":
        return cut(request)
    if fault.how.isdigit() and fault.how != "429":
        page = "<html><body>Server Error</body></html>"
        return web.Response(status=int(fault.how), text=page, content_type="text/html")
    if fault.how in {"429", "429-no-header"}:
        headers = {"Retry-After": str(fault.retry_after)} if fault.how == "429" else {}
        return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
    error = "ratelimited" if fault.how == "200-ratelimited" else fault.how.removeprefix("error:")
    return web.json_response({"ok": False, "error": error})


def cut(request: web.Request) -> web.StreamResponse:
    """Break the connection; whatever is returned does not arrive."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
