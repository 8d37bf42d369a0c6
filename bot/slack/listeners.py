"""Which listener hears what of Slack: commands, buttons, modals, shortcuts, App Home."""

import logging
import re
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from handlers.button import Button, ModalButton
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
    buttons: Mapping[str, Button],
    commands: Commands,
    shortcuts: Shortcuts,
    home: Home,
) -> None:
    """Register every listener; what nothing else hears is answered by the last ones."""
    for name, button in buttons.items():
        app.action(name)(button.clicked)
        if isinstance(button, ModalButton):
            app.view(name)(button.submitted)
    app.action(MORE)(More(buttons, home).clicked)
    app.shortcut("diagnose_bounce")(shortcuts.diagnose_bounce)
    app.shortcut("look_up_contact")(shortcuts.look_up_contact)
    app.view("look_up_contact")(shortcuts.asked)
    app.event("app_home_opened")(home.opened)
    app.event("app_uninstalled")(_removed)
    app.event("tokens_revoked")(_removed)
    app.command(ANY)(commands.received)
    app.event(ANY)(_acknowledged)
    app.action(ANY)(home.stale)
    app.view(ANY)(_acknowledged)
    app.view_closed(ANY)(_acknowledged)
    app.shortcut(ANY)(_acknowledged)


class More:
    """The overflow menu and the select of a message: its values are `<action>|<alert id>`."""

    def __init__(self, buttons: Mapping[str, Button], home: Home) -> None:
        self._buttons = buttons
        self._home = home

    async def clicked(
        self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], respond: AsyncRespond
    ) -> None:
        """Hand the click to the button that was chosen; one that is gone is answered as stale."""
        option = action.get("selected_option") or {}
        name, _, value = str(option.get("value", "")).partition("|")
        chosen = self._buttons.get(name)
        if chosen is None:
            await self._home.stale(ack, body, respond)
        else:
            await chosen.clicked(ack, body, {**action, "action_id": name, "value": value})


async def _acknowledged(ack: AsyncAck) -> None:
    await ack()


async def _removed(ack: AsyncAck, body: dict[str, Any]) -> None:
    await ack()
    log.error(
        "the Slack app was removed or its token revoked: install it again and set the new token",
        extra={"event": (body.get("event") or {}).get("type")},
    )
