"""What a source is answered when the storage refuses what it sent."""

from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from handlers.errors import BusyError, ReplayedError
from handlers.provider import Parsed, SourceSettings, WebhookRequest
from handlers.webhooks import Webhooks


class Refusing:
    """A provider and a storage in one: it takes every request, and stores none."""

    name, refused, busy = "acme", 406, 429
    settings = SourceSettings(provider="acme")

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def authenticate(self, request: WebhookRequest) -> None:
        """Let everything pass."""

    def parse(self, request: WebhookRequest) -> Parsed:
        """Return nothing."""
        return Parsed()

    async def record(self, request: WebhookRequest, parsed: Parsed) -> int:
        """Refuse."""
        raise self._error


@pytest.mark.parametrize(
    ("error", "status", "outcome"),
    [(ReplayedError("known"), 406, "forged"), (BusyError("full"), 429, "busy")],
)
async def test_what_the_storage_refuses_is_answered_in_the_providers_own_way(
    error: Exception, status: int, outcome: str
) -> None:
    counted: list[tuple[str, str]] = []
    refusing: Any = Refusing(error)
    webhooks = Webhooks(
        {"shop": refusing},
        refusing,
        lambda: datetime(2026, 6, 15, tzinfo=UTC),
        lambda *said: counted.append(said),
    )
    app = web.Application()
    app.router.add_post("/hooks/{source}", webhooks.receive)

    async with TestClient(TestServer(app)) as client:
        answer = await client.post("/hooks/shop", data=b"{}")

    assert answer.status == status
    assert counted == [("shop", outcome)]
