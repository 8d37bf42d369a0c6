"""A request of Slack that was taken once is refused at every replica, for ten minutes."""

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltRequest

from bot.slack import deduplicate
from bot.slack.app import make_app
from bot.store.store import SqlStore
from handlers.store import Repeats

CLICK = {
    "type": "block_actions",
    "user": {"id": "U1"},
    "team": {"id": "T1"},
    "container": {"message_ts": "1.2"},
    "actions": [{"type": "button", "action_id": "a", "value": "7", "action_ts": "3.4"}],
}
Make = Callable[[Repeats], AsyncApp]


class Replica:
    """One process: an application whose only button counts its clicks, or fails."""

    def __init__(self, app: AsyncApp) -> None:
        self._app = app
        self.clicks = 0
        self.fails = False
        app.action("a")(self._clicked)

    async def _clicked(self, ack: AsyncAck) -> None:
        self.clicks += 1
        if self.fails:
            raise RuntimeError("broken")
        await ack()

    async def receive(self, payload: dict[str, Any]) -> int:
        """Return the status that a payload is answered with."""
        headers: dict[str, str | Sequence[str]] = {"content-type": ["application/json"]}
        request = AsyncBoltRequest(body=json.dumps(payload), headers=headers)
        return (await self._app.async_dispatch(request)).status


@pytest.fixture
def make(furnish: Callable[..., Any]) -> Make:
    """Give what makes applications over one Slack that cannot be reached."""
    office = furnish("http://127.0.0.1:9/api/")
    return lambda repeats: make_app(office.settings, office.session, repeats)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a slow machine have its time."""
    monkeypatch.setattr(deduplicate, "REPEAT_SECONDS", 60.0)


async def test_a_repeat_at_another_replica_is_refused(
    make: Make, store: SqlStore, open_store: Any, clock: Any
) -> None:
    async with open_store() as beside:
        first, second = Replica(make(store.repeats)), Replica(make(beside.repeats))

        assert await first.receive(CLICK) == 200
        assert await second.receive(CLICK) == 200
        assert (first.clicks, second.clicks) == (1, 0)

        clock.advance(timedelta(minutes=10).total_seconds())
        await second.receive(CLICK)
        assert second.clicks == 1


async def test_what_failed_may_come_again(make: Make, store: SqlStore) -> None:
    replica = Replica(make(store.repeats))
    replica.fails = True
    assert await replica.receive(CLICK) == 500

    replica.fails = False

    assert await replica.receive(CLICK) == 200
    assert replica.clicks == 2


@pytest.mark.parametrize("wait", [None, 5.0])
async def test_a_store_that_does_not_answer_stops_nobody(
    make: Make, monkeypatch: pytest.MonkeyPatch, wait: float | None
) -> None:
    monkeypatch.setattr(deduplicate, "REPEAT_SECONDS", 0.01)
    replica = Replica(make(_Away(wait)))

    assert await replica.receive(CLICK) == 200
    assert replica.clicks == 1


class _Away:
    """What cannot say whether a key was seen: it waits in vain, or raises."""

    def __init__(self, wait: float | None) -> None:
        self._wait = wait

    async def seen(self, key: str, keep: timedelta) -> bool:
        if self._wait is None:
            raise OSError("away")
        await asyncio.sleep(self._wait)
        return True

    async def forget(self, key: str) -> None:
        raise AssertionError(key)
