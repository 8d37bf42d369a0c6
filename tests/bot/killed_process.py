"""Records two bounces, triages them and is killed at a moment.

python -m tests.bot.killed_process URL MOMENT
"""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlalchemy import event as listening

from bot.store.options import Options
from bot.store.store import SqlStore
from handlers.provider import Parsed
from handlers.triage import Triage
from resolutions.catalogue.resolution import Catalogue
from resolutions.operator import Operators
from resolutions.rules.rulebook import Rulebook
from tests.bot.store.samples import event, request


def die(*_: object) -> None:
    """End this process as the kernel does."""
    os.kill(os.getpid(), signal.SIGKILL)


async def main(url: str, moment: str) -> None:
    """Record, triage and look for what is due; die at the moment."""
    catalogue = Catalogue.load()
    options = Options(channel="C01DELIV", alone=False)
    async with SqlStore.open(url, lambda: datetime.now(UTC), options) as store:
        if moment == "before the commit":
            listening.listen(Engine, "commit", die)
        await store.events.record(request(), Parsed(events=[event(1), event(2)]))
        if moment == "after the commit":
            die()
        if moment == "before the fold is kept":
            listening.listen(Engine, "commit", die)
        await Triage(store.events, Rulebook.load(), Operators.load(), catalogue).triage()
        if moment == "after the fold":
            die()
        await store.posts.next_due("C01DELIV")
        die()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
