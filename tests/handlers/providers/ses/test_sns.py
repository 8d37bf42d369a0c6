"""Which requests SNS sent, and which it did not."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from pydantic import ValidationError

from handlers.errors import BusyError, MalformedError, SignatureError
from handlers.http.outgoing import Outgoing
from handlers.providers.ses.webhook import Ses
from tests.handlers.providers.ses.conftest import (
    CERTIFICATE_URL,
    NOW,
    TOPIC,
    as_request,
    certificate_for,
)

SNS = "sns.eu-west-1.amazonaws.com"
OPEN = {"eventType": "Open", "mail": {}}


def test_refusal_ends_the_repeats(ses):
    assert (ses.refused, ses.busy) == (403, 503)


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", [None, "Amazon SES Email Event Notification"])
async def test_genuine_message_is_accepted(ses, topic, version, subject):
    await ses.authenticate(topic.request(OPEN, version=version, Subject=subject))


async def test_genuine_confirmation_is_accepted(ses, topic):
    await ses.authenticate(topic.subscription())


async def test_foreign_topic_is_refused_though_amazon_signed_it(ses, topic):
    with pytest.raises(SignatureError, match="topic"):
        await ses.authenticate(topic.request(OPEN, TopicArn=TOPIC.replace("bounces", "others")))


@pytest.mark.parametrize(
    "url",
    [
        f"http://{SNS}/SimpleNotificationService-0123abcd.pem",
        f"https://{SNS}:444/SimpleNotificationService-0123abcd.pem",
        f"https://{SNS}@evil.example/SimpleNotificationService-0123abcd.pem",
        f"https://me@{SNS}/SimpleNotificationService-0123abcd.pem",
        f"https://{SNS}.evil.example/SimpleNotificationService-0123abcd.pem",
        "https://sns.eu-west-1.amazonaws.com.evil/SimpleNotificationService-0123abcd.pem",
        "https://snsxeu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem",
        "https://evil.sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem",
        f"https://{SNS}/SimpleNotificationService-0123abcd.pem?a=b",
        f"https://{SNS}/SimpleNotificationService-0123abcd.pem#a",
        f"https://{SNS}/SimpleNotificationService-0123abcd.pem\n",
        f"https://{SNS}/SimpleNotificationService-../x.pem",
        f"https://{SNS}/other.pem",
        f" {CERTIFICATE_URL}",
        "",
        None,
        7,
        [CERTIFICATE_URL],
    ],
)
async def test_certificate_elsewhere_is_refused_before_anything_is_fetched(make, topic, url):
    with pytest.raises(SignatureError, match="not at SNS"):
        await make(certificates={}).authenticate(topic.request(OPEN, SigningCertURL=url))


async def test_certificate_in_china_is_at_sns_too(make, topic):
    url = "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0123abcd.pem"

    await make(certificates={url: topic.certificate}).authenticate(
        topic.request(OPEN, SigningCertURL=url)
    )


async def test_raw_delivery_is_refused(ses, topic):
    request = as_request(topic.envelope(OPEN), **{"x-amz-sns-rawdelivery": "true"})

    with pytest.raises(SignatureError, match="raw message delivery"):
        await ses.authenticate(request)


@pytest.mark.parametrize("name", ["Message", "MessageId", "Subject", "Timestamp", "Type"])
async def test_altered_part_is_refused(ses, topic, name):
    envelope = topic.envelope(OPEN, Subject="a") | {name: "UnsubscribeConfirmation"}

    with pytest.raises(SignatureError):
        await ses.authenticate(as_request(envelope))


@pytest.mark.parametrize("name", ["SubscribeURL", "Token", "Message"])
async def test_altered_part_of_a_confirmation_is_refused(ses, topic, name):
    envelope = topic.subscription().json() | {name: "other"}

    with pytest.raises(SignatureError, match="does not fit"):
        await ses.authenticate(as_request(envelope))


@pytest.mark.parametrize(
    "changes",
    [
        {"Signature": "no base64!"},
        {"Signature": "ä"},
        {"Signature": ""},
        {"Signature": None},
        {"Signature": ["a"]},
        {"SignatureVersion": "3"},
        {"SignatureVersion": None},
        {"SignatureVersion": {"a": 1}},
        {"Type": "Other"},
        {"Type": None},
        {"Type": ["Notification"]},
        {"TopicArn": [TOPIC]},
        {"TopicArn": None},
        {"Message": {"a": 1}},
        {"Message": "\ud800"},
        {"Timestamp": 10**20},
    ],
)
async def test_odd_message_is_refused_and_no_more(ses, topic, changes):
    with pytest.raises(SignatureError):
        await ses.authenticate(as_request(topic.envelope(OPEN) | changes))


@pytest.mark.parametrize("body", [b"[]", b"null", b'"a"', b"7"])
async def test_json_that_is_no_message_is_refused(ses, body):
    with pytest.raises(SignatureError):
        await ses.authenticate(as_request(body))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 70 + b"{}"])
async def test_broken_json_is_malformed(ses, body):
    with pytest.raises(MalformedError):
        await ses.authenticate(as_request(body))


@pytest.mark.parametrize(("start", "days"), [(-20, 10), (1, 10)])
async def test_certificate_out_of_date_is_refused(make, topic, tmp_path, start, days):
    file = tmp_path / "sns.pem"
    file.write_bytes(certificate_for(topic.key, SNS, NOW + timedelta(days=start), days))

    with pytest.raises(SignatureError, match="not valid at this time"):
        await make(certificates={CERTIFICATE_URL: file}).authenticate(topic.request(OPEN))


async def test_certificate_without_rsa_is_refused(make, topic, other_key, tmp_path):
    file = tmp_path / "sns.pem"
    file.write_bytes(certificate_for(other_key, SNS, NOW - timedelta(days=1), 10))

    with pytest.raises(SignatureError, match="no RSA key"):
        await make(certificates={CERTIFICATE_URL: file}).authenticate(topic.request(OPEN))


async def test_with_files_no_other_certificate_is_fetched(make, topic):
    other = CERTIFICATE_URL.replace("0123", "4567")

    with pytest.raises(SignatureError, match="none of the configured"):
        await make().authenticate(topic.request(OPEN, SigningCertURL=other))


@pytest.mark.parametrize(
    "changes",
    [
        {"topic_arns": []},
        {"topic_arns": ["arn:aws:sqs:eu-west-1:123456789012:bounces"]},
        {"topic_arns": [f"{TOPIC}\n"]},
        {"certificates": {CERTIFICATE_URL: __file__}},
        {"certificates": {CERTIFICATE_URL: "/nowhere/sns.pem"}},
    ],
)
def test_settings_that_cannot_work_are_refused(make, changes):
    with pytest.raises(ValidationError):
        make(**changes)


# Fetching the certificate


class OneAddress(aiohttp.abc.AbstractResolver):
    """Knows one server, whatever it is asked for."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def resolve(self, host, port=0, family=0):
        where = {"host": "127.0.0.1", "port": self.port, "family": 2, "proto": 6, "flags": 0}
        return [{"hostname": host, **where}]

    async def close(self) -> None:
        """Nothing is kept."""


@pytest.fixture
def certificates_at(topic, tmp_path):
    """Serve something at the certificate's URL, over TLS on loopback; yield the source."""
    start = NOW.now(NOW.tzinfo) - timedelta(days=1)
    pem = tmp_path / "server.pem"
    private = topic.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(certificate_for(topic.key, SNS, start, 30) + private)

    @asynccontextmanager
    async def serving(handler) -> AsyncIterator[Ses]:
        app = web.Application()
        app.router.add_get("/{path:.*}", handler)
        server = TestServer(app, scheme="https")
        inside = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        inside.load_cert_chain(pem)
        await server.start_server(ssl=inside)
        connector = aiohttp.TCPConnector(
            resolver=OneAddress(server.port or 0), ssl=ssl.create_default_context(cafile=str(pem))
        )
        async with aiohttp.ClientSession(connector=connector) as session:
            settings = Ses.Settings(provider="ses", topic_arns=(TOPIC,))
            yield Ses("ses", settings, Outgoing(session, session), lambda: NOW)
        await server.close()

    return serving


async def test_certificate_is_fetched_once(certificates_at, topic):
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(str(request.url))
        return web.Response(body=topic.certificate.read_bytes())

    async with certificates_at(answer) as ses:
        await ses.authenticate(topic.request(OPEN))
        await ses.authenticate(topic.request(OPEN, version="2"))

    assert [url.partition("/Simple")[2] for url in asked] == ["NotificationService-0123abcd.pem"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda: web.Response(status=503), BusyError),
        (lambda: web.Response(status=404), SignatureError),
        (lambda: web.Response(body=b"no certificate"), SignatureError),
        (lambda: web.Response(body=b"x" * 20_000), SignatureError),
        (lambda: web.Response(status=302, headers={"Location": "/other.pem"}), SignatureError),
    ],
)
async def test_certificate_that_cannot_be_had(certificates_at, topic, answer, error):
    async def handler(_: web.Request) -> web.Response:
        return answer()

    async with certificates_at(handler) as ses:
        with pytest.raises(error):
            await ses.authenticate(topic.request(OPEN))
