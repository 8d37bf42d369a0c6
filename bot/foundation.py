"""What the bot and the commands beside it stand on: the knowledge and the store."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from bot.kept_knowledge import catalogue, rulebook
from bot.settings.source import SettingsError, rules_read
from bot.settings.storage import StoreSettings
from bot.store.options import Options
from bot.store.store import SqlStore
from handlers.provider import Clock
from resolutions.catalogue.resolution import Catalogue
from resolutions.operator import Operators
from resolutions.rules.rulebook import Rulebook


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known, the operator's own files included."""

    catalogue: Catalogue
    rulebook: Rulebook
    operators: Operators

    @classmethod
    def load(cls, settings: StoreSettings) -> Self:
        """Read the files; raises SettingsError for one that cannot be used."""
        rules = settings.rules
        with rules_read():
            return cls(catalogue(rules.catalogue), rulebook(rules.files), Operators.load())


@asynccontextmanager
async def open_store(
    settings: StoreSettings, clock: Clock, operators: Operators, *, alone: bool = True
) -> AsyncIterator[SqlStore]:
    """Open the database, migrating it; raises SettingsError for what keeps it closed.

    With `alone` a second process on one SQLite file is refused; the command line works beside.
    """
    channel, admin_channel = settings.channels
    options = Options(
        channel=channel,
        admin_channel=admin_channel,
        operators=operators,
        timing=settings.alerts.timing,
        retention=settings.retention.periods,
        alone=alone,
    )
    async with AsyncExitStack() as stack:
        url = settings.database.url.get_secret_value()
        try:
            store = await stack.enter_async_context(SqlStore.open(url, clock, options))
        except (OSError, ValueError) as error:
            raise SettingsError(f"database.url: {error}") from error
        yield store
