"""The storage: all parts over one database, opened and closed as one."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Self

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from bot.store.alerts.alerts import SqlAlerts
from bot.store.alerts.notes import SqlNotes
from bot.store.alerts.posting import SqlPosts
from bot.store.audit import SqlAudit
from bot.store.contacts import SqlContacts
from bot.store.deliveries import SqlDeliveries
from bot.store.health import SqlHealth
from bot.store.intake.events import SqlEvents
from bot.store.jobs import SqlJobs
from bot.store.leases import SqlLeases
from bot.store.options import Options
from bot.store.quarantine import SqlQuarantine
from bot.store.repeats import SqlRepeats
from bot.store.retention import SqlRetention
from bot.store.sql.database import Database, cause_of
from bot.store.sql.migration import migrate_database
from bot.store.sql.tables import alerts
from handlers.provider import Clock
from handlers.store import Store

log = logging.getLogger(__name__)


class SqlStore(Store):
    """What handlers ask (`handlers.store.Store`) and what the worker needs beside."""

    def __init__(self, database: Database, options: Options) -> None:
        self.database = database
        self.options = options
        self.alerts: SqlAlerts = SqlAlerts(database, options.timing)
        self.audit: SqlAudit = SqlAudit(database)
        self.contacts: SqlContacts = SqlContacts(database)
        self.deliveries: SqlDeliveries = SqlDeliveries(database)
        self.events: SqlEvents = SqlEvents(database, options)
        self.health: SqlHealth = SqlHealth(database)
        self.leases: SqlLeases = SqlLeases(database)
        self.notes: SqlNotes = SqlNotes(database, options)
        self.jobs: SqlJobs = SqlJobs(database, self.notes)
        self.posts: SqlPosts = SqlPosts(database, self.leases, options.timing)
        self.quarantine: SqlQuarantine = SqlQuarantine(database)
        self.repeats: SqlRepeats = SqlRepeats(database)
        self.retention: SqlRetention = SqlRetention(database, options.retention)

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
            stack.push_async_callback(store.leases.give_back)
            await store.events.start(stack)
            yield store

    async def _settle_in(self) -> None:
        """Undo what a killed process left, and follow a change of the channel."""
        if self.options.alone and not self.database.is_postgres:
            await self.leases.forget()
            await self.jobs.forget_claims()
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
