"""The storage: all parts over one database, opened and closed as one."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from bot.store.database import Database
from bot.store.migration import migrate_database
from bot.store.options import Options
from bot.store.part import Part
from handlers.provider import Clock

log = logging.getLogger(__name__)


class SqlStore(Part):
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
        try:
            if options.alone:
                database.claim_file()
            log.info("database", extra={"migration": await migrate_database(database)})
            yield cls(database, options)
        finally:
            await database.close()
