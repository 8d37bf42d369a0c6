"""kill -9 at the worst moments: nothing is lost, nothing is counted twice."""

import asyncio
import sys

import pytest
from sqlalchemy import func, select

from bot.store.sql.tables import events
from bot.store.store import SqlStore
from handlers.provider import Parsed
from handlers.triage import Triage
from resolutions.rules.rulebook import Rulebook
from tests.bot.store.samples import event, request

CHILD = """
import asyncio, os, signal, sys
from datetime import UTC, datetime

from sqlalchemy import Engine, event as listening

from bot.store.options import Options
from bot.store.store import SqlStore
from handlers.provider import Parsed
from handlers.triage import Triage
from resolutions.operator import Operators
from resolutions.catalogue.resolution import Catalogue
from resolutions.rules.rulebook import Rulebook
from tests.bot.store.samples import event, request

url, moment = sys.argv[1:]


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


async def main():
    catalogue = Catalogue.load()
    options = Options(channel="C01DELIV", alone=False)
    async with SqlStore.open(url, lambda: datetime.now(UTC), options) as store:
        if moment == "before the commit":
            listening.listen(Engine, "commit", die)
        await store.events.record(request(), Parsed(events=[event(1), event(2)]))
        if moment == "after the commit":
            die()
        if moment == "before the fold is kept":
            listening.listen(Engine, "commit", die)
        await Triage(store.events, Rulebook.load(), Operators.load(), catalogue).triage()
        if moment == "after the fold":
            die()
        await store.posts.next_due("C01DELIV")
        die()


asyncio.run(main())
"""


async def killed(url: str, moment: str) -> None:
    """Run a process that is killed at a moment, and wait for its end."""
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", CHILD, url, moment)
    assert await child.wait() == -9


async def stored(store: SqlStore) -> int:
    async with store.database.reading() as connection:
        query = select(func.count()).select_from(events)
        return (await connection.execute(query)).scalar_one()


@pytest.fixture
def triage(operators, catalogue):
    """Give what does the work of a worker that comes after."""

    async def triage(store: SqlStore) -> list[int]:
        worker = Triage(store.events, Rulebook.load(), operators, catalogue)
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
