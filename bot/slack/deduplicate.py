"""Requests that Slack, or somebody who kept one, sends again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from slack_bolt import BoltResponse

from handlers.store import Repeats

REPEAT_WINDOW = timedelta(minutes=10)
"""A signature is good for five minutes before and after its time stamp."""

REPEAT_SECONDS = 0.5
"""How long an answer, due in 3 s, may wait to learn whether its request is a repeat."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class Deduplicate:
    """Middleware that lets each click, command and event pass once in ten minutes.

    A replayed request carries a good signature for five minutes, at every replica: so what came
    is remembered in the database. What failed may come again. A database that does not answer
    soon stops nobody: what people ask for twice is done once anyway.
    """

    def __init__(self, repeats: Repeats) -> None:
        self._repeats = repeats
        self._asking: dict[str, asyncio.Task[Any]] = {}

    async def __call__(
        self, body: dict[str, Any], next_: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse | None:
        """Pass a request on, or answer a repeat with an empty 200."""
        key = repeat_key(body)
        if key and await self._came_before(key):
            log.info("repeated request", extra={"key": key})
            return BoltResponse(status=200)
        return await next_()

    async def failed(self, error: Exception, body: dict[str, Any]) -> None:
        """Log what a listener raised, and let the request come again, in the background."""
        log.error("listener failed", exc_info=error, extra={"type": body.get("type", "command")})
        if key := repeat_key(body):
            self._begin(key, self._repeats.forget(key))

    async def _came_before(self, key: str) -> bool:
        """Ask the store, which goes on writing if it takes too long to wait for."""
        asking = self._begin(key, self._repeats.seen(key, REPEAT_WINDOW))
        await asyncio.wait([asking], timeout=REPEAT_SECONDS)
        if not asking.done() or asking.exception() is not None:
            log.warning("not known whether a request is a repeat", extra={"key": key})
            return False
        return asking.result()

    def _begin(self, key: str, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Have the store do something in the background, for a key one thing after the other."""
        before = self._asking.get(key)

        async def follow() -> T:
            if before is not None:
                await asyncio.wait([before])
            return await work

        task = self._asking[key] = asyncio.create_task(follow(), name=key)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if self._asking.get(task.get_name()) is task:
            del self._asking[task.get_name()]
        if not task.cancelled() and (error := task.exception()):
            log.warning("repeats are not kept", extra={"why": str(error)})


def repeat_key(body: dict[str, Any]) -> str:
    """Return what names a request among its repeats, "" for one that may come as often as it likes.

    A command, shortcut or submission is named by its trigger, an event by its id, a click by who,
    where and when.
    """
    if event := body.get("event_id"):
        return f"event:{event}"
    if body.get("type") == "block_actions":
        actions = body.get("actions") or [{}]
        where = (body.get("container") or {}).get("message_ts") or (body.get("view") or {}).get(
            "id"
        )
        who = (body.get("user") or {}).get("id")
        return f"click:{who}:{where}:{actions[0].get('action_id')}:{actions[0].get('action_ts')}"
    if trigger := body.get("trigger_id"):
        return f"trigger:{body.get('type', 'command')}:{trigger}"
    return ""
