"""Brings a database to the tables of this release."""

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bot.store.sql.database import Database

SCRIPTS = Path(__file__).with_name("migrations")


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
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    head = scripts.get_current_head()
    before = MigrationContext.configure(connection).get_current_revision()
    if before == head:
        return f"the database is up to date (revision {head})"
    if before is not None and before not in {each.revision for each in scripts.walk_revisions()}:
        raise ValueError(
            f"the database is of a newer release (revision {before}); upgrade bounce-desk"
        )
    command.upgrade(config, "head")
    return f"the database was migrated from {before or 'empty'} to revision {head}"
