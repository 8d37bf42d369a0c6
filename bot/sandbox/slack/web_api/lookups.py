"""The methods that look things up: conversations.*, users.info, usergroups.users.list."""

from typing import Any
from zoneinfo import ZoneInfo

from bot.sandbox.slack.api_error import ApiError
from bot.sandbox.slack.state import BOT_USER, TEAM, Channel, SlackMessage, Workspace
from bot.sandbox.slack.web_api.arguments import Arguments
from bot.sandbox.slack.web_api.chat import message_body

MOST = 999
USUAL = 100


class Lookups:
    """Answers about what is there."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def history(self, given: Arguments) -> dict[str, Any]:
        """conversations.history: newest first; of threads only what was sent to the channel too."""
        channel = self._readable(given)
        found = [
            message
            for message in self._workspace.shown(channel.id)
            if not message.only_for and (not message.is_reply or message.broadcast)
        ]
        return self._paged(list(reversed(found)), given)

    def replies(self, given: Arguments) -> dict[str, Any]:
        """conversations.replies: the first message, then the replies, oldest first."""
        channel = self._readable(given)
        message = self._workspace.find(channel.id, given.text("ts"))
        if message is None or message.only_for:
            raise ApiError("thread_not_found")
        parent = self._workspace.find(channel.id, message.thread_ts) or message
        return self._paged([parent, *self._workspace.replies(parent)], given)

    def conversation(self, given: Arguments) -> dict[str, Any]:
        """conversations.info"""
        return {"channel": _channel_body(self._channel(given.text("channel")))}

    def open_conversation(self, given: Arguments) -> dict[str, Any]:
        """conversations.open, with one person"""
        if "channel" in given:
            return {"channel": _channel_body(self._channel(given.text("channel")))}
        names = given.text("users").split(",")
        if len(names) != 1:
            raise ApiError("too_many_users")
        user = self._workspace.users.get(names[0])
        if user is None:
            raise ApiError("user_not_found")
        return {"channel": {"id": user.direct}}

    def user(self, given: Arguments) -> dict[str, Any]:
        """users.info"""
        user = self._workspace.users.get(given.text("user"))
        if user is None:
            raise ApiError("user_not_found")
        now = self._workspace.clock().astimezone(ZoneInfo(user.tz))
        offset = now.utcoffset()
        return {
            "user": {
                "id": user.id,
                "team_id": TEAM,
                "name": user.name,
                "real_name": user.real_name,
                "deleted": False,
                "is_bot": False,
                "tz": user.tz,
                "tz_label": now.tzname(),
                "tz_offset": int(offset.total_seconds()) if offset else 0,
                "profile": {"real_name": user.real_name, "display_name": user.name},
            }
        }

    def usergroup(self, given: Arguments) -> dict[str, Any]:
        """usergroups.users.list"""
        users = self._workspace.usergroups.get(given.text("usergroup"))
        if users is None:
            raise ApiError("no_such_subteam")
        return {"users": list(users)}

    def _channel(self, name: str) -> Channel:
        try:
            return self._workspace.channels[name]
        except KeyError:
            raise ApiError("channel_not_found") from None

    def _readable(self, given: Arguments) -> Channel:
        channel = self._channel(given.text("channel"))
        if not channel.is_member:
            raise ApiError("not_in_channel")
        return channel

    def _paged(self, messages: list[SlackMessage], given: Arguments) -> dict[str, Any]:
        limit = given.number("limit", USUAL)
        if not 1 <= limit <= MOST:
            raise ApiError("invalid_limit")
        wanted = [message for message in messages if _within(message.ts, given)]
        start = _cursor(given)
        page = wanted[start : start + limit]
        more = start + limit < len(wanted)
        metadata = given.flag("include_all_metadata")
        answer: dict[str, Any] = {
            "messages": [message_body(self._workspace, m, metadata=metadata) for m in page],
            "has_more": more,
        }
        if more:
            answer["response_metadata"] = {"next_cursor": f"next:{start + limit}"}
        return answer


def _within(ts: str, given: Arguments) -> bool:
    oldest, latest = given.text("oldest", ""), given.text("latest", "")
    inclusive = given.flag("inclusive")
    at = _seconds(ts)
    if oldest and (at < _seconds(oldest) or (at == _seconds(oldest) and not inclusive)):
        return False
    return not (latest and (at > _seconds(latest) or (at == _seconds(latest) and not inclusive)))


def _seconds(ts: str) -> tuple[int, int]:
    """Return a time stamp in a form that compares; a float would lose its last digits."""
    whole, _, part = ts.partition(".")
    try:
        return int(whole or 0), int((part or "0").ljust(6, "0")[:6])
    except ValueError:
        raise ApiError("invalid_ts_latest") from None


def _cursor(given: Arguments) -> int:
    cursor = given.text("cursor", "")
    if not cursor:
        return 0
    start = cursor.removeprefix("next:")
    if start == cursor or not start.isdigit():
        raise ApiError("invalid_cursor")
    return int(start)


def _channel_body(channel: Channel) -> dict[str, Any]:
    if channel.is_direct:
        return {"id": channel.id, "is_im": True, "user": "U" + channel.id[1:]}
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": True,
        "is_im": False,
        "is_private": False,
        "is_archived": channel.is_archived,
        "is_member": channel.is_member,
        "creator": BOT_USER,
    }
