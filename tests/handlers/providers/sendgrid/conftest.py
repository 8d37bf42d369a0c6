"""A SendGrid account with a key of its own, and a stand-in of its API."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handlers.http.outgoing import Outgoing
from handlers.provider import WebhookRequest
from handlers.providers.sendgrid.webhook import SendGrid

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())


def key_text(key: ec.EllipticCurvePrivateKey) -> str:
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


@dataclass(frozen=True, slots=True)
class Sender:
    """Signs batches as SendGrid does."""

    key: ec.EllipticCurvePrivateKey

    def request(self, batch: Any, at: str = str(SECONDS)) -> WebhookRequest:
        """Return the request that brings a signed batch."""
        body = batch if isinstance(batch, bytes) else json.dumps(batch).encode()
        signature = self.key.sign(at.encode() + body, ec.ECDSA(SHA256()))
        return WebhookRequest(
            source="sendgrid",
            method="POST",
            path="/hooks/sendgrid",
            headers={
                "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
                "x-twilio-email-event-webhook-timestamp": at,
            },
            query={},
            body=body,
            received_at=NOW,
        )


@pytest.fixture(scope="session")
def sender() -> Sender:
    return Sender(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def make(outgoing: Outgoing, sender: Sender):
    """Return a function that makes a SendGrid source, some of its settings changed."""

    def make(**changes: Any) -> SendGrid:
        settings = {"provider": "sendgrid", "public_key": key_text(sender.key), **changes}
        read = SendGrid.Settings.model_validate(settings)
        return SendGrid("sendgrid", read, outgoing, lambda: NOW)

    return make


@pytest.fixture
def sendgrid(make) -> SendGrid:
    return make()


@dataclass(slots=True)
class Api:
    """Stands in for SendGrid's API."""

    url: str = ""
    bounces: dict[str, dict[str, Any]] = field(default_factory=dict)
    invalid_emails: dict[str, dict[str, Any]] = field(default_factory=dict)
    spam_reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    unsubscribed: set[str] = field(default_factory=set)
    groups: dict[str, set[str]] = field(default_factory=lambda: {"7": set(), "8": set()})
    calls: list[str] = field(default_factory=list)

    def settings(self, inactive: str) -> dict[str, Any]:
        """The settings that lead here."""
        return {"key": "SG.key", "inactive": inactive, "base_url": self.url, "allow_private": True}

    async def answer(self, request: web.Request) -> web.Response:
        self.calls.append(f"{request.method} {request.raw_path}")
        if request.headers.get("Authorization") != "Bearer SG.key":
            return web.json_response({"errors": [{"message": "access forbidden"}]}, status=403)
        match request.path.split("/")[2:]:
            case ["suppression", name, address]:
                return self._listed(request.method, getattr(self, name), address)
            case ["asm", "suppressions", "global"]:
                self.unsubscribed.update((await request.json())["recipient_emails"])
                return web.json_response({}, status=201)
            case ["asm", "suppressions", "global", address]:
                return self._global(request.method, address)
            case ["asm", "suppressions", address]:
                return self._of_groups(address)
            case ["asm", "groups", group, "suppressions"]:
                self.groups[group].update((await request.json())["recipient_emails"])
                return web.json_response({}, status=201)
            case ["asm", "groups", group, "suppressions", address]:
                self.groups[group].discard(address)
                return web.Response(status=204)
        return web.Response(status=404)

    def _listed(self, method: str, listed: dict[str, Any], address: str) -> web.Response:
        if method == "DELETE":
            return web.Response(status=204 if listed.pop(address, None) else 404)
        return web.json_response([listed[address]] if address in listed else [])

    def _global(self, method: str, address: str) -> web.Response:
        if method == "DELETE":
            self.unsubscribed.discard(address)
            return web.Response(status=204)
        found = {"recipient_email": address} if address in self.unsubscribed else {}
        return web.json_response(found)

    def _of_groups(self, address: str) -> web.Response:
        groups = [
            {"id": int(group), "name": "News", "suppressed": address in members}
            for group, members in self.groups.items()
        ]
        return web.json_response({"suppressions": groups})


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    stand_in = Api()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stand_in.answer)
    server = TestServer(app)
    await server.start_server()
    stand_in.url = str(server.make_url("/"))
    yield stand_in
    await server.close()
