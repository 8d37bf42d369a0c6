"""The storage: all parts over one database, opened and closed as one."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Self

from bot.store.contacts import Contacts
from bot.store.database import Database
from bot.store.events import Events
from bot.store.folding import Folding
from bot.store.jobs import Jobs
from bot.store.migration import migrate_database
from bot.store.options import Options
from bot.store.pruning import Pruning
from bot.store.questions import Questions
from handlers.provider import Clock

log = logging.getLogger(__name__)


class SqlStore(Events, Folding, Jobs, Contacts, Questions, Pruning):
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
            log.info("database", extra={"migration": await migrate_database(database)})
            store = cls(database, options)
            await store.start(stack)
            yield store
