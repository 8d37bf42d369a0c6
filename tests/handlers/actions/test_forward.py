"""A source's requests are passed on to its `forward_to`, whatever that answers."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import ValidationError

from handlers.actions.forward import ATTEMPTS
from handlers.provider import Sources, SourceSettings
from handlers.providers.generic import Generic
from handlers.store import JobState
from handlers.webhooks import Webhooks
from tests.conftest import ADMIN_CHANNEL
from tests.handlers.room import Room

BODY = b'{"to": "ana@gmail.com",  "answer": "550 5.1.1 no such user"}'


@dataclass
class Receiver:
    """What stands behind Bounce Desk: it keeps what it hears, and answers what it is told to."""

    status: int = 202
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def receive(self, request: web.Request) -> web.Response:
        """Keep a request."""
        self.bodies.append(await request.read())
        self.headers.append({name.lower(): text for name, text in request.headers.items()})
        return web.Response(status=self.status)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def tell(room: Room, receiver: Receiver) -> AsyncIterator[Callable[..., Any]]:
    """Give what sends a request to a source that forwards; it returns the answer's status."""
    behind = web.Application()
    behind.router.add_post("/bounces", receiver.receive)
    async with TestServer(behind) as server:
        settings = Generic.Settings.model_validate(
            {
                "provider": "generic",
                "secrets": ["token"],
                "fields": {"recipient": "to", "text": "answer"},
                "forward_to": str(server.make_url("/bounces")),
                "forward_allow_private": True,
            }
        )
        source = Generic("crm", settings, room.desk.outgoing, room.clock)
        room.with_desk(sources=Sources(crm=source))
        app = web.Application()
        webhooks = Webhooks({"crm": source}, room.store.events, room.clock, lambda *_: None)
        app.router.add_post("/hooks/{source}", webhooks.receive)
        async with TestClient(TestServer(app)) as client:

            async def send(body: bytes = BODY, token: str = "token") -> int:
                headers = {"Authorization": f"Bearer {token}", "X-Request-Id": "r1"}
                answer = await client.post("/hooks/crm", data=body, headers=headers)
                return answer.status

            yield send


async def test_a_request_is_passed_on_as_it_came_but_for_our_secret(
    room: Room, receiver: Receiver, tell: Callable[..., Any]
) -> None:
    assert await tell() == 200
    assert receiver.bodies == []

    await room.runner.settle()

    assert receiver.bodies == [BODY]
    assert receiver.headers[0]["x-request-id"] == "r1"
    assert "authorization" not in receiver.headers[0]


async def test_the_same_request_is_passed_on_once_and_a_forged_one_never(
    room: Room, receiver: Receiver, tell: Callable[..., Any]
) -> None:
    for _ in range(2):
        await tell()
        await room.runner.settle()
    assert await tell(BODY, token="wrong") == 401
    await room.runner.settle()

    assert receiver.bodies == [BODY]


async def test_what_is_not_understood_is_passed_on_too(
    room: Room, receiver: Receiver, tell: Callable[..., Any]
) -> None:
    body = json.dumps({"nothing": "known"}).encode()

    assert await tell(body) == 200
    await room.runner.settle()

    assert receiver.bodies == [body]


async def test_a_receiver_that_is_down_is_tried_again_and_told_of_once_a_day(
    room: Room, receiver: Receiver, tell: Callable[..., Any]
) -> None:
    receiver.status = 503
    await tell()
    await tell(BODY.replace(b"ana", b"ben"))

    for _ in range(ATTEMPTS):
        await room.runner.settle()
        room.clock.advance(5_000)
    await room.post_in(ADMIN_CHANNEL)

    assert len(receiver.bodies) == 2 * ATTEMPTS
    [told] = room.slack.messages(ADMIN_CHANNEL)
    assert "*crm*" in told["text"]
    assert "503" in told["text"]
    assert await room.store.jobs.in_states([JobState.DEAD, JobState.WAITING]) == []


async def test_a_receiver_that_refuses_is_not_asked_again(
    room: Room, receiver: Receiver, tell: Callable[..., Any]
) -> None:
    receiver.status = 403
    await tell()

    await room.runner.settle()

    assert len(receiver.bodies) == 1
    assert await room.store.jobs.in_states([JobState.DEAD, JobState.WAITING]) == []


@pytest.mark.parametrize("target", ["receiver.example", "ftp://receiver.example", "https://"])
def test_a_target_that_is_no_web_address_is_refused_at_the_start(target: str) -> None:
    with pytest.raises(ValidationError, match="forward_to"):
        SourceSettings.model_validate({"provider": "generic", "forward_to": target})
