"""What tests of the store share: the way of webhooks into it, with the real rules."""

from collections.abc import Callable

import pytest

from bot.store.store import SqlStore
from handlers.provider import Delivered, Parsed
from handlers.triage import Triage
from resolutions.bounce import BounceEvent
from resolutions.catalogue.resolution import Catalogue
from resolutions.operator import Operators
from resolutions.rules.rulebook import Rulebook
from tests.bot.store.books import Books
from tests.bot.store.samples import request


class Hook:
    """Says things to a store, as webhooks do, and triages them."""

    def __init__(self, store: SqlStore, triage: Triage) -> None:
        self.store = store
        self.triage = triage

    async def record(self, *said: BounceEvent | Delivered) -> int:
        """Record what one request says; return how many events were new."""
        told = [each for each in said if isinstance(each, BounceEvent)]
        arrived = [each for each in said if isinstance(each, Delivered)]
        return await self.store.events.record(request(), Parsed(events=told, delivered=arrived))

    async def __call__(self, *said: BounceEvent | Delivered) -> None:
        """Record what one request says and fold it into alerts."""
        await self.record(*said)
        while await self.triage.triage():
            pass


@pytest.fixture
def triage_of(
    rulebook: Rulebook, operators: Operators, catalogue: Catalogue
) -> Callable[[SqlStore], Triage]:
    """Give what triages for a store."""
    return lambda store: Triage(store.events, rulebook, operators, catalogue)


@pytest.fixture
def hook(store: SqlStore, triage_of: Callable[[SqlStore], Triage]) -> Hook:
    """Give the way of webhooks into the store."""
    return Hook(store, triage_of(store))


@pytest.fixture
def books(store: SqlStore) -> Books:
    """Give what writes rows as triage does."""
    return Books(store)
