"""The revisions of the tables, applied by Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

SCRIPTS = Path(__file__).with_name("migrations")


def upgrade(connection: Connection, before: str | None) -> None:
    """Apply what is missing; raises ValueError for a revision of a newer release."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    if before is not None and before not in {
        script.revision for script in scripts.walk_revisions()
    }:
        raise ValueError(
            f"the database is of a newer release (revision {before}); upgrade bounce-desk"
        )
    command.upgrade(config, "head")
