"""Slack: the Web API clients, the application of listeners, and its two doors (HTTP, Socket Mode).

A request is verified on its raw bytes before Bolt parses it: Bolt answers 500 to broken JSON, to a
timestamp that is no number and to a signature that is not ASCII.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
from aiohttp import web
from slack_bolt import BoltResponse
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings.model import SlackSettings
from handlers.errors import MalformedError
from handlers.provider import Clock, parse_json
from handlers.store import Repeats
from handlers.webhooks import TooLargeError, read_body

BODY_LIMIT = 1024 * 1024
CALL_SECONDS = 10
REPEAT_WINDOW = timedelta(minutes=10)
"""A signature is good for five minutes before and after its time stamp."""

REPEAT_SECONDS = 0.5
"""How long an answer, due in 3 s, may wait to learn whether its request is a repeat."""

SIGNATURE_SECONDS = 300
SIGNATURE = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)
STAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
RECONNECT_SECONDS = 5.0

log = logging.getLogger(__name__)


def open_session() -> aiohttp.ClientSession:
    """Return the session for the clients; a client with a session ignores its own time-out."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_SECONDS))


def posting_client(settings: SlackSettings, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Return the client for posts: it never repeats a call by itself, for that posts twice."""
    return AsyncWebClient(
        token=settings.bot_token.get_secret_value(),
        base_url=settings.base_url,
        session=session,
        timeout=CALL_SECONDS,
        retry_handlers=[],
    )


def answering_client(settings: SlackSettings, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Return the client for answers to people, which may be repeated without harm."""
    return _answering(settings, session, settings.bot_token.get_secret_value())


def _answering(
    settings: SlackSettings, session: aiohttp.ClientSession, token: str | None = None
) -> AsyncWebClient:
    return AsyncWebClient(
        token=token,
        base_url=settings.base_url,
        session=session,
        timeout=CALL_SECONDS,
        retry_handlers=[
            AsyncConnectionErrorRetryHandler(),
            AsyncRateLimitErrorRetryHandler(max_retry_count=1),
        ],
    )


def make_app(settings: SlackSettings, session: aiohttp.ClientSession, repeats: Repeats) -> AsyncApp:
    """Return a Bolt application without listeners, whose client answers people.

    `authorize` answers from the configuration: with a bare token Bolt would ask auth.test at the
    first click, and lose the click when Slack is slow. Every listener runs before the answer, so
    it may only check, record and ack, and hands the rest to the Background.
    """
    token = settings.bot_token.get_secret_value()

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=token)

    app = AsyncApp(
        name="bounce",  # else it reads the sources of all that is loaded, to find its caller's
        logger=logging.getLogger("slack_bolt"),
        signing_secret=settings.signing_secret.get_secret_value() or "unused in Socket Mode",
        client=_answering(settings, session),
        authorize=authorize,
        process_before_response=True,
        request_verification_enabled=False,  # done by Door, on the raw bytes
        ignoring_self_events_enabled=False,  # needs the bot's own id; we listen to no messages
    )
    once = Once(repeats)
    app.use(once)
    app.error(once.failed)
    return app


class Once:
    """Middleware that lets each click, command and event pass once in ten minutes.

    A replayed request carries a good signature for five minutes, at every replica: so what came
    is remembered in the database. What failed may come again. A database that does not answer
    soon stops nobody: what people ask for twice is done once anyway.
    """

    def __init__(self, repeats: Repeats) -> None:
        self._repeats = repeats
        self._asking: set[asyncio.Task[bool]] = set()

    async def __call__(
        self, body: dict[str, Any], next_: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse | None:
        """Pass a request on, or answer a repeat with an empty 200."""
        key = repeat_key(body)
        if key and await self._came_before(key):
            log.info("repeated request", extra={"key": key})
            return BoltResponse(status=200)
        return await next_()

    async def failed(self, error: Exception, body: dict[str, Any]) -> None:
        """Log what a listener raised, and let the request come again."""
        log.error("listener failed", exc_info=error, extra={"type": body.get("type", "command")})
        if key := repeat_key(body):
            await self._repeats.forget(key)

    async def _came_before(self, key: str) -> bool:
        """Ask the store, which goes on writing if it takes too long to wait for."""
        asking = asyncio.create_task(self._repeats.seen(key, REPEAT_WINDOW))
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)
        await asyncio.wait([asking], timeout=REPEAT_SECONDS)
        if not asking.done() or asking.exception() is not None:
            log.warning("not known whether a request is a repeat", extra={"key": key})
            return False
        return asking.result()


def repeat_key(body: dict[str, Any]) -> str:
    """Return what names a request among its repeats, "" for one that may come as often as it likes.

    A command, shortcut or submission is named by its trigger, an event by its id, a click by who,
    where and when.
    """
    if event := body.get("event_id"):
        return f"event:{event}"
    if body.get("type") == "block_actions":
        actions = body.get("actions") or [{}]
        where = (body.get("container") or {}).get("message_ts") or (body.get("view") or {}).get(
            "id"
        )
        who = (body.get("user") or {}).get("id")
        return f"click:{who}:{where}:{actions[0].get('action_id')}:{actions[0].get('action_ts')}"
    if trigger := body.get("trigger_id"):
        return f"trigger:{body.get('type', 'command')}:{trigger}"
    return ""


class Door:
    """The HTTP door: POST /slack/events for commands, clicks, shortcuts and events alike."""

    def __init__(
        self,
        app: AsyncApp,
        settings: SlackSettings,
        clock: Clock,
        count: Callable[[str], None],
    ) -> None:
        self._app = app
        self._count = count
        self._hosts = {"hooks.slack.com", urlsplit(settings.base_url).netloc}
        self._secret = settings.signing_secret.get_secret_value().encode()
        self._clock = clock

    async def receive(self, request: web.Request) -> web.Response:
        """Answer 401 to what Slack did not sign, 400 to what cannot be read, else Bolt's answer."""
        try:
            body = await read_body(request, BODY_LIMIT)
        except TooLargeError:
            return self._answer("too-large", 413)
        except TimeoutError:
            return self._answer("slow", 408)
        if not self._signed(request, body):
            return self._answer("forged", 401)
        try:
            text = body.decode()
            self._check(text, request.content_type)
        except (MalformedError, UnicodeDecodeError):
            return self._answer("malformed", 400)
        bolt_request = AsyncBoltRequest(
            body=text,
            query=request.query_string,
            headers={name: [value] for name, value in request.headers.items()},
        )
        self._count("received")
        return await to_aiohttp_response(await self._app.async_dispatch(bolt_request))

    def _signed(self, request: web.Request, body: bytes) -> bool:
        signature = request.headers.get("X-Slack-Signature", "")
        stamp = request.headers.get("X-Slack-Request-Timestamp", "")
        if not (SIGNATURE.fullmatch(signature) and STAMP.fullmatch(stamp)):
            return False
        if abs(self._clock().timestamp() - int(stamp)) > SIGNATURE_SECONDS:
            return False
        expected = hmac.new(self._secret, b"v0:%s:%s" % (stamp.encode(), body), hashlib.sha256)
        return hmac.compare_digest(f"v0={expected.hexdigest()}", signature)

    def _check(self, text: str, content_type: str) -> None:
        """Raise MalformedError for broken JSON, and for an answer address that is not Slack's."""
        if content_type == "application/json":
            payload = parse_json(text)
        else:
            form = parse_qs(text, keep_blank_values=True)
            fields = {name: values[0] for name, values in form.items()}
            payload = parse_json(fields["payload"]) if "payload" in fields else fields
        if not (isinstance(payload, dict) and _is_shaped(payload)):
            raise MalformedError("the payload is none of Slack's")
        for address in _answer_addresses(payload):
            if urlsplit(address).netloc not in self._hosts:
                raise MalformedError("the answer address is not Slack's")

    def _answer(self, outcome: str, status: int) -> web.Response:
        self._count(outcome)
        response = web.Response(status=status)
        if status == 413:
            response.force_close()
        return response


def _is_shaped(payload: dict[str, Any]) -> bool:
    """Tell whether a payload has what Bolt and our listeners read of its type without a question.

    Bolt answers 500 to one that has not.
    """
    parts: dict[str, Any] = {name: payload.get(name) for name in ("view", "event", "actions")}
    parts |= {"person": payload.get("user"), "action": _first(parts["actions"])}
    needed = {
        "block_actions": {"person": "id", "action": "action_id"},
        "view_submission": {"person": "id", "view": "type"},
        "view_closed": {"person": "id", "view": "type"},
        "shortcut": {"person": "id"},
        "message_action": {"person": "id"},
        "event_callback": {"event": "type"},
    }.get(str(payload.get("type")), {})
    return all(
        isinstance(parts[part], dict) and isinstance(parts[part].get(key), str)
        for part, key in needed.items()
    )


def _first(listed: Any) -> Any:
    return listed[0] if isinstance(listed, list) and listed else None


def _answer_addresses(payload: dict[str, Any]) -> list[str]:
    listed = payload.get("response_urls")
    entries = listed if isinstance(listed, list) else []
    found = [entry.get("response_url") for entry in entries if isinstance(entry, dict)]
    return [str(address) for address in [payload.get("response_url"), *found] if address]


class Socket:
    """The Socket Mode door: keeps a connection open and rebuilds it when it stays down."""

    def __init__(
        self, app: AsyncApp, settings: SlackSettings, session: aiohttp.ClientSession
    ) -> None:
        self._app = app
        self._token = settings.app_token.get_secret_value()
        self._client = AsyncWebClient(
            token=self._token, base_url=settings.base_url, session=session, timeout=CALL_SECONDS
        )
        self._handler: AsyncSocketModeHandler | None = None

    async def run(self) -> None:
        """Stay connected until cancelled."""
        try:
            while True:
                await self._keep()
                await asyncio.sleep(RECONNECT_SECONDS)
        finally:
            await self._drop()

    async def _keep(self) -> None:
        try:
            if self._handler is None:
                self._handler = AsyncSocketModeHandler(
                    self._app, self._token, web_client=self._client
                )
                await self._handler.connect_async()
            elif not await self._handler.client.is_connected():
                await self._drop()
        except Exception:
            log.exception("Socket Mode does not connect")
            await self._drop()

    async def _drop(self) -> None:
        handler, self._handler = self._handler, None
        if handler is not None:
            await handler.close_async()


async def whoami(client: AsyncWebClient) -> dict[str, Any]:
    """Return Slack's auth.test: whether the token is good, the bot's user id, the team."""
    answer = await client.auth_test()
    return json.loads(json.dumps(answer.data)) if isinstance(answer.data, dict) else {}
