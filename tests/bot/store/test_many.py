"""Many rows at once: how they are written, asked for, and by whom."""

import asyncio
import shutil
import threading

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError

from bot.store.sql.bulk_insert import LARGEST, SqliteInsert, Upsert
from bot.store.sql.bulk_select import among, listed
from bot.store.sql.tables import seen
from bot.store.store import SqlStore

NAMES = ("key", "until")


def unless_known(insert: Upsert) -> Upsert:
    return insert.on_conflict_do_nothing()


def rows(store: SqlStore, number: int) -> list[tuple[object, ...]]:
    return [(f"key {each}", store.database.clock()) for each in range(number)]


async def counted(store: SqlStore) -> int:
    async with store.database.reading() as connection:
        return (await connection.execute(select(func.count()).select_from(seen))).scalar_one()


@pytest.mark.parametrize("number", [0, 1, LARGEST - 1, LARGEST, 3 * LARGEST + 7])
async def test_any_number_of_rows_is_written(store, number):
    bulk = store.database.bulk(unless_known, seen, NAMES)

    await store.database.write(lambda connection: bulk.run(connection, rows(store, number)))

    assert await counted(store) == number


async def test_what_is_there_is_not_added_again(store):
    bulk = store.database.bulk(unless_known, seen, NAMES)
    await store.database.write(lambda connection: bulk.run(connection, rows(store, 3)))

    new = await store.database.write(lambda connection: bulk.add(connection, rows(store, 5)))

    assert new == {"key 3", "key 4"}
    assert await counted(store) == 5


def test_another_form_of_sqlalchemys_statement_is_refused_and_not_written():
    """What `SqliteInsert` repeats is SQLAlchemy's text: where that changes, this fails first."""
    dialect = sqlite.dialect()
    made = SqliteInsert(unless_known, seen, NAMES, dialect)
    assert made.statement(2) == (
        'INSERT INTO seen ("key", until) VALUES (?, ?), (?, ?) ON CONFLICT DO NOTHING'
    )

    def otherwise(insert: Upsert) -> Upsert:
        return insert.from_select(["key", "until"], select(seen.c.key, seen.c.until))

    with pytest.raises(TypeError, match="a form that is not known: INSERT INTO seen"):
        SqliteInsert(otherwise, seen, NAMES, dialect)


async def test_rows_are_asked_for_by_many_values(store):
    bulk = store.database.bulk(unless_known, seen, NAMES)
    await store.database.write(lambda connection: bulk.run(connection, rows(store, 1_000)))

    async def ask(wanted: list[str]) -> list[list[str]]:
        def work(connection: Connection) -> list[list[str]]:
            query = select(seen.c.key).where(among(connection, seen.c.key, wanted))
            return [list(row) for row in listed(connection, query.order_by(seen.c.key))]

        return await store.database.write(work)

    assert await ask(["key 7", "key 5", "unknown"]) == [["key 5"], ["key 7"]]
    assert await ask([]) == []
    assert len(await ask([f"key {each}" for each in range(2_000)])) == 1_000


async def test_a_transaction_that_fails_leaves_nothing_behind(store):
    bulk = store.database.bulk(lambda insert: insert, seen, NAMES)

    with pytest.raises(IntegrityError):
        await store.database.write(lambda connection: bulk.run(connection, rows(store, 2) * 2))

    assert await counted(store) == 0


async def test_who_is_cancelled_waits_for_the_end_of_its_transaction(
    sqlite_template, tmp_path, clock
):
    begun, go_on = threading.Event(), threading.Event()
    file = shutil.copy(sqlite_template, tmp_path / "bounce.db")
    async with SqlStore.open(f"sqlite:///{file}", clock) as store:
        bulk = store.database.bulk(unless_known, seen, NAMES)

        def work(connection: Connection) -> None:
            begun.set()
            go_on.wait(10)
            bulk.run(connection, rows(store, 1))

        writing = asyncio.create_task(store.database.write(work))
        await asyncio.to_thread(begun.wait, 10)
        writing.cancel()
        await asyncio.sleep(0)
        assert not writing.done()

        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert await counted(store) == 1
