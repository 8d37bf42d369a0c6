"""Performs all due jobs of a database in several processes, of which some are killed on the way.

    python -m tests.bot.killed_workers URL PROCESSES KILLS

Each process is a fork of this one, so that a new one begins at once. A process tells of each job
that it performed by a byte; after some of them one process is killed, and another takes its place.
"""

import asyncio
import os
import random
import signal
import sys
from datetime import UTC, datetime

from sqlalchemy import text

from bot.job_runner import JobRunner
from bot.store.options import Options
from bot.store.store import SqlStore
from handlers.task import Outcome, Task

LEASE_SECONDS = 0.5


class Effect(Task):
    """Leaves a row for each time that a job was performed."""

    name = "effect"
    called = "Effect"

    def __init__(self, store: SqlStore, told: int) -> None:
        self.store = store
        self.told = told

    async def perform(self, job, progress) -> Outcome:
        async with self.store.database.writing() as connection:
            await connection.execute(
                text("INSERT INTO effects (job, token) VALUES (:job, :token)"),
                {"job": job.id, "token": job.token},
            )
        os.write(self.told, b".")
        await progress.done(1, "1")
        return Outcome(line="done")


def now() -> datetime:
    return datetime.now(UTC)


async def work(url: str, told: int) -> None:
    """Perform jobs until none is left in any hands."""
    async with SqlStore.open(url, now, Options(alone=False, own_clock=False)) as store:
        performer = JobRunner(store, {"effect": Effect(store, told)}, now)
        performer.lease_seconds = LEASE_SECONDS
        while await left(store):
            if not await performer.start():
                await asyncio.sleep(0.01)


async def left(store: SqlStore) -> bool:
    depths = await store.health.depths()
    return bool(depths["jobs"] or depths["running"])


def begin(url: str, told: int) -> int:
    """Fork a process and return its id."""
    process = os.fork()
    if process == 0:
        status = 1
        try:
            asyncio.run(work(url, told))
            status = 0
        finally:
            os._exit(status)
    return process


def main(url: str, processes: int, kills: int) -> int:
    """Keep so many processes at work, kill so many; return how many failed by themselves."""
    chance = random.SystemRandom()
    told, tell = os.pipe()
    living = [begin(url, tell) for _ in range(processes)]
    for _ in range(kills):
        for _ in range(chance.randint(1, 15)):
            os.read(told, 1)
        victim = living.pop(chance.randrange(len(living)))
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        living.append(begin(url, tell))
    return sum(os.waitpid(process, 0)[1] != 0 for process in living)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
