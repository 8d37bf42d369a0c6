"""The clients of Slack's Web API: one that posts, one that answers people."""

import json
from typing import Any

import aiohttp
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings.model import SlackSettings

CALL_SECONDS = 10


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
    client = anonymous_client(settings, session)
    client.token = settings.bot_token.get_secret_value()
    return client


def anonymous_client(settings: SlackSettings, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Return the same without a token, for Bolt: it takes each from `authorize`, and warns else."""
    return AsyncWebClient(
        base_url=settings.base_url,
        session=session,
        timeout=CALL_SECONDS,
        retry_handlers=[
            AsyncConnectionErrorRetryHandler(),
            AsyncRateLimitErrorRetryHandler(max_retry_count=1),
        ],
    )


async def whoami(client: AsyncWebClient) -> dict[str, Any]:
    """Return Slack's auth.test: whether the token is good, the bot's user id, the team."""
    answer = await client.auth_test()
    return json.loads(json.dumps(answer.data)) if isinstance(answer.data, dict) else {}
