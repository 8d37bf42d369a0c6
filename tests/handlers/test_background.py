"""What follows an ack: kept until it is done, and no error of one harms another."""

import asyncio

from handlers import background
from handlers.background import Background


async def test_what_work_starts_is_waited_for_too():
    running, done = Background(), []

    async def second():
        await asyncio.sleep(0)
        done.append("second")

    async def first():
        running.start(second())
        done.append("first")

    running.start(first())
    await running.settle()

    assert done == ["first", "second"]


async def test_an_error_is_logged_and_harms_nothing_else(caplog):
    running, done = Background(), []

    async def broken():
        raise RuntimeError("a bug")

    async def sound():
        done.append(True)

    running.start(broken())
    running.start(sound())
    await running.settle()

    assert done == [True]
    assert "a bug" in caplog.text


async def test_work_that_hangs_is_broken_off_at_the_end(monkeypatch):
    monkeypatch.setattr(background, "SETTLE_SECONDS", 0.01)
    running, broken_off = Background(), []

    async def hanging():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            broken_off.append(True)
            raise

    running.start(hanging())
    await running.stop()

    assert broken_off == [True]
