"""views.*: one stack of at most three modals a person, and a Home tab each."""

import secrets
from datetime import timedelta
from typing import Any

from bot.sandbox.block_kit.limits import check_view
from bot.sandbox.slack.api_error import ApiError
from bot.sandbox.slack.state import (
    APP,
    BOT,
    STACK,
    TEAM,
    Trigger,
    View,
    Workspace,
    name_blocks,
    new_id,
)
from bot.sandbox.slack.web_api.arguments import Arguments
from bot.sandbox.slack.web_api.values import initial_values

TRIGGER_LIFE = timedelta(seconds=3)


class Modals:
    """The methods that show modals and Home tabs."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def open(self, given: Arguments) -> dict[str, Any]:
        """views.open: the first view of a new stack."""
        trigger = self._trigger(given)
        body = self._view(given, "modal")
        trigger.used = True
        self._workspace.stacks[trigger.user].clear()
        return {"view": view_body(self.show(trigger.user, body))}

    def push(self, given: Arguments) -> dict[str, Any]:
        """views.push: upon the view that the trigger came from."""
        trigger = self._trigger(given)
        body = self._view(given, "modal")
        stack = self._workspace.stacks[trigger.user]
        if not trigger.view or not stack:
            raise ApiError("invalid_trigger_id")
        if len(stack) >= STACK:
            raise ApiError("push_limit_reached")
        trigger.used = True
        return {"view": view_body(self.show(trigger.user, body))}

    def update(self, given: Arguments) -> dict[str, Any]:
        """views.update: by view_id or external_id; a stale hash is refused."""
        view = self._open_view(given)
        body = self._view(given, "modal" if view.body["type"] == "modal" else "home")
        _check_hash(view, given)
        self.replace(view, body)
        return {"view": view_body(view)}

    def publish(self, given: Arguments) -> dict[str, Any]:
        """views.publish: the Home tab of a person."""
        user = given.text("user_id")
        if user not in self._workspace.users:
            raise ApiError("user_not_found")
        body = self._view(given, "home")
        view = self._workspace.homes.get(user)
        if view is None:
            name = new_id("V")
            view = View(id=name, user=user, body=body, hash="", root=name)
            self._workspace.homes[user] = view
        else:
            _check_hash(view, given)
        self.replace(view, body)
        return {"view": view_body(view)}

    def show(self, user: str, body: dict[str, Any]) -> View:
        """Put a checked view on top of a person's stack."""
        stack = self._workspace.stacks[user]
        name = new_id("V")
        view = View(
            id=name,
            user=user,
            body=body,
            hash="",
            root=stack[0].id if stack else name,
            previous=stack[-1].id if stack else None,
        )
        stack.append(view)
        self.replace(view, body)
        return view

    def replace(self, view: View, body: dict[str, Any]) -> None:
        """Show another body in a view; what was entered stays where block and action stay."""
        name_blocks(body["blocks"])
        before = view.values
        view.body, view.errors = body, {}
        view.values = initial_values(body["blocks"])
        for block, actions in view.values.items():
            for action, value in actions.items():
                entered = before.get(block, {}).get(action)
                if entered is not None and entered["type"] == value["type"]:
                    actions[action] = entered
        view.hash = f"{int(self._workspace.clock().timestamp())}.{secrets.token_hex(4)}"
        self._workspace.touch()

    def _trigger(self, given: Arguments) -> Trigger:
        if "trigger_id" not in given:
            raise ApiError("invalid_arguments", ["[ERROR] missing required field: trigger_id"])
        trigger = self._workspace.triggers.get(given.text("trigger_id"))
        if trigger is None:
            raise ApiError("invalid_trigger_id")
        if trigger.used:
            raise ApiError("exchanged_trigger_id")
        if self._workspace.clock() - trigger.at > TRIGGER_LIFE:
            raise ApiError("expired_trigger_id")
        return trigger

    def _view(self, given: Arguments, kind: str) -> dict[str, Any]:
        view = given.value("view")
        if view is None:
            raise ApiError("invalid_arguments", ["[ERROR] missing required field: view"])
        check_view(view, kind)
        external = view.get("external_id")
        if external and any(
            other.body.get("external_id") == external
            for other in self._all()
            if other.id != given.text("view_id", "") and given.text("external_id", "") != external
        ):
            raise ApiError("duplicate_external_id")
        body: dict[str, Any] = view
        return body

    def _open_view(self, given: Arguments) -> View:
        if "view_id" not in given and "external_id" not in given:
            raise ApiError("invalid_arguments", ["[ERROR] missing required field: view_id"])
        name, external = given.text("view_id", ""), given.text("external_id", "")
        for view in self._all():
            if view.id == name or (external and view.body.get("external_id") == external):
                return view
        raise ApiError("not_found")

    def _all(self) -> list[View]:
        stacked = [view for stack in self._workspace.stacks.values() for view in stack]
        return [*stacked, *self._workspace.homes.values()]


def view_body(view: View) -> dict[str, Any]:
    """Return a view as Slack writes it, with what was entered as its state."""
    body = view.body
    title = {"title": None, "submit": None, "close": None}
    return {
        **title,
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        "clear_on_close": False,
        "notify_on_close": False,
        **body,
        "id": view.id,
        "team_id": TEAM,
        "state": {"values": view.values},
        "hash": view.hash,
        "root_view_id": view.root,
        "previous_view_id": view.previous,
        "app_id": APP,
        "app_installed_team_id": TEAM,
        "bot_id": BOT,
    }


def _check_hash(view: View, given: Arguments) -> None:
    wanted = given.text("hash", "")
    if wanted and wanted != view.hash:
        raise ApiError("hash_conflict")
