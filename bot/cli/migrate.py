"""`bounce migrate`: brings the database up to date."""

import argparse
import asyncio

from sqlalchemy.exc import SQLAlchemyError

from bot.cli.output import tell
from bot.cli.store_access import store_settings, trouble
from bot.settings.source import SettingsError
from bot.settings.storage import StoreSettings
from bot.store.sql.migration import migrate


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the words of the command: none."""
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Migrate, and tell what was done."""
    tell(asyncio.run(migrate_database(store_settings(chosen))))
    return 0


async def migrate_database(settings: StoreSettings) -> str:
    """Bring the database up to date; return a line that says what was done.

    Raises SettingsError where there is no way.
    """
    try:
        return await migrate(settings.database.url.get_secret_value())
    except (OSError, ValueError) as error:
        raise SettingsError(f"database.url: {error}") from error
    except SQLAlchemyError as error:
        raise SettingsError(f"database.url: {trouble(error)}") from error
