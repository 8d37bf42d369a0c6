"""The user's own sender in all its moods: it answers as a test says, and keeps what it heard."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook

from bot.sandbox.world.neighbours import OwnSender
from handlers.provider import Clock


@dataclass(kw_only=True)
class CapriciousSender(OwnSender):
    """Answers with the statuses that are laid down, then 202; checks by the clock of the test."""

    clock: Clock
    statuses: list[int] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    heard: list[tuple[str, str]] = field(default_factory=list)
    hook: Callable[[], Awaitable[None]] | None = None

    async def receive(self, request: web.Request) -> web.Response:
        """Verify the signature as Standard Webhooks says, then answer."""
        text, name = await request.text(), request.headers["webhook-id"]
        expected = Webhook(self.secret).sign(name, self.clock(), text)
        if request.headers["webhook-signature"] != expected:
            return web.Response(status=401, text="forged")
        self.heard.append((name, text))
        body = await request.json()
        status = self.refused.get(body["recipient"]) or (
            self.statuses.pop(0) if self.statuses else 202
        )
        if status < 300:
            self.asked.append(body)
            self.ids.append(name)
        if self.hook is not None:
            await self.hook()
        return web.Response(status=status, text="said the sender")

    @property
    def recipients(self) -> list[str]:
        """To whom it sent again."""
        return [body["recipient"] for body in self.asked]
