"""Which listener hears what of Slack: commands, buttons, modals, shortcuts, App Home."""

import logging
import re
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from handlers.action import Action
from handlers.entrances.commands import Commands
from handlers.entrances.home import Home
from handlers.entrances.shortcuts import Shortcuts

COMMANDS = ("/bounce",)
SHORTCUTS = ("diagnose_bounce", "look_up_contact")
EVENTS = ("app_home_opened", "app_uninstalled", "tokens_revoked")
"""What the manifest announces; each has a listener."""

MORE = "more"
ANY = re.compile(r".*", re.DOTALL)

log = logging.getLogger(__name__)


def listen(
    app: AsyncApp,
    actions: Mapping[str, Action],
    commands: Commands,
    shortcuts: Shortcuts,
    home: Home,
) -> None:
    """Register every listener; what nothing else hears is answered by the last ones."""
    for name, action in actions.items():
        app.action(name)(ack=action.clicked, lazy=[action.opened])
        app.view(name)(action.submitted)
    more = More(actions, home)
    app.action(MORE)(ack=more.clicked, lazy=[more.opened])
    app.shortcut("diagnose_bounce")(ack=shortcuts.acknowledged, lazy=[shortcuts.diagnose_bounce])
    app.shortcut("look_up_contact")(ack=shortcuts.acknowledged, lazy=[shortcuts.look_up_contact])
    app.view("look_up_contact")(ack=shortcuts.asked, lazy=[shortcuts.found])
    app.event("app_home_opened")(ack=home.acknowledged, lazy=[home.opened])
    app.event("app_uninstalled")(_removed)
    app.event("tokens_revoked")(_removed)
    app.command(ANY)(ack=commands.received, lazy=[commands.answered])
    app.event(ANY)(_acknowledged)
    app.action(ANY)(ack=_acknowledged, lazy=[home.stale])
    app.view(ANY)(_acknowledged)
    app.view_closed(ANY)(_acknowledged)
    app.shortcut(ANY)(_acknowledged)


class More:
    """The overflow menu and the select of a message: its values are `<action>|<alert id>`."""

    def __init__(self, actions: Mapping[str, Action], home: Home) -> None:
        self._actions = actions
        self._home = home

    async def clicked(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Hand the click to the action that was chosen."""
        chosen, as_button = self._chosen(action)
        if chosen is None:
            await ack()
            return
        await chosen.clicked(ack, _with(body, as_button), as_button)

    async def opened(
        self,
        body: dict[str, Any],
        action: dict[str, Any],
        client: AsyncWebClient,
        respond: AsyncRespond,
    ) -> None:
        """Open what the chosen action opens; an action that is gone is answered as stale."""
        chosen, as_button = self._chosen(action)
        if chosen is None:
            await self._home.stale(body, respond)
        else:
            await chosen.opened(_with(body, as_button), client)

    def _chosen(self, action: dict[str, Any]) -> tuple[Action | None, dict[str, Any]]:
        option = action.get("selected_option") or {}
        name, _, value = str(option.get("value", "")).partition("|")
        return self._actions.get(name), {**action, "action_id": name, "value": value}


def _with(body: dict[str, Any], action: dict[str, Any]) -> dict[str, Any]:
    return {**body, "actions": [action]}


async def _acknowledged(ack: AsyncAck) -> None:
    await ack()


async def _removed(ack: AsyncAck, body: dict[str, Any]) -> None:
    await ack()
    log.error(
        "the Slack app was removed or its token revoked: install it again and set the new token",
        extra={"event": (body.get("event") or {}).get("type")},
    )
