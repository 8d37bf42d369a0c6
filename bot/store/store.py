"""The storage: all parts over one database, opened and closed as one."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Self

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from bot.store.alerts.alerts import Alerts
from bot.store.alerts.fold import Folding
from bot.store.alerts.posting import Posting
from bot.store.contacts import Contacts
from bot.store.intake.events import Events
from bot.store.jobs import Jobs
from bot.store.options import Options
from bot.store.queries import Questions
from bot.store.retention import Pruning
from bot.store.sql.database import Database, cause_of
from bot.store.sql.migration import migrate_database
from bot.store.sql.tables import alerts
from handlers.provider import Clock

log = logging.getLogger(__name__)


class SqlStore(Events, Folding, Alerts, Posting, Jobs, Contacts, Questions, Pruning):
    """What handlers ask (`handlers.store.Store`) and what the worker needs beside."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, clock: Clock, options: Options | None = None
    ) -> AsyncIterator[Self]:
        """Open the database at an address, bring its tables to this release, and close it after.

        Raises ValueError or OSError with a text for people: what is wrong and what to do.
        """
        options = options or Options()
        database = Database.at(url, clock, options.own_clock)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(database.close)
            if options.alone:
                database.claim_file()
            log.info("database", extra={"migration": await _migrated(database)})
            store = cls(database, options)
            await store._settle_in()
            stack.push_async_callback(store.give_back)
            await store.start(stack)
            yield store

    async def _settle_in(self) -> None:
        """Undo what a killed process left, and follow a change of the channel."""
        if self.options.alone and not self.database.is_postgres:
            await self.forget_leases()
            await self.forget_claims()
        if not self.options.channel:
            return
        elsewhere = alerts.c.channel != self.options.channel
        statement = update(alerts).where(alerts.c.ts == "", elsewhere)
        async with self.database.writing() as connection:
            await connection.execute(statement.values(channel=self.options.channel))


async def _migrated(database: Database) -> str:
    """Migrate; raises OSError for what is no database of ours, or cannot be written."""
    try:
        return await migrate_database(database)
    except SQLAlchemyError as error:
        place = database.url.render_as_string(hide_password=True)
        raise OSError(f"{place} cannot be used: {cause_of(error)}") from error
