"""Jobs from the command line, beside a bot that may be running."""

import pytest

from bot.cli.command import FailedError
from bot.cli.jobs import cancel_job, list_jobs, retry_job
from bot.settings.faults import check
from bot.settings.storage import StoreSettings
from handlers.errors import PermanentError
from handlers.store import Job, JobState


@pytest.fixture
def settings(database_url):
    return check(StoreSettings, {"database": {"url": database_url}}, ())


async def test_jobs_are_listed_cancelled_and_tried_again(settings, store, clock):
    waiting = (await store.jobs.schedule(Job(name="resend", by="U1", run_at=clock()))).job
    assert "resend by U1" in (await list_jobs(settings, []))[0]

    assert "cancelled" in await cancel_job(settings, waiting.id)
    with pytest.raises(FailedError, match="only a waiting job"):
        await cancel_job(settings, waiting.id)
    with pytest.raises(FailedError, match="only a dead job"):
        await retry_job(settings, waiting.id)
    with pytest.raises(FailedError, match="there is no job 999"):
        await retry_job(settings, 999)


async def test_a_dead_job_runs_again(settings, store):
    await store.jobs.schedule(Job(name="open_ticket", by="U1"))
    (job,) = await store.jobs.claim(limit=1, lease_seconds=60)
    await store.jobs.finish(job, JobState.DEAD, str(PermanentError("no such repository")))

    assert "runs again" in await retry_job(settings, job.id)
    assert [one.id for one in await store.jobs.in_states([JobState.WAITING])] == [job.id]
