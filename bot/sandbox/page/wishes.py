"""What the page can do: each function takes the person and the wish that the browser sent."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from bot.sandbox.slack.events.gestures import Gestures
from bot.sandbox.slack.state import Workspace

Wish = dict[str, Any]


class Wishes:
    """Does on behalf of the page what a person wished; returns what the person is told, if any.

    Of commands only these are sent, as Slack sends only those of installed apps; () sends any.
    """

    def __init__(
        self, workspace: Workspace, gestures: Gestures, commands: Collection[str] = ()
    ) -> None:
        self._workspace = workspace
        self._gestures = gestures
        self._commands = commands

    async def click(self, user: str, wish: Wish) -> str:
        """Use an element of a message."""
        answer = await self._gestures.click(user, (wish["channel"], wish["ts"]), *_element(wish))
        return answer.shown

    async def click_view(self, user: str, wish: Wish) -> str:
        """Use an element of the top modal, or of the Home tab."""
        stack = self._workspace.stacks[user]
        view = self._workspace.homes[user] if wish["where"] == "home" else stack[-1]
        answer = await self._gestures.click_view(view, *_element(wish), _entries(wish))
        return answer.shown

    async def submit(self, user: str, wish: Wish) -> str:
        """Send the top modal."""
        return (await self._gestures.submit(user, _entries(wish))).shown

    async def close(self, user: str, wish: Wish) -> str:
        """Close the top modal, or all."""
        return (await self._gestures.close_view(user, all_views=bool(wish.get("all")))).shown

    async def home(self, user: str, _: Wish) -> str:
        """Open App Home."""
        return (await self._gestures.open_home(user)).shown

    async def write(self, user: str, wish: Wish) -> str:
        """Write what the composer holds: a slash command, or a message."""
        text, channel = str(wish["text"]).strip(), str(wish["channel"])
        thread = str(wish.get("thread_ts") or "")
        if not text or not self._workspace.is_in(user, channel):
            raise LookupError("nothing to write, or nowhere")
        if text.startswith("/"):
            return await self._command(user, channel, text, in_thread=bool(thread))
        self._gestures.say(user, channel, text, thread)
        return ""

    async def _command(self, user: str, channel: str, text: str, *, in_thread: bool) -> str:
        command, _, words = text.partition(" ")
        if in_thread:
            self._workspace.notice(user, f"{command} does not work in threads; use the channel.")
            return "not_in_threads"
        if self._commands and command not in self._commands:
            self._workspace.notice(user, f"{command} is not a valid command.")
            return "unknown_command"
        return (await self._gestures.command(user, channel, words.strip(), command)).shown

    async def shortcut(self, user: str, wish: Wish) -> str:
        """Choose a shortcut, of a message where one is named."""
        place = (str(wish["channel"]), str(wish["ts"])) if wish.get("ts") else None
        return (await self._gestures.shortcut(user, str(wish["callback_id"]), place)).shown


WISHES: dict[str, Callable[[Wishes, str, Wish], Awaitable[str]]] = {
    "click": Wishes.click,
    "click_view": Wishes.click_view,
    "submit": Wishes.submit,
    "close": Wishes.close,
    "home": Wishes.home,
    "write": Wishes.write,
    "shortcut": Wishes.shortcut,
}


def _element(wish: Wish) -> tuple[str, Any, str | None]:
    return str(wish["action_id"]), wish.get("value"), wish.get("block_id")


def _entries(wish: Wish) -> dict[str, Any]:
    return {str(block): dict(values) for block, values in dict(wish.get("entries") or {}).items()}
