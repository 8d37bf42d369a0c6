"""What one person sees, as the page asks for it: all of it, or what changed since a version."""

from collections.abc import Iterable
from typing import Any

from bot.sandbox.slack.state import BOT_USER, TEAM, SlackMessage, View, Workspace
from bot.sandbox.slack.web_api.chat import message_body
from bot.sandbox.slack.web_api.views import view_body

BOT_NAME = "Bounce Desk"


class Snapshot:
    """Draws the workspace for the page.

    `manifest` gives commands and shortcuts; `outside` says whether there is a side panel.
    """

    def __init__(
        self, workspace: Workspace, manifest: dict[str, Any], *, outside: bool = False
    ) -> None:
        self._workspace = workspace
        self._outside = outside
        self._features: dict[str, Any] = manifest.get("features") or {}

    def since(self, user: str, version: int) -> dict[str, Any]:
        """Return what changed after `version`, and the small things in full."""
        space = self._workspace
        stack = space.stacks[user]
        home = space.homes.get(user)
        return {
            "version": space.version,
            "team": {"id": TEAM, "name": "Bounce Desk demo"},
            "me": user,
            "bot": {"id": BOT_USER, "name": self._name()},
            "users": [
                {"id": u.id, "name": u.name, "real_name": u.real_name, "tz": u.tz}
                for u in space.users.values()
            ],
            "usergroups": list(space.usergroups),
            "outside": self._outside,
            "channels": [
                {"id": c.id, "name": c.name}
                for c in space.channels.values()
                if not c.is_direct or c.id == space.users[user].direct
            ],
            "messages": [self._message(m) for m in self._changed(user, version)],
            "modal": _view(stack[-1], len(stack)) if stack else None,
            "home": _view(home, 1) if home else None,
            "notices": [n for n in space.notices if n["user"] == user][-5:],
            "commands": self._features.get("slash_commands") or [],
            "app_home": self._features.get("app_home") or {},
            "shortcuts": self._features.get("shortcuts") or [],
        }

    def _changed(self, user: str, version: int) -> Iterable[SlackMessage]:
        for channel in list(self._workspace.messages.values()):
            for message in channel.values():
                if message.version > version and self._workspace.sees(user, message):
                    yield message

    def _message(self, message: SlackMessage) -> dict[str, Any]:
        if message.deleted:
            return {"channel": message.channel, "ts": message.ts, "deleted": True}
        return {
            **message_body(self._workspace, message),
            "channel": message.channel,
            "ephemeral": bool(message.only_for),
            "broadcast": message.broadcast,
            "chosen": message.chosen,
        }

    def _name(self) -> str:
        bot = self._features.get("bot_user") or {}
        return str(bot.get("display_name") or BOT_NAME)


def _view(view: View, depth: int) -> dict[str, Any]:
    return {**view_body(view), "errors": view.errors, "depth": depth}
