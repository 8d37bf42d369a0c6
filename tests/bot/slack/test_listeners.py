"""Each word of Slack has one listener, and nothing that people do stays unanswered."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.slack.app import make_app
from bot.slack.listeners import EVENTS, SHORTCUTS, listen
from handlers.actions import BUTTONS
from handlers.entrances.commands import Commands
from handlers.entrances.home import Home
from handlers.entrances.shortcuts import Shortcuts

NOWHERE = "http://127.0.0.1:9/api/"


@pytest.fixture
async def app(furnish) -> AsyncIterator[AsyncApp]:
    """Give the application with all listeners, and a Slack that cannot be reached."""
    office = furnish(NOWHERE)
    desk, made = office.desk, make_app(office.settings, office.session, office.desk.store.repeats)
    buttons = {name: button(desk) for name, button in BUTTONS.items()}
    listen(made, buttons, Commands(desk), Shortcuts(desk), Home(desk))
    yield made
    await desk.background.settle()


async def answer(app: AsyncApp, payload: dict[str, object]) -> BoltResponse:
    """Return what the bot answers to a payload of Slack."""
    request = AsyncBoltRequest(
        body=json.dumps(payload), headers={"content-type": ["application/json"]}
    )
    return await app.async_dispatch(request)


def interaction(kind: str, **more: object) -> dict[str, object]:
    return {"type": kind, "user": {"id": "U1"}, "team": {"id": "T1"}, "trigger_id": "1.2", **more}


@pytest.mark.parametrize("name", [*BUTTONS, "more", "an_older_button"])
async def test_every_button_is_heard(app, name):
    clicked = {"type": "button", "action_id": name, "block_id": "b", "value": "0", "action_ts": "1"}

    said = await answer(app, interaction("block_actions", actions=[clicked], container={}))

    assert said.status == 200


@pytest.mark.parametrize("kind", ["view_submission", "view_closed"])
async def test_every_modal_is_heard(app, kind):
    view = {"id": "V1", "callback_id": "an_older_modal", "state": {"values": {}}, "type": "modal"}

    said = await answer(app, interaction(kind, view=view))

    assert said.status == 200


@pytest.mark.parametrize("name", [*SHORTCUTS, "an_older_shortcut"])
@pytest.mark.parametrize("kind", ["shortcut", "message_action"])
async def test_every_shortcut_is_heard(app, kind, name):
    said = await answer(app, interaction(kind, callback_id=name, action_ts="1"))

    assert said.status == 200


@pytest.mark.parametrize("name", [*EVENTS, "an_event_of_tomorrow"])
async def test_every_event_is_heard(app, name):
    event = {"type": name, "user": "U1", "tab": "messages"}

    said = await answer(app, {"type": "event_callback", "event": event, "event_id": f"Ev{name}"})

    assert said.status == 200


async def test_nothing_waits_for_slack_before_the_answer(app):
    async with asyncio.timeout(1):
        said = await answer(app, interaction("shortcut", callback_id=SHORTCUTS[1], action_ts="1"))

    assert said.status == 200
