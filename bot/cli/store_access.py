"""The store, opened by a command beside a bot that may be running."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from bot.cli.command import FailedError
from bot.cli.output import remark
from bot.foundation import open_store, utc_now
from bot.settings.source import SettingsError
from bot.settings.storage import StoreSettings, load_some
from bot.store.sql.database import AwayError, cause_of
from bot.store.store import SqlStore
from resolutions.operator import Operators

LIMIT = 1_000
"""Lines of a list."""

PERSON = "command line"
"""Who does what is done here, in the audit log."""

Chosen = TypeVar("Chosen", bound=StoreSettings)


def store_settings(chosen: argparse.Namespace) -> StoreSettings:
    """Return what the store needs of the settings, and tell which database it is."""
    return some_settings(StoreSettings, chosen)


def some_settings(model: type[Chosen], chosen: argparse.Namespace) -> Chosen:
    """Do the same with what a command needs beside the store."""
    settings = load_some(model, chosen.config)
    remark(f"database: {shown_database(settings)}")
    return settings


def shown_database(settings: StoreSettings) -> str:
    """Return the database as it may be shown: the whole path, no password, no options."""
    if settings.database.file is not None:
        return f"sqlite:///{settings.database.file.absolute()}"
    try:
        url = make_url(settings.database.url.get_secret_value()).set(query={})
    except ArgumentError:
        return "an address that cannot be read"
    return url.render_as_string(hide_password=True)


@asynccontextmanager
async def opened(settings: StoreSettings) -> AsyncIterator[SqlStore]:
    """Open the store beside a bot that may be running.

    Raises SettingsError where there is none, and FailedError where it stops answering.
    """
    file = settings.database.file
    if file is not None and not file.exists():
        raise SettingsError(
            f"database.url: there is no file {file.absolute()}; name the one that the bot uses, or"
            " make it: bounce migrate"
        )
    try:
        async with open_store(settings, utc_now, Operators.load(), alone=False) as store:
            yield store
    except (SQLAlchemyError, AwayError) as error:
        raise FailedError(trouble(error)) from error


def trouble(error: Exception) -> str:
    """Return one line of what the database says."""
    return f"the database cannot be used now: {cause_of(error)}".splitlines()[0]


def limited(lines: list[str]) -> list[str]:
    """Return the lines of a list, and that there may be more where it is full."""
    return [*lines, f"only {LIMIT:,} are shown"] if len(lines) >= LIMIT else lines


def time_text(moment: datetime) -> str:
    """Return a moment as it stands in a list."""
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
