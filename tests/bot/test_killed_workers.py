"""Processes that are killed at random lose no job, and end none twice."""

import asyncio
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from handlers.store import Job, JobState

ROOT = Path(__file__).parents[2]
KILLS = 8
JOBS = 150

pytestmark = pytest.mark.process


async def test_killed_workers_lose_no_job_and_end_none_twice(store, open_store):
    for number in range(JOBS):
        await store.jobs.schedule(Job(name="effect", alert_id=number, by="U1"))
    async with store.database.writing() as connection:
        await connection.execute(text("CREATE TABLE effects (job BIGINT, token TEXT)"))
    processes = 3 if store.database.is_postgres else 1

    status = await run(open_store.url, processes)

    assert status == 0
    ended = await store.jobs.in_states(limit=2 * JOBS)
    assert [job.state for job in ended] == [JobState.DONE] * JOBS
    async with store.database.reading() as connection:
        effects = (await connection.execute(text("SELECT job FROM effects"))).scalars().all()
        told = (await connection.execute(text("SELECT alert_id FROM notes"))).scalars().all()
    assert set(effects) == {job.id for job in ended}
    assert sorted(told) == list(range(JOBS))


async def run(url: str, processes: int) -> int:
    words = [sys.executable, "-m", "tests.bot.killed_workers", url, str(processes), str(KILLS)]
    process = await asyncio.create_subprocess_exec(*words, cwd=ROOT)
    try:
        async with asyncio.timeout(60):
            return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
