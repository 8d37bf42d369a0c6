"""Who is cancelled in the middle of a write leaves nothing locked and nothing half done."""

import asyncio

from handlers.provider import Parsed
from tests.bot.store.samples import event, request

STEPS = 60


async def test_a_cancelled_write_leaves_the_database_free(store):
    for steps in range(STEPS):
        write = asyncio.create_task(store.leases.lease_channel(f"C{steps}", "first", 30))
        for _ in range(steps):
            await asyncio.sleep(0)
        write.cancel()
        cancelled: object
        [cancelled] = await asyncio.gather(write, return_exceptions=True)

        assert await store.leases.lease_channel("C01DELIV", "second", 0), cancelled
    assert await store.events.record(request(), Parsed(events=[event(1)])) == 1
