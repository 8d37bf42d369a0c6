"""Calls to the outside: what is refused before, and what each answer becomes."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr
from standardwebhooks import Webhook

from handlers.errors import PermanentError, TemporaryError, UncertainError
from handlers.http.outgoing import Call, is_private
from handlers.http.signing import signature_headers

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answering(status: int, body: str = "", **headers: str) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=body, headers=named)

    return answer


def get(url: str, **changes: Any) -> Call:
    return Call(**{"method": "GET", "url": url, "allow_private": True, **changes})


async def test_answer_is_returned_with_lower_case_header_names(outgoing, serve):
    url = await serve(answering(200, '{"a": 1}', X_Name="x"))

    answer = await outgoing.send(get(url))

    assert answer.json() == {"a": 1}
    assert answer.headers["x-name"] == "x"


async def test_path_is_sent_as_it_stands(outgoing, serve):
    async def echo(request: web.Request) -> web.Response:
        return web.Response(text=request.raw_path)

    url = await serve(echo)

    answer = await outgoing.send(get(f"{url}a/b%40c.example%2F..?d=%2B"))

    assert answer.body == b"/a/b%40c.example%2F..?d=%2B"


@pytest.mark.parametrize(
    ("sent", "kind", "content"),
    [
        ({"json": {"a": "ä"}}, "application/json", b'{"a": "\\u00e4"}'),
        ({"form": {"a": "b c"}}, "application/x-www-form-urlencoded", b"a=b+c"),
        ({"body": b"\0raw"}, "application/octet-stream", b"\0raw"),
    ],
)
async def test_body_is_sent_in_the_form_asked_for(outgoing, serve, sent, kind, content):
    seen = []

    async def keep(request: web.Request) -> web.Response:
        seen.append((request.content_type, await request.read()))
        return web.Response()

    await outgoing.send(get(await serve(keep), method="POST", **sent))

    assert seen == [(kind, content)]


async def test_expected_status_is_an_answer(outgoing, serve):
    url = await serve(answering(404))

    assert (await outgoing.send(get(url, expected=(404,)))).status == 404


async def test_refusal_is_permanent_and_quotes_the_answer(outgoing, serve):
    url = await serve(answering(400, "no <such>\n  domain " + "x" * 999))

    with pytest.raises(PermanentError, match=r"answered 400: no <such> domain x+…$"):
        await outgoing.send(get(url))


async def test_redirect_is_permanent_and_not_followed(outgoing, serve):
    url = await serve(answering(302, Location="https://elsewhere.example/"))

    with pytest.raises(PermanentError, match="redirects are not followed"):
        await outgoing.send(get(url))


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"Retry_After": "17"}, 17),
        (503, {}, None),
        (500, {"Retry_After": "soon"}, None),
        (429, {"Retry_After": "9" * 30}, 86400),
        (
            503,
            {
                "Date": "Sun, 14 Jun 2026 12:00:00 GMT",
                "Retry_After": "Sun, 14 Jun 2026 12:01:00 GMT",
            },
            60,
        ),
        (429, {"Date": "Mon, 15 Jun 2026 12:00:00 GMT", "X_RateLimit_Reset": "1781524830"}, 30),
    ],
)
async def test_overload_is_temporary_with_the_wait_asked_for(
    outgoing, serve, status, headers, wait
):
    url = await serve(answering(status, **headers))

    with pytest.raises(TemporaryError, match=str(status)) as caught:
        await outgoing.send(get(url))

    assert caught.value.retry_after == wait


async def test_no_connection_is_temporary_even_for_a_call_that_is_not_repeatable(outgoing, serve):
    url = await serve(answering(200))
    closed = url.replace(url.rsplit(":", 1)[1], "1/")

    with pytest.raises(TemporaryError, match="no connection"):
        await outgoing.send(get(closed, repeatable=False))


@pytest.mark.parametrize(("repeatable", "error"), [(True, TemporaryError), (False, UncertainError)])
async def test_lost_answer(outgoing, serve, repeatable, error):
    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    url = await serve(hang_up)

    with pytest.raises(error, match="gave no answer"):
        await outgoing.send(get(url, method="POST", repeatable=repeatable))


@pytest.mark.parametrize(("repeatable", "error"), [(True, TemporaryError), (False, UncertainError)])
async def test_slow_answer(outgoing, serve, repeatable, error):
    asked = asyncio.Event()

    async def never(_: web.Request) -> web.Response:
        await asked.wait()
        return web.Response()

    url = await serve(never)

    with pytest.raises(error, match="gave no answer"):
        await outgoing.send(get(url, method="POST", repeatable=repeatable, seconds=0.05))
    asked.set()


async def test_gateway_that_lost_an_answer_leaves_a_single_call_uncertain(outgoing, serve):
    url = await serve(answering(504))

    with pytest.raises(UncertainError, match="unknown"):
        await outgoing.send(get(url, method="POST", repeatable=False))


async def test_answer_over_the_limit_is_refused(outgoing, serve):
    url = await serve(answering(200, "x" * 101))

    with pytest.raises(PermanentError, match="more than 100 bytes"):
        await outgoing.send(get(url, limit=100))


async def test_answer_that_is_no_json_is_temporary(outgoing, serve):
    answer = await outgoing.send(get(await serve(answering(200, "<html>"))))

    with pytest.raises(TemporaryError, match="not JSON: <html>"):
        answer.json()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "2130706433", "0x7f.1"])
async def test_private_host_is_refused_by_the_address_connected_to(outgoing, host):
    with pytest.raises(PermanentError, match=r"private address|not a canonical"):
        await outgoing.send(Call(method="GET", url=f"https://{host}:9/"))


@pytest.mark.parametrize(
    "url", ["http://host.example/", "ftp://host.example/", "file:///etc/passwd", "host.example"]
)
async def test_other_schemes_are_refused(outgoing, url):
    with pytest.raises(PermanentError):
        await outgoing.send(Call(method="GET", url=url))


@pytest.mark.parametrize("url", ["https:///x", "https://a b/", "https://h:99999/", "https://[x/"])
async def test_broken_address_is_refused(outgoing, url):
    with pytest.raises(PermanentError, match="not a web address"):
        await outgoing.send(Call(method="GET", url=url))


async def test_header_that_would_start_another_is_refused(outgoing, serve):
    url = await serve(answering(200))

    with pytest.raises(PermanentError, match="cannot be made"):
        await outgoing.send(get(url, headers={"X-A": "b\r\nX-C: d"}))


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.1",
        "224.0.0.1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:192.168.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_addresses_that_are_none_of_the_internet(address):
    assert is_private(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_of_the_internet(address):
    assert not is_private(address)


@pytest.mark.parametrize("prefix", ["", "whsec_"])
def test_signature_passes_the_check_of_the_standard(prefix):
    secret = prefix + base64.b64encode(b"0123456789abcdef").decode()

    headers = signature_headers(SecretStr(secret), "msg_1", datetime.now(UTC), b'{"a":1}')

    assert Webhook(secret).verify(b'{"a":1}', headers) == {"a": 1}


@pytest.mark.parametrize("secret", ["", "whsec_", "not base64!"])
def test_secret_that_signs_nothing_is_refused(secret):
    with pytest.raises(PermanentError, match="base64"):
        signature_headers(SecretStr(secret), "msg_1", datetime(2026, 6, 15, tzinfo=UTC), b"")
