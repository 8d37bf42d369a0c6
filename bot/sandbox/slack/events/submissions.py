"""Modals that people send or close, and what the bot's answer does to the stack."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bot.sandbox.block_kit.elements import STATEFUL
from bot.sandbox.block_kit.limits import check_view, elements_of
from bot.sandbox.slack.api_error import ApiError
from bot.sandbox.slack.events import payloads
from bot.sandbox.slack.events.dispatch import INTERACTIVE, BotAnswer, Dispatcher
from bot.sandbox.slack.records import Records
from bot.sandbox.slack.state import STACK, User, View, Workspace
from bot.sandbox.slack.web_api.values import EntryError, entered, missing
from bot.sandbox.slack.web_api.views import Modals

TROUBLE = "We had some trouble connecting. Try again?"


class Submissions:
    """Sends view_submission and view_closed, and follows `response_action`."""

    def __init__(
        self, workspace: Workspace, dispatcher: Dispatcher, modals: Modals, records: Records
    ) -> None:
        self._workspace = workspace
        self._dispatcher = dispatcher
        self._modals = modals
        self._records = records

    async def submit(self, user: User, view: View, entries: dict[str, Any]) -> BotAnswer:
        """Enter values, by block_id or action_id, or by both as a table, and send the modal.

        What is required and missing is shown below its field, and nothing is sent: `errors`.
        """
        view.errors = self.enter(view, entries)
        if view.errors:
            self._workspace.touch()
            return BotAnswer(status=0, shown="errors")
        payload = payloads.submission(view, user)
        payload["trigger_id"] = self._workspace.trigger(user.id, view.id)
        answer = await self._dispatcher.send(INTERACTIVE, payload)
        if answer.shown:
            view.errors = {"": TROUBLE}
        else:
            answer = self._follow(view, answer)
        self._workspace.touch()
        return answer

    async def close(self, user: User, *, all_views: bool) -> BotAnswer:
        """Close the top modal or the whole stack; the bot hears of it where it asked to."""
        stack = self._workspace.stacks[user.id]
        if not stack:
            raise LookupError(f"{user.id} has no modal open")
        closed = stack[-1]
        cleared = all_views or bool(closed.body.get("clear_on_close"))
        gone = list(reversed(stack)) if cleared else [closed]
        del stack[len(stack) - len(gone) :]
        self._workspace.touch()
        answer = BotAnswer(status=200)
        for view in gone:
            if view.body.get("notify_on_close"):
                payload = payloads.closing(view, user, cleared=cleared)
                answer = await self._dispatcher.send(INTERACTIVE, payload)
        return answer

    def enter(self, view: View, entries: dict[str, Any]) -> dict[str, str]:
        """Keep what was entered in a view; return the complaints by block_id."""
        left, errors = dict(entries), {}
        for block in view.body["blocks"]:
            for element in elements_of(block):
                if element["type"] not in STATEFUL:
                    continue
                complaint = self._fill(view, block, element, left)
                if complaint:
                    errors[block["block_id"]] = complaint
        if left:
            raise LookupError(f"the modal has no field {', '.join(left)}")
        return errors

    def _fill(
        self, view: View, block: dict[str, Any], element: dict[str, Any], left: dict[str, Any]
    ) -> str:
        """Take the entry of one element out of `left`; return the complaint below its field."""
        state = view.values[block["block_id"]]
        name = element["action_id"]
        for value in _taken(left, block["block_id"], name):
            try:
                state[name] = entered(element, value)
            except EntryError as error:
                return str(error)
        return missing(block, element, state[name]) if block["type"] == "input" else ""

    def _follow(self, view: View, answer: BotAnswer) -> BotAnswer:
        stack = self._workspace.stacks[view.user]
        if not isinstance(answer.body, dict) or not answer.body:
            if view in stack:
                del stack[stack.index(view) :]
            return answer
        try:
            return self._respond(view, answer)
        except ApiError as refusal:
            self._records.violated("view_submission", refusal.error, "; ".join(refusal.messages))
            view.errors = {"": TROUBLE}
            return replace(answer, shown=refusal.error)

    def _respond(self, view: View, answer: BotAnswer) -> BotAnswer:
        kind = answer.body.get("response_action")
        follow = {
            "errors": self._errors,
            "update": self._update,
            "push": self._push,
            "clear": self._clear,
        }.get(kind)
        if follow is None:
            raise ApiError("invalid_response_action", [f"[ERROR] response_action: {kind}"])
        follow(view, answer.body)
        return replace(answer, shown="errors" if kind == "errors" else "")

    def _errors(self, view: View, body: dict[str, Any]) -> None:
        errors = body.get("errors")
        fields = {b["block_id"] for b in view.body["blocks"] if b["type"] == "input"}
        if not isinstance(errors, dict) or not errors:
            raise ApiError("invalid_arguments", ["[ERROR] missing required field: errors"])
        if strange := [name for name in errors if name not in fields]:
            raise ApiError("invalid_arguments", [f"[ERROR] no input block: {', '.join(strange)}"])
        view.errors = {str(name): str(text) for name, text in errors.items()}

    def _update(self, view: View, body: dict[str, Any]) -> None:
        check_view(body.get("view"), "modal")
        self._modals.replace(view, body["view"])

    def _push(self, view: View, body: dict[str, Any]) -> None:
        check_view(body.get("view"), "modal")
        if len(self._workspace.stacks[view.user]) >= STACK:
            raise ApiError("push_limit_reached")
        self._modals.show(view.user, body["view"])

    def _clear(self, view: View, _: dict[str, Any]) -> None:
        self._workspace.stacks[view.user].clear()


def _taken(left: dict[str, Any], block: str, action: str) -> Iterator[Any]:
    """Give the entry of one element, taking it out of `left`."""
    table = left.get(block)
    if isinstance(table, dict):
        if action in table:
            yield table.pop(action)
        if not table:
            del left[block]
        return
    for key in (block, action):
        if key in left:
            yield left.pop(key)
            return
