"""chat.* and reactions.*: post, update, delete; and the messages as Slack writes them."""

from typing import Any

from bot.sandbox.block_kit.limits import (
    POSTED_TEXT,
    check_message,
    check_metadata,
    check_updated_text,
)
from bot.sandbox.slack.api_error import ApiError
from bot.sandbox.slack.state import (
    APP,
    BOT,
    BOT_USER,
    TEAM,
    Channel,
    SlackMessage,
    Workspace,
    name_blocks,
)
from bot.sandbox.slack.web_api.arguments import Arguments


class Chat:
    """The methods that write to a channel."""

    def __init__(self, workspace: Workspace, scopes: frozenset[str], page_url: str) -> None:
        self._workspace = workspace
        self._scopes = scopes
        self._page_url = page_url

    def post_message(self, given: Arguments) -> dict[str, Any]:
        """chat.postMessage"""
        channel = self.writable(given.text("channel"), by_name=True)
        message = self._written(channel.id, given)
        self._workspace.add(message)
        body = message_body(self._workspace, message, metadata=True)
        return {"channel": channel.id, "ts": message.ts, "message": body}

    def post_ephemeral(self, given: Arguments) -> dict[str, Any]:
        """chat.postEphemeral"""
        channel = self.writable(given.text("channel"))
        user = given.text("user")
        if user not in self._workspace.users or (channel.is_direct and channel.id[1:] != user[1:]):
            raise ApiError("user_not_in_channel")
        message = self._written(channel.id, given)
        message.only_for = user
        self._workspace.add(message)
        return {"message_ts": message.ts}

    def update(self, given: Arguments) -> dict[str, Any]:
        """chat.update: what is left out of text and blocks goes; metadata and files stay."""
        message = self._own(given, "cant_update_message")
        text, blocks, attachments = content(given)
        check_updated_text(text)
        if "metadata" in given:
            message.metadata = _metadata(given)
        message.text, message.blocks, message.attachments = text, blocks, attachments
        message.edited_at = "" if blocks else self._workspace.stamp()
        message.broadcast = message.broadcast or given.flag("reply_broadcast")
        name_blocks(message.all_blocks)
        self._workspace.touch(message)
        body = message_body(self._workspace, message, metadata=True)
        return {"channel": message.channel, "ts": message.ts, "text": text, "message": body}

    def delete(self, given: Arguments) -> dict[str, Any]:
        """chat.delete"""
        message = self._own(given, "cant_delete_message")
        self._workspace.remove(message)
        return {"channel": message.channel, "ts": message.ts}

    def get_permalink(self, given: Arguments) -> dict[str, Any]:
        """chat.getPermalink: an address on the stand-in's page."""
        channel = self.known(given.text("channel"))
        ts = given.text("message_ts")
        message = self._workspace.find(channel.id, ts)
        if message is None or message.only_for:
            raise ApiError("message_not_found")
        link = f"{self._page_url}archives/{channel.id}/p{ts.replace('.', '')}"
        if message.is_reply:
            link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
        return {"channel": channel.id, "permalink": link}

    def add_reaction(self, given: Arguments) -> dict[str, Any]:
        """reactions.add"""
        channel = self.known(given.text("channel"))
        message = self._workspace.find(channel.id, given.text("timestamp"))
        name = given.text("name").strip(":")
        if message is None:
            raise ApiError("message_not_found")
        if not name.replace("_", "").replace("-", "").replace("+", "").isalnum():
            raise ApiError("invalid_name")
        people = message.reactions.setdefault(name, [])
        if BOT_USER in people:
            raise ApiError("already_reacted")
        people.append(BOT_USER)
        self._workspace.touch(message)
        return {}

    def known(self, channel: str) -> Channel:
        """Return a channel by its id; names are not accepted."""
        try:
            return self._workspace.channels[channel]
        except KeyError:
            raise ApiError("channel_not_found") from None

    def writable(self, channel: str, *, by_name: bool = False) -> Channel:
        """Return the channel to write to; posting alone also takes a name or a person."""
        found = self.known(self.resolve(channel) if by_name else channel)
        if found.is_archived:
            raise ApiError("is_archived")
        if not found.is_member and "chat:write.public" not in self._scopes:
            raise ApiError("not_in_channel")
        return found

    def resolve(self, channel: str) -> str:
        """Return the id behind a name or a person; what is unknown comes back as it is."""
        if channel in self._workspace.users:
            return self._workspace.users[channel].direct
        named = {c.name: c.id for c in self._workspace.channels.values() if not c.is_direct}
        return named.get(channel.removeprefix("#"), channel)

    def _written(self, channel: str, given: Arguments) -> SlackMessage:
        text, blocks, attachments = content(given)
        thread = given.text("thread_ts", "")
        if thread:
            thread = self._thread(channel, thread)
        return SlackMessage(
            channel=channel,
            ts=self._workspace.stamp(),
            user=BOT_USER,
            text=text[:POSTED_TEXT],
            blocks=blocks,
            attachments=attachments,
            thread_ts=thread,
            broadcast=bool(thread) and given.flag("reply_broadcast"),
            metadata=_metadata(given),
        )

    def _thread(self, channel: str, ts: str) -> str:
        """Return the first message of the thread that holds this one."""
        message = self._workspace.find(channel, ts)
        if message is None or message.only_for:
            raise ApiError("thread_not_found")
        return message.thread_ts or message.ts

    def _own(self, given: Arguments, refusal: str) -> SlackMessage:
        channel = self.known(given.text("channel"))
        message = self._workspace.find(channel.id, given.text("ts"))
        if message is None or message.only_for:
            raise ApiError("message_not_found")
        if message.user != BOT_USER:
            raise ApiError(refusal)
        return message


def content(given: Arguments) -> tuple[str, list[dict[str, Any]], list[dict[str, Any]]]:
    """Return text, blocks and attachments of a message, checked against Slack's limits."""
    text = given.text("text", "")
    blocks = given.listed("blocks", "invalid_blocks_format")
    attachments = given.listed("attachments", "invalid_attachments")
    if not (text or blocks or attachments):
        raise ApiError("no_text")
    check_message(blocks, attachments)
    return text, blocks, attachments


def _metadata(given: Arguments) -> dict[str, Any] | None:
    metadata = given.value("metadata", "invalid_metadata_format")
    if metadata is not None and metadata != {}:
        check_metadata(metadata)
    return metadata or None


def message_body(
    workspace: Workspace, message: SlackMessage, *, metadata: bool = False
) -> dict[str, Any]:
    """Return a message as Slack writes it."""
    body: dict[str, Any] = {
        "type": "message",
        "user": message.user,
        "ts": message.ts,
        "text": message.text,
        "team": TEAM,
    }
    if message.user == BOT_USER:
        body |= {"bot_id": BOT, "app_id": APP}
    if message.blocks:
        body["blocks"] = message.blocks
    if message.attachments:
        body["attachments"] = message.attachments
    if message.files:
        body["files"] = [workspace.files[name].body() for name in message.files]
    if message.edited_at:
        body["edited"] = {"user": message.user, "ts": message.edited_at}
    if metadata and message.metadata:
        body["metadata"] = message.metadata
    return body | _reactions(message) | _threading(workspace, message)


def _reactions(message: SlackMessage) -> dict[str, Any]:
    if not message.reactions:
        return {}
    return {
        "reactions": [
            {"name": name, "users": people, "count": len(people)}
            for name, people in message.reactions.items()
        ]
    }


def _threading(workspace: Workspace, message: SlackMessage) -> dict[str, Any]:
    if message.is_reply:
        broadcast = {"subtype": "thread_broadcast"} if message.broadcast else {}
        return {"thread_ts": message.thread_ts, **broadcast}
    replies = workspace.replies(message)
    if not replies:
        return {}
    people = list(dict.fromkeys(reply.user for reply in replies))
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users": people,
        "reply_users_count": len(people),
        "latest_reply": replies[-1].ts,
    }
