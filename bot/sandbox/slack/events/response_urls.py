"""The addresses that Slack hands out for answers: five uses within half an hour."""

import secrets
from datetime import timedelta
from typing import Any

from bot.sandbox.slack.api_error import ApiError
from bot.sandbox.slack.records import Records
from bot.sandbox.slack.state import BOT_USER, ResponseUrl, SlackMessage, Workspace, name_blocks
from bot.sandbox.slack.web_api.arguments import Arguments
from bot.sandbox.slack.web_api.chat import content

USES = 5
LIFE = timedelta(minutes=30)


class ResponseUrls:
    """Makes response_urls and does what is posted to them."""

    def __init__(self, workspace: Workspace, records: Records) -> None:
        self.origin = ""
        self._workspace = workspace
        self._records = records

    def address(self, channel: str, user: str, message: SlackMessage | None = None) -> str:
        """Return a new response_url for what this person did."""
        token = secrets.token_urlsafe(24)
        self._workspace.response_urls[token] = ResponseUrl(
            channel=channel,
            user=user,
            at=self._workspace.clock(),
            message=message.ts if message else "",
        )
        return f"{self.origin}/response/{token}"

    def receive(self, token: str, given: Arguments) -> None:
        """Do what was posted to an address; raises ApiError, recorded where a limit was broken."""
        try:
            self._receive(token, given)
        except ApiError as refusal:
            self._records.violated("response_url", refusal.error, "; ".join(refusal.messages))
            raise

    def said(self, url: ResponseUrl, given: Arguments) -> None:
        """Show what a bot said to a person: an ephemeral message, or one for the channel."""
        text, blocks, attachments = content(given)
        public = given.text("response_type", "ephemeral") == "in_channel"
        message = SlackMessage(
            channel=url.channel,
            ts=self._workspace.stamp(),
            user=BOT_USER,
            text=text,
            blocks=blocks,
            attachments=attachments,
            thread_ts=given.text("thread_ts", ""),
            only_for="" if public else url.user,
        )
        self._workspace.add(message)

    def _receive(self, token: str, given: Arguments) -> None:
        url = self._workspace.response_urls.get(token)
        if url is None:
            raise ApiError("invalid_url")
        if self._workspace.clock() - url.at > LIFE:
            raise ApiError("expired_url")
        if url.uses >= USES:
            raise ApiError("used_url")
        url.uses += 1
        original = self._workspace.find(url.channel, url.message)
        if original is not None and given.flag("delete_original"):
            self._workspace.remove(original)
        elif original is not None and given.flag("replace_original"):
            self._replace(original, given)
        else:
            self.said(url, given)

    def _replace(self, message: SlackMessage, given: Arguments) -> None:
        message.text, message.blocks, message.attachments = content(given)
        name_blocks(message.all_blocks)
        self._workspace.touch(message)


def as_arguments(body: Any) -> Arguments | None:
    """Return what a bot put into the body of an answer, None where it said nothing.

    >>> as_arguments("hello").given
    {'text': 'hello'}
    """
    if isinstance(body, str) and body.strip():
        return Arguments({"text": body})
    return Arguments(body) if isinstance(body, dict) and body else None
