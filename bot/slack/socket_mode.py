"""Slack over Socket Mode: a connection of ours that Slack sends through."""

import asyncio
import logging

import aiohttp
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings.model import SlackSettings
from bot.slack.clients import CALL_SECONDS

RECONNECT_SECONDS = 5.0

log = logging.getLogger(__name__)


class SocketModeLink:
    """Keeps a connection open and rebuilds it when it stays down."""

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
