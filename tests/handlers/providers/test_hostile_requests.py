"""Whatever a request holds, a provider answers it with one of the errors that are agreed."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.errors import BusyError, MalformedError, SignatureError
from handlers.http.outgoing import Outgoing
from handlers.provider import Parsed, Provider, WebhookRequest
from handlers.providers import PROVIDERS
from resolutions.bounce import EARLIEST, LATEST
from resolutions.diagnosis.diagnose import diagnose
from tests.handlers.conftest import FOLDER, Bench, recorded_request

RECORDED = sorted(name for name in PROVIDERS if list((FOLDER / name).glob("*.http")))
FEW = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        "",
        " ",
        "\0",
        "\ud800",
        "a@b\0.example",
        "2026-99-99T00:00:00Z",
        "99999-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "x" * 10_000,
        -1,
        10**20,
        -(10**20),
        1e308,
        float("inf"),
        float("nan"),
        [],
        [None],
        [[]],
        ["a", 7],
        {},
        {"a": None},
        {"": []},
    ]
)


@pytest.fixture(params=RECORDED)
def name(request):
    return request.param


@pytest.fixture
def recorded(name) -> list[Path]:
    return sorted((FOLDER / name).glob("*.http"))


@FEW
@given(data=st.data())
def test_altered_body_is_read_or_refused_in_an_agreed_way(name, recorded, rulebook, data):
    path = data.draw(st.sampled_from(recorded))
    request = recorded_request(name, path.stem)
    altered = replace(request, body=alter(request.body, data))

    parsed = asyncio.run(answer(name, altered))

    for delivered in parsed.delivered:
        assert delivered.recipient
        assert EARLIEST <= delivered.occurred_at <= LATEST
        (delivered.recipient + delivered.event_id + delivered.campaign).encode()
    for event in parsed.events:
        assert event.recipient
        assert EARLIEST <= event.occurred_at <= LATEST
        assert "\0" not in event.recipient + event.reply.text + event.subject + event.raw
        (event.recipient + event.reply.text + event.event_id + event.raw).encode()
        diagnose(event, rulebook)


@FEW
@given(
    body=st.binary(max_size=200)
    | st.recursive(ODD, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)).map(
        lambda value: json.dumps(value).encode()
    ),
    headers=st.dictionaries(
        st.sampled_from(
            [
                "authorization",
                "content-type",
                "x-amz-sns-rawdelivery",
                "x-twilio-email-event-webhook-signature",
                "x-twilio-email-event-webhook-timestamp",
            ]
        ),
        st.text(max_size=40)
        | st.sampled_from(["Basic", "Basic \udcff", "Basic OjpiYWQ=", "Bearer ä", "true", "1"]),
    ),
)
def test_request_of_nobody_is_refused_in_an_agreed_way(name, body, headers):
    request = WebhookRequest(
        source=name,
        method="POST",
        path=f"/hooks/{name}",
        headers=headers,
        query={},
        body=body,
        received_at=datetime(2026, 6, 15, 12, tzinfo=UTC),
    )

    asyncio.run(answer(name, request))


@pytest.mark.parametrize("word", ["", "/", "//", "a/b/c", "\0", "\ud800", "x" * 100_000])
def test_verdict_of_any_word(name, word):
    assert PROVIDERS[name].verdict_of(word).word == word


async def answer(name: str, request: WebhookRequest) -> Parsed:
    """Authenticate and parse apart, so that each meets what the other would refuse."""
    async with Outgoing.open() as outgoing:
        provider = Bench(outgoing=outgoing).provider(name)
        await refuse(provider, request)
        return read(provider, request)


async def refuse(provider: Provider, request: WebhookRequest) -> None:
    try:
        await provider.authenticate(request)
    except (SignatureError, MalformedError, BusyError):
        return


def read(provider: Provider, request: WebhookRequest) -> Parsed:
    try:
        return provider.parse(request)
    except (ValueError, LookupError, TypeError):
        return Parsed()


def alter(body: bytes, data: Any) -> bytes:
    """Put something odd in one place of a JSON body, or bytes into another one."""
    try:
        value = json.loads(body)
    except ValueError:
        at = data.draw(st.integers(0, len(body)))
        return body[:at] + data.draw(st.binary(max_size=20)) + body[at + 5 :]
    return json.dumps(altered(value, data)).encode()


def altered(value: Any, data: Any) -> Any:
    """Replace one value somewhere below; JSON inside a text is looked into too."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        return json.dumps(altered(json.loads(value), data))
    inside = isinstance(value, dict | list) and value and data.draw(st.integers(0, 9)) > 0
    if not inside:
        return data.draw(ODD)
    places = sorted(value) if isinstance(value, dict) else range(len(value))
    place = data.draw(st.sampled_from(places))
    if isinstance(value, dict):
        return value | {place: altered(value[place], data)}
    return [altered(one, data) if at == place else one for at, one in enumerate(value)]
