"""How Slack reaches the bot: signed HTTP requests, or the WebSocket of Socket Mode.

Commands, clicks and modals are sent once. Events are sent again at once, after a minute and after
five, until they are answered 200 or the answer says X-Slack-No-Retry.
"""

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import aiohttp

from bot.sandbox.slack.events.socket_mode import SocketMode
from bot.sandbox.slack.records import Records

RETRIES = (timedelta(0), timedelta(minutes=1), timedelta(minutes=5))
FORM = "application/x-www-form-urlencoded"
COMMAND, INTERACTIVE, EVENT = "slash_commands", "interactive", "events_api"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class BotAnswer:
    """What the bot answered: `body` parsed where it is JSON, `seconds` until it came.

    `shown` is what the person was told instead of an effect: "" when all went well,
    `operation_timeout` or `dispatch_failed` otherwise, `errors` for a modal that stays open.
    """

    status: int
    body: Any = ""
    seconds: float = 0.0
    shown: str = ""
    retry: bool = True


@dataclass(slots=True)
class Pending:
    """An event that is to be sent again."""

    payload: dict[str, Any]
    attempt: int
    reason: str
    due: datetime


def sign(secret: str, stamp: str, body: bytes) -> str:
    """Return the v0 signature of a request.

    https://docs.slack.dev/authentication/verifying-requests-from-slack
    """
    base = b"v0:%s:%s" % (stamp.encode(), body)
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class Dispatcher:
    """Sends to the bot: over HTTP where there is an address, else over Socket Mode."""

    def __init__(
        self,
        secret: str,
        socket_mode: SocketMode,
        clock: Callable[[], datetime],
        records: Records,
    ) -> None:
        self.url = ""
        self.ack_seconds = 3.0
        self.pending: list[Pending] = []
        self._secret = secret
        self._socket_mode = socket_mode
        self._clock = clock
        self._records = records
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Open the connections' session."""
        self._session = aiohttp.ClientSession()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def send(self, kind: str, payload: dict[str, Any]) -> BotAnswer:
        """Send a command or an interaction, once."""
        answer = await self._attempt(kind, payload)
        if answer.shown:
            self._records.violated(kind, answer.shown, f"HTTP {answer.status}")
        return answer

    async def event(self, payload: dict[str, Any]) -> BotAnswer:
        """Send an event; what fails is sent again at once, and later by `send_due`."""
        return await self._send_event(Pending(payload, 0, "", self._clock()))

    async def send_due(self) -> int:
        """Send the events whose time has come again; return how many those were."""
        due = [pending for pending in self.pending if pending.due <= self._clock()]
        for pending in due:
            self.pending.remove(pending)
            await self._send_event(pending)
        return len(due)

    async def _send_event(self, pending: Pending) -> BotAnswer:
        answer = await self._attempt(EVENT, pending.payload, pending)
        if not answer.shown or not answer.retry or pending.attempt >= len(RETRIES):
            return answer
        again = Pending(
            pending.payload,
            pending.attempt + 1,
            "http_timeout" if answer.shown == "operation_timeout" else "http_error",
            self._clock() + RETRIES[pending.attempt],
        )
        if again.due <= self._clock():
            return await self._send_event(again)
        self.pending.append(again)
        return answer

    async def _attempt(
        self, kind: str, payload: dict[str, Any], again: Pending | None = None
    ) -> BotAnswer:
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(self.ack_seconds):
                if self.url:
                    status, body, retry = await self._post(kind, payload, again)
                else:
                    body, retry = await self._socket_mode.send(kind, payload, _number(again)), True
                    status = 200
        except TimeoutError:
            return BotAnswer(status=0, seconds=loop.time() - started, shown="operation_timeout")
        except (aiohttp.ClientError, OSError) as error:
            log.info("the bot is not reached", extra={"why": str(error)})
            return BotAnswer(status=0, seconds=loop.time() - started, shown="dispatch_failed")
        shown = "" if status == 200 else "dispatch_failed"
        seconds = loop.time() - started
        return BotAnswer(status=status, body=body, seconds=seconds, shown=shown, retry=retry)

    async def _post(
        self, kind: str, payload: dict[str, Any], again: Pending | None
    ) -> tuple[int, Any, bool]:
        body, content_type = encode(kind, payload)
        headers = self.headers(body, content_type)
        if again is not None and again.attempt:
            headers["X-Slack-Retry-Num"] = str(again.attempt)
            headers["X-Slack-Retry-Reason"] = again.reason
        if self._session is None:
            raise aiohttp.ClientError("the stand-in is not started")
        async with self._session.post(
            self.url, data=body, headers=headers, allow_redirects=False
        ) as response:
            text = await response.text()
            retry = response.headers.get("X-Slack-No-Retry") != "1"
            return response.status, _parsed(text, response.content_type), retry

    def headers(self, body: bytes, content_type: str) -> dict[str, str]:
        """Return the headers of a request, signed at this moment."""
        stamp = str(int(self._clock().timestamp()))
        return {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": sign(self._secret, stamp, body),
        }


def encode(kind: str, payload: dict[str, Any]) -> tuple[bytes, str]:
    """Return body and content type as Slack sends this kind of thing over HTTP."""
    if kind == EVENT:
        return json.dumps(payload).encode(), "application/json"
    fields = payload if kind == COMMAND else {"payload": json.dumps(payload)}
    return urlencode(fields).encode(), FORM


def _number(again: Pending | None) -> tuple[int, str] | None:
    return (again.attempt, again.reason) if again is not None else None


def _parsed(text: str, content_type: str) -> Any:
    if content_type != "application/json" or not text:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
