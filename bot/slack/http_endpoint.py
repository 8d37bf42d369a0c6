"""Slack over HTTP: a request is verified on its raw bytes before Bolt parses it.

Bolt answers 500 to broken JSON, to a timestamp that is no number and to a signature that is not
ASCII.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest

from bot.settings.model import SlackSettings
from handlers.errors import MalformedError
from handlers.http.json_body import parse_json
from handlers.provider import Clock
from handlers.webhooks import TooLargeError, read_body

BODY_LIMIT = 1024 * 1024
SIGNATURE_SECONDS = 300
SIGNATURE = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)
STAMP = re.compile(r"[0-9]{1,12}", re.ASCII)


class HttpEndpoint:
    """POST /slack/events for commands, clicks, shortcuts and events alike."""

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
