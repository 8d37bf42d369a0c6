"""What the tests of handlers share: recorded requests, providers as configured, a client."""

import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from handlers.http.outgoing import Outgoing
from handlers.provider import Provider, WebhookRequest
from handlers.providers import PROVIDERS
from tests.handlers.room import bounce, room

__all__ = ["bench", "bounce", "room", "serve"]

FOLDER = Path(__file__).parent / "providers"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Makes providers and requests from the recordings of one folder."""

    outgoing: Outgoing

    def provider(self, name: str, **changes: Any) -> Provider:
        """Return a provider with the settings of its folder, some of them changed."""
        recorded = settings_of(name)
        settings = PROVIDERS[name].Settings.model_validate(recorded["source"] | changes)
        return PROVIDERS[name](name, settings, self.outgoing, lambda: recorded["now"])

    def request(self, name: str, case: str, **changes: Any) -> WebhookRequest:
        """Return a recorded request, some of its parts changed."""
        return replace(recorded_request(name, case), **changes)


def settings_of(name: str) -> dict[str, Any]:
    """Return `settings.toml` of a provider's folder; paths of files are made absolute."""
    folder = FOLDER / name
    recorded = tomllib.loads((folder / "settings.toml").read_text())
    files = recorded["source"].get("certificates", {})
    for url, file in files.items():
        files[url] = str(folder / file)
    return recorded


def recorded_request(name: str, case: str) -> WebhookRequest:
    """Return a request as it was recorded."""
    recorded = (FOLDER / name / f"{case}.http").read_bytes()
    return read_request(recorded, name, settings_of(name)["now"])


def read_request(recorded: bytes, source: str, now: datetime) -> WebhookRequest:
    """Return the request that a recording holds, its body byte for byte."""
    head, _, body = recorded.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    named = (line.partition(":") for line in lines)
    return WebhookRequest(
        source=source,
        method=method,
        path=urlsplit(target).path,
        headers={name.lower(): value.strip() for name, _, value in named},
        query=dict(parse_qsl(urlsplit(target).query)),
        body=body,
        received_at=now,
    )


@pytest.fixture
async def bench(outgoing: Outgoing) -> Bench:
    return Bench(outgoing=outgoing)


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Handler], Awaitable[str]]]:
    """Start a server on loopback that answers everything with one function; return its address."""
    servers = []

    async def start(handler: Handler) -> str:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        server = TestServer(app)
        await server.start_server()
        servers.append(server)
        return str(server.make_url("/"))

    yield start
    for server in servers:
        await server.close()
