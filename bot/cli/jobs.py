"""`bounce jobs`: what is to be done, is being done, could not be done."""

import argparse
import asyncio
from collections.abc import Sequence

from bot.cli.command import FailedError
from bot.cli.output import tell
from bot.cli.parser import add_verb
from bot.cli.store_access import LIMIT, PERSON, limited, opened, store_settings, time_text
from bot.settings.storage import StoreSettings
from bot.store.store import SqlStore
from handlers.store import Job, JobState

OPEN = (JobState.WAITING, JobState.RUNNING, JobState.DEAD)
"""States of the jobs that are listed without --all."""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the words of the command."""
    verbs = parser.add_subparsers(metavar="list|retry|cancel", required=True)
    listed = add_verb(verbs, "list", "a line each", _list)
    listed.add_argument("--all", action="store_true", help="those that ended too")
    add_verb(verbs, "retry", "a dead one", _retry).add_argument("number", type=int)
    add_verb(verbs, "cancel", "a waiting one", _cancel).add_argument("number", type=int)


async def list_jobs(settings: StoreSettings, states: Sequence[JobState]) -> list[str]:
    """Return a line for each job, the next to run first."""
    async with opened(settings) as store:
        jobs = await store.jobs.in_states(states, LIMIT)
    return limited([_line(job) for job in jobs])


async def retry_job(settings: StoreSettings, number: int) -> str:
    """Let a dead job run again; raises FailedError if it is not dead."""
    async with opened(settings) as store:
        if await store.jobs.retry(number, PERSON):
            return f"job {number} runs again from where it stopped"
        raise FailedError(await _state(store, number, "only a dead job can be tried again"))


async def cancel_job(settings: StoreSettings, number: int) -> str:
    """Cancel a waiting job; raises FailedError if it runs already or ended."""
    async with opened(settings) as store:
        if await store.jobs.cancel(number, PERSON):
            return f"job {number} is cancelled"
        raise FailedError(await _state(store, number, "only a waiting job can be cancelled"))


def _list(chosen: argparse.Namespace) -> int:
    lines = asyncio.run(list_jobs(store_settings(chosen), () if chosen.all else OPEN))
    tell("\n".join(lines) or "There are no jobs.")
    return 0


def _retry(chosen: argparse.Namespace) -> int:
    tell(asyncio.run(retry_job(store_settings(chosen), chosen.number)))
    return 0


def _cancel(chosen: argparse.Namespace) -> int:
    tell(asyncio.run(cancel_job(store_settings(chosen), chosen.number)))
    return 0


async def _state(store: SqlStore, number: int, why: str) -> str:
    job = await store.jobs.get(number)
    return f"there is no job {number}" if job is None else f"job {number} is {job.state}: {why}"


def _line(job: Job) -> str:
    alert = f"alert {job.alert_id}" if job.alert_id is not None else "no alert"
    when = time_text(job.run_at) if job.run_at else "now"
    tried = f"{job.attempts} attempts" if job.attempts else ""
    about = f"{job.id:>6}  {job.state:<9}  {when}  {job.name} by {job.by}, {alert}"
    return "  ".join(filter(None, (about, tried, job.result)))
