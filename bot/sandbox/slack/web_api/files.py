"""files.*: ask for an upload address, upload, share, delete."""

import secrets
from typing import Any

from bot.sandbox.block_kit.limits import check_message
from bot.sandbox.slack.api_error import ApiError
from bot.sandbox.slack.state import BOT_USER, File, SlackMessage, Workspace, new_id
from bot.sandbox.slack.web_api.arguments import Arguments
from bot.sandbox.slack.web_api.chat import Chat

LARGEST = 1024**3


class Uploads:
    """The methods around files."""

    def __init__(self, workspace: Workspace, chat: Chat, origin: str) -> None:
        self._workspace = workspace
        self._chat = chat
        self._origin = origin
        self._addresses: dict[str, str] = {}

    def get_upload_url(self, given: Arguments) -> dict[str, Any]:
        """files.getUploadURLExternal"""
        length = given.number("length")
        name = given.text("filename")
        if not 1 <= length <= LARGEST:
            raise ApiError("invalid_arguments", ["[ERROR] length must be more than 0"])
        file = File(id=new_id("F"), name=name, length=length, alt_text=given.text("alt_txt", ""))
        self._workspace.files[file.id] = file
        token = secrets.token_urlsafe(24)
        self._addresses[token] = file.id
        return {"upload_url": f"{self._origin}/upload/v1/{token}", "file_id": file.id}

    def receive(self, token: str, content: bytes) -> bool:
        """Keep uploaded bytes; false where nobody asked for them, or for another length."""
        file = self._workspace.files.get(self._addresses.get(token, ""))
        if file is None or len(content) != file.length:
            return False
        file.content = content
        del self._addresses[token]
        return True

    def complete(self, given: Arguments) -> dict[str, Any]:
        """files.completeUploadExternal: share what was uploaded, in one message."""
        files = [self._uploaded(entry) for entry in given.listed("files")]
        if not files:
            raise ApiError("invalid_arguments", ["[ERROR] missing required field: files"])
        if "channel_id" in given:
            self._share(files, given)
        for file in files:
            file.complete = True
        return {"files": [{"id": file.id, "title": file.title or file.name} for file in files]}

    def delete(self, given: Arguments) -> dict[str, Any]:
        """files.delete: the file goes, and from its messages too."""
        name = given.text("file")
        if name not in self._workspace.files:
            raise ApiError("file_not_found")
        del self._workspace.files[name]
        for channel in list(self._workspace.messages):
            for message in list(self._workspace.shown(channel)):
                self._take_from(message, name)
        return {}

    def _take_from(self, message: SlackMessage, name: str) -> None:
        if name not in message.files:
            return
        message.files.remove(name)
        if message.files or message.text or message.blocks:
            self._workspace.touch(message)
        else:
            self._workspace.remove(message)

    def _uploaded(self, entry: Any) -> File:
        name = entry.get("id") if isinstance(entry, dict) else None
        file = self._workspace.files.get(str(name))
        if file is None or file.content is None or file.complete:
            raise ApiError("file_not_found" if file is None else "file_update_failed")
        file.title = str(entry.get("title") or "")
        return file

    def _share(self, files: list[File], given: Arguments) -> None:
        channel = self._chat.writable(given.text("channel_id"))
        thread = given.text("thread_ts", "")
        parent = self._workspace.find(channel.id, thread) if thread else None
        if thread and parent is None:
            raise ApiError("thread_not_found")
        blocks = given.listed("blocks", "invalid_blocks_format")
        check_message(blocks, [])
        self._workspace.add(
            SlackMessage(
                channel=channel.id,
                ts=self._workspace.stamp(),
                user=BOT_USER,
                text=given.text("initial_comment", ""),
                blocks=blocks,
                thread_ts=(parent.thread_ts or parent.ts) if parent else "",
                files=[file.id for file in files],
            )
        )
