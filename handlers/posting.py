"""Posts or updates the Slack messages that are due in a channel, one at a time.

Only the holder of the channel's lease posts, at the rate that the store grants it. A post whose
answer is lost may have been delivered: it is looked for, by the key
in its metadata or the name of its file, before it is posted again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from handlers.desk import Desk
from handlers.slack import alert_message
from handlers.slack import block_kit as blocks
from handlers.slack.confirm_flag import flag_question
from handlers.slack.permalinks import Links, refusal
from handlers.slack.recipient_csv import recipient_list
from handlers.store import Due, Note, NotPosted
from resolutions.alert import Alert
from resolutions.catalogue.resolution import Family

EVENT_TYPE = "bounce_desk_post"
LEASE_SECONDS = 30.0
RETRY_SECONDS = 2.0
REFUSED_SECONDS = 60.0
"""Wait after an error that only a person can mend: a revoked token, an archived channel."""

LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
REMEMBERED = 10_000
SEARCHED_PAGES = 5
UNREADABLE = frozenset({"missing_scope", "not_in_channel", "channel_not_found", "thread_not_found"})
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
UNUSABLE = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "no_text"}
)
"""Slack refuses the message itself: it is posted as plain text instead, rather than not at all."""

log = logging.getLogger(__name__)


class UnmadeError(Exception):
    """A bug of ours while a message was made; nothing was sent."""


class Poster:
    """Posts what is due in a channel; the client of its desk must not retry by itself.

    `holder` names this process for the lease; `sleep` waits for the channel's turn.
    """

    def __init__(
        self,
        desk: Desk,
        channel: str,
        holder: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = desk.store
        self._slack = desk.slack
        self._sources = desk.sources
        self._catalogue = desk.catalogue
        self._channel = channel
        self._shown = desk.shown
        self._clock = desk.clock
        self._labels = desk.labels
        self._holder = holder
        self._sleep = sleep
        self._links = Links(desk.slack)
        self._listed: set[int] = set()

    async def post(self) -> bool:
        """Post or update what is due next; return whether there was anything."""
        if not await self._store.leases.lease_channel(self._channel, self._holder, LEASE_SECONDS):
            return False
        due = await self._store.posts.next_due(self._channel)
        if due is None:
            return False
        try:
            await self._send(due)
        except SlackApiError as error:
            await self._failed(due, error)
        except UnmadeError:
            log.exception("a message cannot be made")
            await self._store.posts.not_posted(due, NotPosted.REFUSED, REFUSED_SECONDS)
        except (TimeoutError, aiohttp.ClientError, OSError, SlackClientError) as error:
            log.warning("post without an answer", extra={"why": repr(error)})
            await self._store.posts.not_posted(due, NotPosted.UNANSWERED, RETRY_SECONDS)
        return True

    async def _send(self, due: Due) -> None:
        if due.uncertain and (ts := await self._find(due)):
            if due.alert is not None:
                await self._try_details(due.alert)
            await self._done(due, ts)
        elif due.alert is not None:
            await self._send_alert(due, due.alert)
        elif due.note is not None:
            await self._send_note(due, due.note)

    async def _send_alert(self, due: Due, alert: Alert) -> None:
        link = await self._links.of_message(*(alert.previous or ("", "")))
        beside = alert_message.Beside(link_of_previous=link, questions=await self._questions(alert))
        ts = await self._put(due, self._alert(alert, beside), alert.ts)
        await self._try_details(alert)
        await self._done(due, ts)

    async def _questions(self, alert: Alert) -> dict[str, blocks.Block]:
        """Return what buttons ask first: flagging, whom it would stop and what."""
        if alert.key.family is not Family.LIST:
            return {}
        count = await self._store.contacts.count_to_flag(alert.id)
        if not count:
            return {}
        lists = [self._sources.suppressing_of(tally.word) for tally in alert.words("source")]
        return {"deactivate": flag_question(lists, count, complaint=alert.key.complaint)}

    def _alert(self, alert: Alert, beside: alert_message.Beside) -> blocks.Message:
        """Return the message of an alert; one that cannot be made must not stop the others."""
        try:
            return alert_message.alert(
                alert,
                self._catalogue.of(alert.reason, complaint=alert.key.complaint),
                labels=self._labels,
                shown=self._shown,
                now=self._clock(),
                beside=beside,
            )
        except Exception as error:
            raise UnmadeError(f"a bug: {type(error).__name__}") from error

    async def _send_note(self, due: Due, note: Note) -> None:
        if note.file:
            ts = await self._upload(note)
        else:
            shown = [dict(block) for block in note.blocks] or blocks.plain(note.text)
            message = blocks.Message(blocks.cut(note.text, blocks.SPOKEN_LIMIT), shown)
            ts = await self._put(due, message, note.ts, note)
        await self._done(due, ts)

    async def _put(
        self, due: Due, message: blocks.Message, ts: str, note: Note | None = None
    ) -> str:
        """Update the message at `ts`, or post a new one; return its ts."""
        if ts:
            try:
                return await self._call("chat.update", due, message, {"ts": ts})
            except SlackApiError as error:
                if refusal(error) not in GONE:
                    raise
        more: dict[str, Any] = {"unfurl_links": False, "unfurl_media": False}
        if note is not None and note.thread_ts:
            more |= {"thread_ts": note.thread_ts, "reply_broadcast": note.broadcast}
        return await self._call("chat.postMessage", due, message, more)

    async def _call(
        self, method: str, due: Due, message: blocks.Message, more: Mapping[str, Any]
    ) -> str:
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"key": due.post_key}}
        arguments = {"channel": self._channel, "metadata": metadata, **more}
        await self._turn(method)
        try:
            answer = await self._slack.api_call(
                method,
                json={**arguments, "text": message.text, "blocks": list(message.blocks)},
            )
        except SlackApiError as error:
            if refusal(error) not in UNUSABLE:
                raise
            log.exception("message refused", extra={"method": method, "error": refusal(error)})
            text = blocks.cut(message.text, 900)
            await self._turn(method)
            answer = await self._slack.api_call(
                method, json={**arguments, "text": text, "blocks": blocks.plain(text)}
            )
        return str(answer["ts"])

    async def _turn(self, method: str) -> None:
        """Wait for this channel's turn, keeping its lease meanwhile."""
        wait = await self._store.leases.take_turn(method, self._channel)
        while wait > 0:
            step = min(wait, LEASE_SECONDS / 3)
            await self._sleep(step)
            wait -= step
            await self._store.leases.lease_channel(self._channel, self._holder, LEASE_SECONDS)

    async def _done(self, due: Due, ts: str) -> None:
        await self._store.posts.posted(due, self._channel, ts)

    async def _try_details(self, alert: Alert) -> None:
        """Queue who bounced; the alert is posted by now, and stays so whatever happens."""
        try:
            await self._queue_details(alert)
        except Exception:
            log.exception("the recipients cannot be listed", extra={"alert": alert.id})

    async def _queue_details(self, alert: Alert) -> None:
        """Queue who bounced, for the thread; an alert of one recipient needs none.

        Up to ten are shown one by one, and again when they change; more are a file, once.
        """
        if alert.recipients < 2 or alert.id in self._listed:
            return None
        deliveries = await self._store.deliveries.of_alert(alert.id, alert_message.THREAD_LIMIT + 1)
        if len(deliveries) > alert_message.THREAD_LIMIT:
            return await self._queue_list(alert)
        message = alert_message.thread(alert, deliveries, self._shown)
        note = Note(
            key=f"details:{alert.id}",
            alert_id=alert.id,
            text=message.text,
            blocks=message.blocks,
            renewable=True,
        )
        return await self._store.notes.queue(note)

    async def _queue_list(self, alert: Alert) -> None:
        """Queue the file of recipients; the store keeps the first one, so it is made once."""
        note = await recipient_list(
            self._store, alert, f"list:{alert.id}", self._shown, self._clock()
        )
        await self._store.notes.queue(note)
        if len(self._listed) >= REMEMBERED:
            self._listed.clear()
        self._listed.add(alert.id)

    async def _upload(self, note: Note) -> str:
        """Upload a note's file into the thread; return the thread's ts."""
        await self._turn("files.completeUploadExternal")
        await self._slack.files_upload_v2(
            channel=self._channel,
            thread_ts=note.thread_ts or None,
            filename=note.file_name,
            title=note.file_name,
            content=note.file,
            initial_comment=note.text,
        )
        return note.thread_ts

    async def _find(self, due: Due) -> str:
        """Return the ts of a post that went out although its answer was lost, else ""."""
        thread = due.note.thread_ts if due.note is not None else ""
        where = {"channel": self._channel, **({"ts": thread} if thread else {})}
        method = "conversations.replies" if thread else "conversations.history"
        cursor = ""
        for _ in range(SEARCHED_PAGES):
            more = {"cursor": cursor} if cursor else {}
            params = {**where, "include_all_metadata": "true", "limit": "200", **more}
            try:
                answer = await self._slack.api_call(method, http_verb="GET", params=params)
            except SlackApiError as error:
                if refusal(error) not in UNREADABLE:
                    raise
                return ""  # a late duplicate is better than a lost alert
            if ts := _ts_of(due, answer.get("messages") or []):
                return ts
            cursor = (answer.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                break
        return ""

    async def _failed(self, due: Due, error: SlackApiError) -> None:
        word, status = refusal(error), getattr(error.response, "status_code", 500)
        if status == 429 or word in LIMITED:
            wait = retry_after(error)
            log.warning("Slack limits us", extra={"seconds": wait})
            return await self._store.posts.not_posted(due, NotPosted.LIMITED, wait)
        if status >= 500 or word in {"internal_error", "fatal_error", "service_unavailable"}:
            log.warning("Slack fails", extra={"status": status, "error": word})
            return await self._store.posts.not_posted(due, NotPosted.UNANSWERED, RETRY_SECONDS)
        log.error("Slack refuses", extra={"error": word, "channel": self._channel})
        why = NotPosted.REFUSED if word else NotPosted.LIMITED
        return await self._store.posts.not_posted(due, why, REFUSED_SECONDS)


def retry_after(error: SlackApiError) -> float:
    """Return the seconds that Slack asks to wait; 30 where it does not say."""
    headers = {str(key).lower(): value for key, value in dict(error.response.headers).items()}
    try:
        return min(max(float(headers["retry-after"]), 1.0), 3_600.0)
    except (KeyError, TypeError, ValueError):
        return 30.0


def _ts_of(due: Due, messages: list[dict[str, Any]]) -> str:
    """Return the ts of the message with the key of a post, or with its file."""
    for message in messages:
        payload = (message.get("metadata") or {}).get("event_payload") or {}
        files = {file.get("name") for file in message.get("files") or []}
        if payload.get("key") == due.post_key or (due.note and due.note.file_name in files):
            return str(message["ts"])
    return ""
