"""What the command line does with a store: quarantine and jobs. Returns lines for people."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from bot.app import Knowledge, make_sources, open_store, utc_now
from bot.settings import Settings
from bot.store.store import SqlStore
from handlers.errors import MalformedError
from handlers.outgoing import Outgoing
from handlers.provider import WebhookRequest
from handlers.store import Job, JobState, Quarantined
from handlers.webhooks import read

LIMIT = 1_000
PERSON = "command line"


class UpkeepError(Exception):
    """Something that cannot be done; the text says why, for people."""


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[SqlStore]:
    """Open the store beside a bot that may be running."""
    knowledge = Knowledge.load(settings)
    async with open_store(settings, utc_now, knowledge, alone=False) as store:
        yield store


async def list_quarantine(settings: Settings, source: str) -> list[str]:
    """Return a line for each body in quarantine, the newest first."""
    async with opened(settings) as store:
        kept = await store.quarantined(LIMIT, source)
    return [
        f"{one.id:>6}  {_time(one.received_at)}  {one.source}  {len(one.body):,} bytes  {one.why}"
        for one in kept
    ]


async def show_quarantine(settings: Settings, number: int) -> Quarantined:
    """Return one body in quarantine; raises UpkeepError if it is not there."""
    async with opened(settings) as store:
        return await _kept(store, number)


async def replay_quarantine(settings: Settings, numbers: Sequence[int]) -> list[str]:
    """Read bodies again, as if they had just come; without numbers all of them.

    What is understood now becomes events once and leaves the quarantine; the rest stays. Their
    signatures were checked when they came.
    """
    async with opened(settings) as store, Outgoing.open() as outgoing:
        sources = make_sources(settings, outgoing, utc_now)
        kept = [await _kept(store, number) for number in numbers]
        lines = []
        for one in kept or await store.quarantined(LIMIT):
            provider = sources.get(one.source)
            if provider is None:
                lines.append(f"{one.id}: there is no source {one.source} any more; kept")
                continue
            request = _request(one)
            try:
                parsed = read(provider, request)
            except MalformedError as error:
                lines.append(f"{one.id}: {error}; kept")
                continue
            if parsed.unusable:
                lines.append(f"{one.id}: still not understood: {parsed.unusable[0].why}; kept")
                continue
            new = await store.record(request, parsed)
            await store.mark_replayed(one.id)
            lines.append(f"{one.id}: understood, {new} new events")
    return lines


async def list_jobs(settings: Settings, states: Sequence[JobState]) -> list[str]:
    """Return a line for each job, the next to run first."""
    async with opened(settings) as store:
        jobs = await store.jobs(states, LIMIT)
    return [_line(job) for job in jobs]


async def retry_job(settings: Settings, number: int) -> str:
    """Let a dead job run again; raises UpkeepError if it is not dead."""
    async with opened(settings) as store:
        if await store.retry(number, PERSON):
            return f"job {number} runs again from where it stopped"
        raise UpkeepError(await _state(store, number, "only a dead job can be tried again"))


async def cancel_job(settings: Settings, number: int) -> str:
    """Cancel a waiting job; raises UpkeepError if it runs already or ended."""
    async with opened(settings) as store:
        if await store.cancel(number, PERSON):
            return f"job {number} is cancelled"
        raise UpkeepError(await _state(store, number, "only a waiting job can be cancelled"))


async def _kept(store: SqlStore, number: int) -> Quarantined:
    one = await store.quarantined_one(number)
    if one is None:
        raise UpkeepError(f"nothing in quarantine has the number {number}: bounce quarantine list")
    return one


def _request(one: Quarantined) -> WebhookRequest:
    return WebhookRequest(
        source=one.source,
        method="POST",
        path=f"/hooks/{one.source}",
        headers=one.headers,
        query={},
        body=one.body,
        received_at=one.received_at,
    )


async def _state(store: SqlStore, number: int, why: str) -> str:
    job = await store.job(number)
    return f"there is no job {number}" if job is None else f"job {number} is {job.state}: {why}"


def _line(job: Job) -> str:
    alert = f"alert {job.alert_id}" if job.alert_id is not None else "no alert"
    when = _time(job.run_at) if job.run_at else "now"
    tried = f"{job.attempts} attempts" if job.attempts else ""
    words = [
        f"{job.id:>6}  {job.state:<9}  {when}  {job.name} by {job.by}, {alert}",
        tried,
        job.result,
    ]
    return "  ".join(word for word in words if word)


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
