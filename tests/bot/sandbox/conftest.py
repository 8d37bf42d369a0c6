"""A stand-in of Slack, a bot that answers as a test says, clients, and a browser."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Page
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.stand_in import SlackStandIn

ADA = "U01ADA"
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BOT_TOKEN, APP_TOKEN = "xoxb-good", "xapp-good"
MANIFEST = {
    "features": {
        "bot_user": {"display_name": "Bounce Desk"},
        "slash_commands": [
            {
                "command": "/bounce",
                "description": "Explain a bounce",
                "usage_hint": "help | explain [reason, code or words] | diagnose <reply>",
            }
        ],
        "shortcuts": [
            {"type": "message", "name": "Diagnose this bounce", "callback_id": "diagnose_bounce"},
            {"type": "global", "name": "Look up a contact", "callback_id": "look_up_contact"},
        ],
    }
}

HERE = Path(__file__).parent
Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of this folder in one loop, so that they share one browser."""
    for item in items:
        if item.path.is_relative_to(HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@dataclass
class Heard:
    """One request that the bot got, with what it carries."""

    headers: dict[str, str]
    raw: bytes
    body: dict[str, Any]


@dataclass
class Listener:
    """A bot that writes down what it hears and answers as it is told: first in, first out."""

    heard: list[Heard] = field(default_factory=list)
    answers: list[Reply] = field(default_factory=list)
    url: str = ""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def answer(self, body: Any = None, status: int = 200, **headers: str) -> None:
        """Answer the next request so; an empty 200 is what all others get."""

        async def reply(_: web.Request) -> web.Response:
            if body is None:
                return web.Response(status=status, headers=headers)
            return web.json_response(body, status=status, headers=headers)

        self.answers.append(reply)

    async def receive(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        self.heard.append(Heard(dict(request.headers), raw, _body(request, raw)))
        self.arrived.set()
        if self.answers:
            return await self.answers.pop(0)(request)
        return web.Response()

    async def count(self, wanted: int) -> None:
        """Wait until so many requests were heard."""
        async with asyncio.timeout(5):
            while len(self.heard) < wanted:
                self.arrived.clear()
                await self.arrived.wait()

    @property
    def last(self) -> dict[str, Any]:
        """The body that was heard last."""
        return self.heard[-1].body


def _body(request: web.Request, raw: bytes) -> dict[str, Any]:
    if request.content_type == "application/json":
        return json.loads(raw)
    form = dict(parse_qsl(raw.decode(), keep_blank_values=True))
    return json.loads(form["payload"]) if "payload" in form else form


@pytest_asyncio.fixture(loop_scope="session")
async def listener() -> AsyncIterator[Listener]:
    listener = Listener()
    app = web.Application()
    app.router.add_post("/slack/events", listener.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listener.url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    yield listener
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="session")
async def slack(clock, listener) -> AsyncIterator[SlackStandIn]:
    """A strict stand-in whose clock is set by hand."""
    standin = SlackStandIn(
        signing_secret=SECRET,
        bot_token=BOT_TOKEN,
        app_token=APP_TOKEN,
        events_url=listener.url,
        usergroups={"S01ADMIN": [ADA]},
        manifest=MANIFEST,
        clock=clock,
    )
    async with standin:
        yield standin


@pytest_asyncio.fixture(loop_scope="session")
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client(slack, session) -> AsyncWebClient:
    """A client that repeats nothing."""
    return AsyncWebClient(
        token=BOT_TOKEN, base_url=slack.base_url, session=session, retry_handlers=[]
    )


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser, slack) -> AsyncIterator[Page]:
    """The page as Ada sees it; whatever it complains of fails the test."""
    complaints: list[str] = []
    context = await browser.new_context()
    page = await context.new_page()
    page.set_default_timeout(5_000)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda line: complaints.append(line.text) if "Content Security" in line.text else None,
    )
    await page.goto(slack.page_url)
    await page.get_by_label("Message #deliverability").wait_for()
    yield page
    await context.close()
    assert complaints == []


class Kit:
    """Makes the blocks that tests need."""

    def section(self, text: str, **more: Any) -> dict[str, Any]:
        return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}

    def button(self, text: str, action_id: str, value: str = "", **more: Any) -> dict[str, Any]:
        return {
            "type": "button",
            "text": {"type": "plain_text", "text": text},
            "action_id": action_id,
            "value": value,
            **more,
        }

    def actions(self, *elements: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"type": "actions", "elements": list(elements), **more}

    def option(self, value: str) -> dict[str, Any]:
        return {"text": {"type": "plain_text", "text": value.capitalize()}, "value": value}

    def input(self, block_id: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
        """An input block; its element's action_id is "entered"."""
        return {
            "type": "input",
            "block_id": block_id,
            "label": {"type": "plain_text", "text": block_id.capitalize()},
            "element": {"action_id": "entered", **element},
            **more,
        }

    def modal(self, *blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {
            "type": "modal",
            "callback_id": "resend",
            "title": {"type": "plain_text", "text": "Schedule"},
            "submit": {"type": "plain_text", "text": "Send"},
            "blocks": list(blocks),
            **more,
        }


@pytest.fixture
def kit() -> Kit:
    return Kit()
