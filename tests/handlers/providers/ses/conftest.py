"""A topic with a key of its own, and a stand-in of the AWS APIs that checks signatures."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from handlers.http.outgoing import Outgoing
from handlers.provider import WebhookRequest
from handlers.providers.ses.webhook import Ses

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem"
NOTIFIED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
SUBSCRIBED = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


def certificate_for(key: Any, host: str, start: datetime, days: int) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    )
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Signs messages as SNS does."""

    key: rsa.RSAPrivateKey
    certificate: Path

    def envelope(self, message: Any, *, version: str = "1", **changes: Any) -> dict[str, Any]:
        """Return a signed message; changes that are None are left out."""
        envelope = {
            "Type": "Notification",
            "MessageId": "5d7c0000-0000-5000-8000-000000000001",
            "TopicArn": TOPIC,
            "Message": message if isinstance(message, str) else json.dumps(message),
            "Timestamp": "2026-06-15T11:58:30.120Z",
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE_URL,
            **changes,
        }
        envelope = {name: value for name, value in envelope.items() if value is not None}
        names = NOTIFIED if envelope["Type"] == "Notification" else SUBSCRIBED
        text = "".join(f"{name}\n{envelope[name]}\n" for name in names if name in envelope)
        digest = SHA256() if version == "2" else SHA1()
        signature = self.key.sign(text.encode(), padding.PKCS1v15(), digest)
        return {"Signature": base64.b64encode(signature).decode(), **envelope}

    def request(self, message: Any, **changes: Any) -> WebhookRequest:
        """Return the request that brings a signed message."""
        return as_request(self.envelope(message, **changes))

    def subscription(self, **changes: Any) -> WebhookRequest:
        """Return the request that asks to confirm a subscription."""
        link = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=abc"
        asked = {"Type": "SubscriptionConfirmation", "Token": "abc", "SubscribeURL": link}
        return self.request("You have chosen to subscribe …", **(asked | changes))


def as_request(envelope: Any, **headers: str) -> WebhookRequest:
    body = envelope if isinstance(envelope, bytes) else json.dumps(envelope).encode()
    return WebhookRequest(
        source="ses",
        method="POST",
        path="/hooks/ses",
        headers={"content-type": "text/plain; charset=UTF-8", **headers},
        query={},
        body=body,
        received_at=NOW,
    )


@pytest.fixture(scope="session")
def topic(tmp_path_factory: pytest.TempPathFactory) -> Topic:
    key = rsa.generate_private_key(65537, 2048)
    certificate = tmp_path_factory.mktemp("sns") / "sns.pem"
    certificate.write_bytes(
        certificate_for(key, "sns.amazonaws.com", NOW - timedelta(days=10), 365)
    )
    return Topic(key=key, certificate=certificate)


@pytest.fixture(scope="session")
def other_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def make(outgoing: Outgoing, topic: Topic):
    """Return a function that makes an SES source, some of its settings changed."""

    def make(**changes: Any) -> Ses:
        settings = {
            "provider": "ses",
            "topic_arns": [TOPIC],
            "certificates": {CERTIFICATE_URL: topic.certificate},
            **changes,
        }
        return Ses("ses", Ses.Settings.model_validate(settings), outgoing, lambda: NOW)

    return make


@pytest.fixture
def ses(make) -> Ses:
    return make()


@dataclass(slots=True)
class Aws:
    """Stands in for SESv2 and SNS; refuses what is not signed with its key."""

    url: str = ""
    key_id: str = "AKIDEXAMPLE"
    secret: str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    listed: dict[str, dict[str, Any]] = field(default_factory=dict)
    confirmed: list[dict[str, str]] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    failing: int = 0

    @property
    def api(self) -> dict[str, Any]:
        """The settings that lead here."""
        return {
            "access_key_id": self.key_id,
            "secret_access_key": self.secret,
            "base_url": self.url,
            "allow_private": True,
        }

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.calls.append(f"{request.method} {request.raw_path}")
        if not self._is_signed(request, body):
            return web.json_response({"message": "The signature does not match"}, status=403)
        if self.failing:
            return web.json_response({"message": "Rate exceeded"}, status=self.failing)
        if request.path == "/":
            return self._sns({name: one[0] for name, one in parse_qs(body.decode()).items()})
        return self._sesv2(request, body)

    def _sns(self, form: dict[str, str]) -> web.Response:
        if form["Token"] == "stale":
            return web.Response(status=400, text="<Code>InvalidParameter</Code>")
        self.confirmed.append(form)
        return web.Response(text="<ConfirmSubscriptionResponse/>")

    def _sesv2(self, request: web.Request, body: bytes) -> web.Response:
        if request.method == "PUT":
            asked = json.loads(body)
            entry = {"LastUpdateTime": 1781524800.5, **asked}
            self.listed[asked["EmailAddress"]] = entry
            return web.json_response({})
        address = request.match_info["path"].removeprefix("v2/email/suppression/addresses/")
        if address not in self.listed:
            return web.json_response({"message": f"{address} is not on the list"}, status=404)
        if request.method == "DELETE":
            del self.listed[address]
            return web.json_response({})
        return web.json_response({"SuppressedDestination": self.listed[address]})

    def _is_signed(self, request: web.Request, body: bytes) -> bool:
        """Work the signature out again, by the steps of AWS's description."""
        given = request.headers.get("Authorization", "")
        parts = dict(part.split("=", 1) for part in given.partition(" ")[2].split(", "))
        key_id, date, region, service, _ = parts["Credential"].split("/")
        names = parts["SignedHeaders"].split(";")
        canonical = "\n".join(
            (
                request.method,
                quote(request.raw_path, safe="/~"),
                "",
                *(f"{name}:{request.headers[name].strip()}" for name in names),
                "",
                ";".join(names),
                hashlib.sha256(body).hexdigest(),
            )
        )
        scope = f"{date}/{region}/{service}/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{request.headers['X-Amz-Date']}\n{scope}\n{digest}"
        key = f"AWS4{self.secret}".encode()
        for part in (date, region, service, "aws4_request"):
            key = hmac.digest(key, part.encode(), hashlib.sha256)
        self.scopes.append(f"{region}/{service}")
        wanted = hmac.digest(key, text.encode(), hashlib.sha256).hex()
        return key_id == self.key_id and wanted == parts["Signature"]


@pytest.fixture
async def aws() -> AsyncIterator[Aws]:
    stand_in = Aws()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stand_in.answer)
    server = TestServer(app)
    await server.start_server()
    stand_in.url = str(server.make_url(""))
    yield stand_in
    await server.close()
