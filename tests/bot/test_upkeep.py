"""Quarantine and jobs from the command line, beside a bot that may be running."""

import json

import pytest

from bot import upkeep
from bot.settings import Settings, check
from handlers.errors import PermanentError
from handlers.provider import Parsed, Unusable, WebhookRequest
from handlers.store import Job, JobState

GENERIC = {
    "provider": "generic",
    "secrets": ["token"],
    "fields": {"recipient": "to", "text": "answer", "event_id": "id"},
}


@pytest.fixture
def settings(database_url):
    slack = {"channel": "C01DELIV", "bot_token": "xoxb-1", "signing_secret": "s"}
    tables = {"slack": slack, "database": {"url": database_url}, "sources": {"crm": GENERIC}}
    return check(Settings, tables, ())


@pytest.fixture
def kept(store, clock):
    """Put a body into quarantine; return its number."""

    async def kept(source, body):
        request = WebhookRequest(
            source=source,
            method="POST",
            path=f"/hooks/{source}",
            headers={"content-type": "application/json"},
            query={},
            body=body,
            received_at=clock(),
        )
        await store.record(request, Parsed(unusable=[Unusable(body, "no such field")]))
        return (await store.quarantined())[0].id

    return kept


GOOD = json.dumps({"id": "e1", "to": "ana@receiver.example", "answer": "550 5.1.1 unknown"})


async def test_what_is_understood_now_becomes_events_and_leaves(settings, store, kept):
    number = await kept("crm", GOOD.encode())

    first = await upkeep.replay_quarantine(settings, [number])
    again = await upkeep.replay_quarantine(settings, [])

    assert first == [f"{number}: understood, 1 new events"]
    assert again == []
    assert len(await store.untriaged(10)) == 1


async def test_what_is_still_not_understood_stays(settings, store, kept):
    number = await kept("crm", b'{"id": "e1"}')

    (line,) = await upkeep.replay_quarantine(settings, [])

    assert line.startswith(f"{number}: still not understood")
    assert len(await store.quarantined()) == 1


async def test_a_source_that_is_gone_keeps_its_bodies(settings, kept):
    number = await kept("gone", b"{}")

    assert await upkeep.replay_quarantine(settings, []) == [
        f"{number}: there is no source gone any more; kept"
    ]


async def test_the_list_has_a_line_each(settings, kept):
    await kept("crm", b"{}")
    await kept("gone", b"[]")

    lines = await upkeep.list_quarantine(settings, "")

    assert len(lines) == 2
    assert "no such field" in lines[0]
    assert len(await upkeep.list_quarantine(settings, "crm")) == 1


async def test_one_is_shown_whole_or_missed(settings, kept):
    number = await kept("crm", b"{odd}")

    assert (await upkeep.show_quarantine(settings, number)).body == b"{odd}"
    with pytest.raises(upkeep.UpkeepError, match="bounce quarantine list"):
        await upkeep.show_quarantine(settings, number + 1)


async def test_jobs_are_listed_cancelled_and_tried_again(settings, store, clock):
    waiting = (await store.schedule(Job(name="resend", by="U1", run_at=clock()))).job
    assert "resend by U1" in (await upkeep.list_jobs(settings, []))[0]

    assert "cancelled" in await upkeep.cancel_job(settings, waiting.id)
    with pytest.raises(upkeep.UpkeepError, match="only a waiting job"):
        await upkeep.cancel_job(settings, waiting.id)
    with pytest.raises(upkeep.UpkeepError, match="only a dead job"):
        await upkeep.retry_job(settings, waiting.id)
    with pytest.raises(upkeep.UpkeepError, match="there is no job 999"):
        await upkeep.retry_job(settings, 999)


async def test_a_dead_job_runs_again(settings, store):
    await store.schedule(Job(name="open_ticket", by="U1"))
    (job,) = await store.claim_jobs(limit=1, lease_seconds=60)
    await store.finish(job, JobState.DEAD, str(PermanentError("no such repository")))

    assert "runs again" in await upkeep.retry_job(settings, job.id)
    assert [one.id for one in await store.jobs([JobState.WAITING])] == [job.id]
