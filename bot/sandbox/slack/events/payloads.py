"""What Slack writes to the bot when people do something.

https://docs.slack.dev/reference/interaction-payloads
"""

from typing import Any

from bot.sandbox.block_kit.elements import STATEFUL, options_of
from bot.sandbox.block_kit.limits import elements_of
from bot.sandbox.slack.state import (
    APP,
    BOT_USER,
    TEAM,
    VERIFICATION,
    SlackMessage,
    User,
    View,
    Workspace,
    new_id,
)
from bot.sandbox.slack.web_api.chat import message_body
from bot.sandbox.slack.web_api.values import EntryError, entered, initial_values
from bot.sandbox.slack.web_api.views import view_body

DOMAIN = "bounce-desk"
Found = tuple[dict[str, Any], dict[str, Any]]


def find_element(
    blocks: list[dict[str, Any]], action_id: str, block_id: str | None, value: Any
) -> Found:
    """Return the block and the element that a person means.

    `value` tells buttons of one action_id apart. Raises LookupError where there is none.
    """
    found = [
        (block, element)
        for block in blocks
        for element in elements_of(block)
        if element.get("action_id") == action_id and block_id in (None, block["block_id"])
    ]
    if not found:
        there = [e.get("action_id") for block in blocks for e in elements_of(block)]
        raise LookupError(f"no element {action_id!r}; there are {there}")
    exact = [one for one in found if value is None or one[1].get("value") == value]
    return (exact or found)[0]


def action(found: Found, value: Any, ts: str) -> dict[str, Any]:
    """Return one entry of `actions`; raises EntryError for a value that is not offered."""
    block, element = found
    kind = element["type"]
    body = {
        "type": kind,
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "action_ts": ts,
    }
    for name in ("text", "style", "confirm", "placeholder", "value"):
        if name in element:
            body[name] = element[name]
    if kind == "overflow":
        return {**body, "selected_option": _chosen(element, value)}
    if kind in STATEFUL:
        return {**body, **entered(element, value)}
    return body


def _chosen(element: dict[str, Any], value: Any) -> dict[str, Any]:
    for option in options_of(element):
        if option["value"] == value:
            return option
    raise EntryError(f"{value!r} is not in the menu")


def base(user: User) -> dict[str, Any]:
    """Return what every interaction says of the person, the team and the app."""
    return {
        "user": {
            "id": user.id,
            "username": user.name,
            "name": user.name,
            "team_id": TEAM,
        },
        "api_app_id": APP,
        "token": VERIFICATION,
        "team": {"id": TEAM, "domain": DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def message_state(message: SlackMessage) -> dict[str, dict[str, Any]]:
    """Return the state of a message's menus and fields: as chosen, else as they were at first."""
    values = initial_values(message.all_blocks)
    for block, actions in message.chosen.items():
        if block in values:
            values[block].update({k: v for k, v in actions.items() if k in values[block]})
    return values


def click_on_message(
    workspace: Workspace, message: SlackMessage, user: User, done: dict[str, Any]
) -> dict[str, Any]:
    """Return block_actions for a message, without trigger and response_url.

    An ephemeral message is not repeated in the payload: Slack leaves it out, too.
    """
    channel = workspace.channels[message.channel]
    payload: dict[str, Any] = {
        "type": "block_actions",
        **base(user),
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": message.channel,
            "is_ephemeral": bool(message.only_for),
        },
        "channel": {"id": channel.id, "name": channel.name},
        "state": {"values": message_state(message)},
        "actions": [done],
    }
    if message.is_reply:
        payload["container"]["thread_ts"] = message.thread_ts
    if not message.only_for:
        payload["message"] = message_body(workspace, message)
    return payload


def click_on_view(view: View, user: User, done: dict[str, Any]) -> dict[str, Any]:
    """Return block_actions for a modal or the Home tab, without trigger."""
    return {
        "type": "block_actions",
        **base(user),
        "container": {"type": "view", "view_id": view.id},
        "view": view_body(view),
        "actions": [done],
    }


def submission(view: View, user: User) -> dict[str, Any]:
    """Return view_submission, without trigger."""
    return {
        "type": "view_submission",
        **base(user),
        "view": view_body(view),
        "response_urls": [],
    }


def closing(view: View, user: User, *, cleared: bool) -> dict[str, Any]:
    """Return view_closed."""
    return {"type": "view_closed", **base(user), "view": view_body(view), "is_cleared": cleared}


def shortcut(
    workspace: Workspace, user: User, callback_id: str, message: SlackMessage | None, ts: str
) -> dict[str, Any]:
    """Return a global shortcut, or a message shortcut where there is a message."""
    payload = {**base(user), "callback_id": callback_id, "action_ts": ts}
    if message is None:
        return {"type": "shortcut", **payload}
    channel = workspace.channels[message.channel]
    return {
        "type": "message_action",
        **payload,
        "channel": {"id": channel.id, "name": channel.name},
        "message_ts": message.ts,
        "message": message_body(workspace, message),
    }


def command(
    workspace: Workspace, user: User, channel: str, typed: tuple[str, str]
) -> dict[str, Any]:
    """Return the fields of a slash command, without trigger and response_url."""
    where = workspace.channels[channel]
    return {
        "token": VERIFICATION,
        "team_id": TEAM,
        "team_domain": DOMAIN,
        "channel_id": where.id,
        "channel_name": "directmessage" if where.is_direct else where.name,
        "user_id": user.id,
        "user_name": user.name,
        "command": typed[0],
        "text": typed[1],
        "api_app_id": APP,
        "is_enterprise_install": "false",
    }


def event(happened: dict[str, Any], at: float) -> dict[str, Any]:
    """Return the envelope of an event."""
    return {
        "token": VERIFICATION,
        "team_id": TEAM,
        "api_app_id": APP,
        "event": happened,
        "type": "event_callback",
        "event_id": new_id("Ev"),
        "event_time": int(at),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{new_id('C')}",
    }
