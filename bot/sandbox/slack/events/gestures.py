"""What people do in Slack: click, type a command, fill a modal, open App Home."""

from typing import Any

from bot.sandbox.block_kit.elements import STATEFUL
from bot.sandbox.slack.api_error import ApiError
from bot.sandbox.slack.events import payloads
from bot.sandbox.slack.events.dispatch import COMMAND, INTERACTIVE, BotAnswer, Dispatcher
from bot.sandbox.slack.events.response_urls import ResponseUrls, as_arguments
from bot.sandbox.slack.events.submissions import Submissions
from bot.sandbox.slack.records import Records
from bot.sandbox.slack.state import ResponseUrl, SlackMessage, User, View, Workspace
from bot.sandbox.slack.web_api.values import entered
from bot.sandbox.slack.web_api.views import view_body

TOLD = {
    "operation_timeout": "The app did not answer within three seconds.",
    "dispatch_failed": "The app could not be reached.",
}


class Gestures:
    """Turns what a person does into what Slack sends, and the answer into what the person sees.

    What a person cannot see or do raises LookupError or ValueError: the mistake is the caller's.
    """

    def __init__(
        self,
        workspace: Workspace,
        dispatcher: Dispatcher,
        response_urls: ResponseUrls,
        submissions: Submissions,
        records: Records,
    ) -> None:
        self._workspace = workspace
        self._dispatcher = dispatcher
        self._response_urls = response_urls
        self._submissions = submissions
        self._records = records

    async def click(
        self,
        user: str,
        place: tuple[str, str],
        action_id: str,
        value: Any = None,
        block_id: str | None = None,
    ) -> BotAnswer:
        """Use an element of the message at `place` (channel and ts)."""
        person, message = self._user(user), self._message(user, *place)
        found = payloads.find_element(message.all_blocks, action_id, block_id, value)
        _check_visible(found[1], user)
        done = payloads.action(found, value, self._workspace.stamp())
        if found[1]["type"] in STATEFUL:
            kept = message.chosen.setdefault(found[0]["block_id"], {})
            kept[action_id] = entered(found[1], value)
        payload = payloads.click_on_message(self._workspace, message, person, done)
        payload["trigger_id"] = self._workspace.trigger(user)
        payload["response_url"] = self._response_urls.address(message.channel, user, message)
        return await self._interact(user, payload)

    async def click_view(
        self,
        view: View,
        action_id: str,
        value: Any = None,
        block_id: str | None = None,
        entries: dict[str, Any] | None = None,
    ) -> BotAnswer:
        """Use an element of a modal or of the Home tab; what is entered there stays entered.

        `entries` is what was typed into other fields before: the bot is told of it, too.
        """
        self._submissions.enter(view, dict(entries or {}))
        found = payloads.find_element(view.body["blocks"], action_id, block_id, value)
        done = payloads.action(found, value, self._workspace.stamp())
        block, element = found
        if element["type"] in STATEFUL:
            kept = view.values.setdefault(block["block_id"], {})
            kept[action_id] = entered(element, value)
        payload = payloads.click_on_view(view, self._user(view.user), done)
        modal = view.id if view.body["type"] == "modal" else ""
        payload["trigger_id"] = self._workspace.trigger(view.user, modal)
        return await self._interact(view.user, payload)

    async def command(self, user: str, channel: str, text: str, command: str) -> BotAnswer:
        """Type a slash command."""
        person = self._user(user)
        payload = payloads.command(self._workspace, person, channel, (command, text))
        payload["trigger_id"] = self._workspace.trigger(user)
        payload["response_url"] = self._response_urls.address(channel, user)
        answer = await self._dispatcher.send(COMMAND, payload)
        if answer.shown:
            told = f"{command} failed with the error “{answer.shown}”"
            self._workspace.notice(user, told)
            return answer
        self._say(ResponseUrl(channel=channel, user=user, at=self._workspace.clock()), answer.body)
        return answer

    async def submit(self, user: str, entries: dict[str, Any]) -> BotAnswer:
        """Fill the top modal and send it."""
        return await self._submissions.submit(self._user(user), self._top(user), entries)

    async def close_view(self, user: str, *, all_views: bool = False) -> BotAnswer:
        """Close the top modal, or all of them."""
        return await self._submissions.close(self._user(user), all_views=all_views)

    async def shortcut(
        self, user: str, callback_id: str, place: tuple[str, str] | None = None
    ) -> BotAnswer:
        """Choose a global shortcut, or that of the message at `place`."""
        person = self._user(user)
        message = self._message(user, *place) if place else None
        payload = payloads.shortcut(
            self._workspace, person, callback_id, message, self._workspace.stamp()
        )
        payload["trigger_id"] = self._workspace.trigger(user)
        if message is not None:
            payload["response_url"] = self._response_urls.address(message.channel, user)
        return await self._interact(user, payload)

    async def open_home(self, user: str) -> BotAnswer:
        """Open App Home."""
        happened: dict[str, Any] = {
            "type": "app_home_opened",
            "user": user,
            "channel": self._user(user).direct,
            "event_ts": self._workspace.stamp(),
            "tab": "home",
        }
        view = self._workspace.homes.get(user)
        if view is not None:
            happened["view"] = view_body(view)
        return await self.event(happened)

    async def event(self, happened: dict[str, Any]) -> BotAnswer:
        """Send any event."""
        envelope = payloads.event(happened, self._workspace.clock().timestamp())
        return await self._dispatcher.event(envelope)

    def say(self, user: str, channel: str, text: str, thread_ts: str = "") -> SlackMessage:
        """Write a plain message."""
        message = SlackMessage(
            channel=channel,
            ts=self._workspace.stamp(),
            user=self._user(user).id,
            text=text,
            thread_ts=thread_ts,
        )
        return self._workspace.add(message)

    async def _interact(self, user: str, payload: dict[str, Any]) -> BotAnswer:
        answer = await self._dispatcher.send(INTERACTIVE, payload)
        if answer.shown:
            self._workspace.notice(user, f"{TOLD.get(answer.shown, '')} ({answer.shown})".strip())
        else:
            self._workspace.touch()
        return answer

    def _say(self, where: ResponseUrl, body: Any) -> None:
        given = as_arguments(body)
        if given is None:
            return
        try:
            self._response_urls.said(where, given)
        except ApiError as refusal:
            self._records.violated(COMMAND, refusal.error, "; ".join(refusal.messages))
            self._workspace.notice(where.user, f"The command failed: {refusal.error}")

    def _user(self, user: str) -> User:
        if user not in self._workspace.users:
            raise LookupError(f"no such person: {user}; there are {list(self._workspace.users)}")
        return self._workspace.users[user]

    def _message(self, user: str, channel: str, ts: str) -> SlackMessage:
        message = self._workspace.find(channel, ts)
        if message is None or not self._workspace.sees(user, message):
            raise LookupError(f"{user} sees no message {ts} in {channel}")
        return message

    def _top(self, user: str) -> View:
        stack = self._workspace.stacks[user]
        if not stack:
            raise LookupError(f"{user} has no modal open")
        return stack[-1]


def _check_visible(element: dict[str, Any], user: str) -> None:
    people = element.get("visible_to_user_ids")
    if people is not None and user not in people:
        raise LookupError(f"{user} does not see {element.get('action_id')}")
