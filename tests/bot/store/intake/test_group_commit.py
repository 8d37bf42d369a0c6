"""The intake shares transactions, stays bounded, and never claims what is not stored."""

import asyncio
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.store.intake.group_commit import Answer, Intake, UnwritableError
from bot.store.options import Limits
from bot.store.sql.database import AwayError, WriteLock
from bot.store.sql.tables import events
from bot.store.store import SqlStore
from handlers.errors import BusyError, ReplayedError
from handlers.provider import Parsed
from tests.bot.store.samples import event, request


@dataclass(frozen=True)
class Submission:
    """A request: what it says, how many rows and bytes it takes."""

    content: Any
    rows: int
    size: int


@dataclass
class Paper:
    """Where an intake writes: groups as they came, one after the other when it may."""

    free: asyncio.Event = field(default_factory=asyncio.Event)
    groups: list[list[Any]] = field(default_factory=list)
    kept: list[tuple[Any, str]] = field(default_factory=list)
    broken: BaseException | None = None

    async def write(self, requests: Sequence[Submission]) -> list[Answer]:
        await self.free.wait()
        group = [request.content for request in requests]
        if self.broken is not None:
            raise self.broken
        if "poison" in group:
            raise UnwritableError("cannot be encoded")
        self.groups.append(group)
        return [ReplayedError("replayed") if each == "replay" else 1 for each in group]

    async def give_up(self, one: Submission, why: str) -> int:
        self.kept.append((one.content, why))
        return 0


@pytest.fixture
def paper() -> Paper:
    return Paper()


def small(**changes: Any) -> Limits:
    return Limits(**({"group_rows": 3, "group_bytes": 100, "waiting_requests": 5} | changes))


async def ticked() -> None:
    """Let everything that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_requests_that_wait_share_a_transaction_up_to_its_rows(paper):
    async with Intake(paper, small()) as intake:
        first = asyncio.create_task(intake.submit(Submission("first", 1, 1)))
        await ticked()
        others = [asyncio.create_task(intake.submit(Submission(n, 1, 1))) for n in range(5)]
        await ticked()
        paper.free.set()
        new = await asyncio.gather(first, *others)

    assert new == [1] * 6
    assert paper.groups == [["first"], [0, 1, 2], [3, 4]]


async def test_a_large_request_is_a_group_of_its_own(paper):
    async with Intake(paper, small()) as intake:
        given = [("a", 1, 1), ("large", 1, 1_000), ("many", 50, 1), ("b", 1, 1)]
        asked = [asyncio.create_task(intake.submit(Submission(*each))) for each in given]
        await ticked()
        paper.free.set()
        await asyncio.gather(*asked)

    assert paper.groups == [["a"], ["large"], ["many"], ["b"]]


async def test_a_full_queue_refuses_at_once(paper):
    async with Intake(paper, small()) as intake:
        asked = [asyncio.create_task(intake.submit(Submission(0, 1, 1)))]
        await ticked()  # the writer has it
        asked += [asyncio.create_task(intake.submit(Submission(n, 1, 1))) for n in range(5)]
        await ticked()

        with pytest.raises(BusyError, match="full"):
            await intake.submit(Submission("too much", 1, 1))

        paper.free.set()
        assert await asyncio.gather(*asked) == [1] * 6
        assert await intake.submit(Submission("later", 1, 1)) == 1


async def test_the_bytes_that_wait_are_bounded_too(paper):
    async with Intake(paper, small(waiting_bytes=100)) as intake:
        asked = [asyncio.create_task(intake.submit(Submission(0, 1, 1)))]
        await ticked()
        asked += [asyncio.create_task(intake.submit(Submission(1, 1, 90)))]
        await ticked()

        with pytest.raises(BusyError, match="full"):
            await intake.submit(Submission("too large", 1, 11))

        paper.free.set()
        await asyncio.gather(*asked)
        assert await intake.submit(Submission("alone it is taken", 1, 1_000)) == 1


async def test_the_culprit_of_a_group_is_kept_and_the_others_stored(paper):
    paper.free.set()
    async with Intake(paper, Limits()) as intake:
        said = ["a", "poison", "replay", "b"]
        answers = await asyncio.gather(
            *(intake.submit(Submission(each, 1, 1)) for each in said), return_exceptions=True
        )

    assert [answers[0], answers[1], answers[3]] == [1, 0, 1]
    assert isinstance(answers[2], ReplayedError)
    assert paper.kept == [("poison", "cannot be encoded")]


async def test_a_broken_database_is_told_to_all_and_the_writer_lives_on(paper):
    paper.free.set()
    paper.broken = RuntimeError("no such table")
    async with Intake(paper, Limits()) as intake:
        with pytest.raises(BusyError, match="no such table"):
            await intake.submit(Submission("a", 1, 1))
        paper.broken = None
        assert await intake.submit(Submission("b", 1, 1)) == 1


async def test_who_waits_too_long_is_refused_before_the_provider_hangs_up(paper):
    async with Intake(paper, Limits(seconds=0)) as intake:
        with pytest.raises(BusyError, match="slow"):
            await intake.submit(Submission("a", 1, 1))
        paper.free.set()
        await ticked()

    assert paper.groups in ([], [["a"]])  # it may be stored: the provider's repeat is harmless


async def test_the_end_writes_what_waits_and_takes_nothing_more(paper):
    async with Intake(paper, Limits()) as intake:
        asked = asyncio.create_task(intake.submit(Submission("a", 1, 1)))
        await ticked()
        paper.free.set()

    assert await asked == 1
    with pytest.raises(BusyError, match="stopping"):
        await intake.submit(Submission("b", 1, 1))


# With a real database


async def stored(store: SqlStore) -> int:
    async with store.database.reading() as connection:
        query = select(func.count()).select_from(events)
        return (await connection.execute(query)).scalar_one()


async def pages(store: SqlStore) -> int:
    async with store.database.reading() as connection:
        return (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()


async def set_pragma(store: SqlStore, wanted: str) -> None:
    """Set something of the connection that whole transactions run on."""
    await store.database.write(lambda connection: connection.exec_driver_sql(f"PRAGMA {wanted}"))


@pytest.fixture
def file(sqlite_template: Path, tmp_path: Path) -> Path:
    """Give an SQLite file with the tables."""
    return Path(shutil.copy(sqlite_template, tmp_path / "bounce.db"))


async def test_a_locked_file_is_busy_and_never_a_false_success(file: Path, clock):
    async with SqlStore.open(f"sqlite:///{file}", clock) as store:
        await set_pragma(store, "busy_timeout = 1")
        holder = sqlite3.connect(file, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")

        with pytest.raises(BusyError, match="locked"):
            await store.events.record(request(), Parsed(events=[event(1)]))
        assert await stored(store) == 0

        holder.execute("ROLLBACK")
        holder.close()
        assert await store.events.record(request(), Parsed(events=[event(1)])) == 1
        assert await stored(store) == 1


async def test_a_full_disk_is_busy_and_never_a_false_success(file: Path, clock):
    async with SqlStore.open(f"sqlite:///{file}", clock) as store:
        await set_pragma(store, f"max_page_count = {await pages(store) + 3}")
        large = [event(number, raw="x" * 10_000) for number in range(100)]

        with pytest.raises(BusyError, match="full"):
            await store.events.record(request(), Parsed(events=large))
        assert await stored(store) == 0

        await set_pragma(store, "max_page_count = 1000000")
        assert await store.events.record(request(), Parsed(events=large)) == 100


async def test_a_database_that_goes_away_is_busy_and_comes_back(postgres, clock):
    name = await postgres.make(postgres.template)
    async with SqlStore.open(postgres.url(name), clock) as store:
        await store.events.record(request(), Parsed(events=[event(1)]))
        await postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await postgres.disconnect(name)

        with pytest.raises(BusyError):
            await store.events.record(request(), Parsed(events=[event(2)]))

        await postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        assert await store.events.record(request(), Parsed(events=[event(2)])) == 1
        assert await stored(store) == 2
    await postgres.drop(name)


# Turns at the one writer of SQLite


async def test_people_overtake_the_others_at_the_writer():
    write_lock, order = WriteLock(), []

    async def pass_through(name: str, urgent: bool) -> None:
        async with write_lock.turn(urgent):
            order.append(name)
            await asyncio.sleep(0)

    names = [("first", False), ("second", False), ("third", False), ("person", True)]
    await asyncio.gather(*(pass_through(*each) for each in names))

    assert order == ["first", "person", "second", "third"]


async def test_who_gives_up_waiting_does_not_block_the_writer():
    write_lock = WriteLock()

    async def pass_through() -> str:
        async with write_lock.turn(urgent=False):
            await asyncio.sleep(0)
            return "through"

    tasks = [asyncio.create_task(pass_through()) for _ in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.sleep(0)
    tasks[2].cancel()

    answers = await asyncio.gather(*tasks, return_exceptions=True)

    assert [answers[0], answers[3]] == ["through", "through"]
    assert await pass_through() == "through"


async def test_a_person_does_not_wait_for_ever_at_the_writer():
    write_lock = WriteLock(patience=0.01)

    async with write_lock.turn(urgent=False):
        with pytest.raises(AwayError, match="busy"):
            async with write_lock.turn(urgent=True):
                pass

    async with write_lock.turn(urgent=True):
        pass
