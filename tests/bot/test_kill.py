"""kill -9 at the worst moments: nothing is lost, nothing is counted twice."""

import asyncio
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.store.sql.tables import events
from bot.store.store import SqlStore
from handlers.provider import Parsed
from handlers.triage import Triage
from tests.bot.store.samples import event, request

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.process


async def killed(url: str, moment: str) -> None:
    """Run a process that is killed at a moment, and wait for its end."""
    command = [sys.executable, "-m", "tests.bot.killed_process", url, moment]
    child = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    assert await child.wait() == -9


async def stored(store: SqlStore) -> int:
    async with store.database.reading() as connection:
        query = select(func.count()).select_from(events)
        return (await connection.execute(query)).scalar_one()


@pytest.fixture
def triage(rulebook, operators, catalogue):
    """Give what does the work of a worker that comes after."""

    async def triage(store: SqlStore) -> list[int]:
        worker = Triage(store.events, rulebook, operators, catalogue)
        while await worker.triage():
            pass
        return [alert.bounced for alert in await store.alerts.newest()]

    return triage


async def test_killed_before_the_commit_the_providers_repeat_stores_it(store, open_store, triage):
    await killed(open_store.url, "before the commit")
    assert await stored(store) == 0

    assert await store.events.record(request(), Parsed(events=[event(1), event(2)])) == 2

    assert await triage(store) == [2]


async def test_killed_before_the_answer_the_providers_repeat_adds_nothing(
    store, open_store, triage
):
    await killed(open_store.url, "after the commit")
    assert await stored(store) == 2

    assert await store.events.record(request(), Parsed(events=[event(1), event(2)])) == 0

    assert await triage(store) == [2]


@pytest.mark.parametrize("moment", ["before the fold is kept", "after the fold"])
async def test_killed_while_folding_each_event_counts_once(store, open_store, triage, moment):
    await killed(open_store.url, moment)

    assert await triage(store) == [2]
    assert await stored(store) == 2
