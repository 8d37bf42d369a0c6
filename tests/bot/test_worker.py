"""The loops of the worker: from a stored event to Slack, from a wish to its deed, to the end."""

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.job_runner import JobRunner
from bot.sandbox.stand_in import SlackStandIn
from bot.slack.clients import posting_client
from bot.store.options import Timing
from bot.worker import Worker
from handlers.posting import Poster
from handlers.provider import Parsed
from handlers.store import Job, JobState
from handlers.task import Outcome, Task
from handlers.triage import Triage
from tests.bot.store.samples import event, request
from tests.conftest import CHANNEL, SIGNING, TOKEN

SOON = 10.0
"""Seconds after which something that comes by itself has failed to come."""


class Errand(Task):
    """Does nothing, at once or never."""

    name = "errand"
    called = "Run the errand"

    def __init__(self) -> None:
        self.never = False
        self.begun = asyncio.Event()

    async def perform(self, job, progress) -> Outcome:
        self.begun.set()
        if self.never:
            await asyncio.Event().wait()
        return Outcome(line="The errand is run")


@pytest.fixture
async def store(open_store):
    async with open_store(timing=Timing(group_wait=timedelta(0))) as opened:
        yield opened


@pytest.fixture
async def slack(clock):
    stand_in = SlackStandIn(signing_secret=SIGNING, bot_token=TOKEN, clock=clock)
    async with stand_in:
        yield stand_in
    assert stand_in.violations == []


@pytest.fixture
def errand():
    return Errand()


@pytest.fixture
async def worker(store, slack, clock, furnish, errand):
    office = furnish(slack.base_url)
    desk = replace(office.desk, slack=posting_client(office.settings, office.session))

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)

    posters = [Poster(desk, CHANNEL, "test", sleep)]
    triage = Triage(store.events, desk.rulebook, desk.operators, desk.catalogue)
    return Worker(store, triage, posters, JobRunner(store, {"errand": errand}, clock))


@asynccontextmanager
async def at_work(worker):
    task = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(SOON):
            yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_settle_does_all_that_is_due(worker, store, slack):
    await store.events.record(request(), Parsed(events=[event(1), event(2)]))
    await worker.settle()
    [alert] = await store.alerts.newest()
    await store.jobs.schedule(Job(name="errand", alert_id=alert.id, by="U01ADA"))

    await worker.settle()

    [message] = slack.messages(CHANNEL)
    assert alert.ts == message["ts"]
    said = [reply["text"] for reply in slack.replies(CHANNEL, alert.ts)]
    assert "The errand is run" in said
    assert not any((await store.health.depths()).values())


async def test_what_is_stored_is_posted_without_being_asked_for(worker, store, slack):
    async with at_work(worker):
        await store.events.record(request(), Parsed(events=[event(1)]))
        worker.wake.set()

        while not slack.messages(CHANNEL):
            await store.health.depths()

    assert len(slack.messages(CHANNEL)) == 1


async def test_a_wish_is_fulfilled_without_being_asked_for(worker, store):
    async with at_work(worker):
        job = (await store.jobs.schedule(Job(name="errand", alert_id=7, by="U01ADA"))).job

        while (await store.jobs.get(job.id)).state is not JobState.DONE:
            pass


async def test_many_wishes_do_not_wait_for_the_next_look(worker, store):
    for number in range(40):
        await store.jobs.schedule(Job(name="errand", alert_id=number, by="U01ADA"))

    async with at_work(worker), asyncio.timeout(SOON / 2):
        while len(await store.jobs.in_states([JobState.DONE])) < 40:
            pass


async def test_a_loop_that_fails_does_not_stop_the_others(worker, store, caplog):
    async with store.database.writing() as connection:
        await connection.execute(text("ALTER TABLE events RENAME TO hidden"))

    async with at_work(worker) as task:
        job = (await store.jobs.schedule(Job(name="errand", alert_id=7, by="U01ADA"))).job
        while (await store.jobs.get(job.id)).state is not JobState.DONE:
            pass
        while "a step failed" not in caplog.text:
            await store.jobs.get(job.id)

        assert not task.done()


async def test_the_end_comes_quickly_and_hands_back_what_ran(worker, store, errand):
    errand.never = True
    job = (await store.jobs.schedule(Job(name="errand", alert_id=7, by="U01ADA"))).job

    async with at_work(worker):
        await errand.begun.wait()

    [again] = await store.jobs.claim(1, 20.0)
    assert (again.id, again.attempts) == (job.id, 1)
