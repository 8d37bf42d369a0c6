"""Brings a database to the tables of this release."""

from datetime import UTC, datetime

from sqlalchemy import Connection, inspect, text

from bot.store.sql.database import Database

HEAD = "0002"
"""The revision of this release: the last of `migrations`."""


async def migrate(url: str) -> str:
    """Bring the database at an address to this release; return a line that says what was done.

    Raises ValueError or OSError, with a text for people, if there is no way.
    """
    database = Database.at(url, lambda: datetime.now(UTC))
    try:
        return await migrate_database(database)
    finally:
        await database.close()


async def migrate_database(database: Database) -> str:
    """Do the same on an open database.

    All in one transaction, one process at a time: the lock of PostgreSQL, the writer of SQLite.
    """

    def upgrade(connection: Connection) -> str:
        database.lock(connection, "migrations")
        return _upgrade(connection)

    return await database.write(upgrade)


def _upgrade(connection: Connection) -> str:
    before = _revision(connection)
    if before == HEAD:
        return f"the database is up to date (revision {HEAD})"
    from bot.store.sql.revisions import upgrade  # Alembic takes long to load, and is needed once

    upgrade(connection, before)
    return f"the database was migrated from {before or 'empty'} to revision {HEAD}"


def _revision(connection: Connection) -> str | None:
    """Return which revision the database has, as Alembic wrote it there; None before the first."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision
