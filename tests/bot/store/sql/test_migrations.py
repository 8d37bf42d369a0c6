"""The migrations lead to the tables that the program knows, on both databases."""

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bot.store.sql.database import Database
from bot.store.sql.migration import HEAD, migrate, migrate_database
from bot.store.sql.revisions import SCRIPTS
from bot.store.sql.tables import metadata
from bot.store.store import SqlStore


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    postgres = request.getfixturevalue("postgres")
    name = await postgres.make()
    yield postgres.url(name)
    await postgres.drop(name)


def differences(connection: Connection) -> list[object]:
    return compare_metadata(MigrationContext.configure(connection), metadata)


async def test_migrations_lead_to_the_tables(store: SqlStore):
    async with store.database.reading() as connection:
        found = await connection.run_sync(differences)

    assert found == []


async def test_partial_indexes_have_the_predicates_of_the_tables(store: SqlStore):
    query = (
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
        if store.database.is_postgres
        else ("SELECT sql FROM sqlite_master WHERE type = 'index'")
    )
    async with store.database.reading() as connection:
        written = " ".join(str(row[0]) for row in await connection.execute(text(query)))

    partial = [
        index
        for table in metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    ]
    assert written.count(" WHERE ") == len(partial)


def test_the_head_is_the_last_revision():
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))

    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


async def test_migrating_twice_changes_nothing(empty_url: str):
    first = await migrate(empty_url)
    second = await migrate(empty_url)

    assert first == "the database was migrated from empty to revision 0002"
    assert second == "the database is up to date (revision 0002)"


async def test_replicas_that_start_at_once_migrate_once(empty_url: str, clock):
    databases = [Database.at(empty_url, clock) for _ in range(3)]

    said = await asyncio.gather(*(migrate_database(each) for each in databases))

    assert sorted(said)[0] == "the database is up to date (revision 0002)"
    assert len([line for line in said if "migrated" in line]) == 1
    for each in databases:
        await each.close()


async def test_a_newer_database_is_left_alone(store: SqlStore):
    async with store.database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(ValueError, match="upgrade bounce-desk"):
        await migrate_database(store.database)


async def test_a_second_serve_on_one_file_is_refused(tmp_path: Path, clock):
    url = f"sqlite:///{tmp_path / 'bounce.db'}"
    async with SqlStore.open(url, clock):
        with pytest.raises(OSError, match="another bounce process"):
            async with SqlStore.open(url, clock):
                pass

    async with SqlStore.open(url, clock):
        pass


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("bounce.db", "sqlite:///bounce.db"),
        ("mysql://here/there", "not supported"),
        ("sqlite://", "needs a file"),
        ("sqlite:////no/such/folder/bounce.db", "create it"),
        ("sqlite:////tmp", "folder"),
    ],
)
async def test_an_unusable_address_says_what_to_write(url: str, words: str, clock):
    with pytest.raises(ValueError, match=words):
        async with SqlStore.open(url, clock):
            pass


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    """Give a file that is no database."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear Ana,\n" * 100)
    return path


async def test_a_file_that_is_no_database_is_refused(letter: Path, clock):

    with pytest.raises(OSError, match=r"letter\.txt cannot be used: file is not a database"):
        async with SqlStore.open(f"sqlite:///{letter}", clock):
            pass


async def test_a_server_that_does_not_answer_is_named(clock):
    with pytest.raises(OSError, match="does not answer"):
        async with SqlStore.open("postgresql://u:secret@127.0.0.1:1/x", clock):
            pass
