"""Quarantine and jobs from the command line, beside a bot that may be running."""

import asyncio
import json
import sqlite3
import sys
from dataclasses import replace

import pytest
from pydantic import BaseModel, ValidationError

from bot.cli import admin as upkeep
from bot.settings.model import ReplaySettings, SettingsError, StoreSettings, check
from handlers.errors import PermanentError
from handlers.provider import Parsed, Unusable
from handlers.store import Job, JobState
from tests.bot.store.samples import request

GENERIC = {
    "provider": "generic",
    "secrets": ["token"],
    "fields": {"recipient": "to", "text": "answer", "event_id": "id"},
}


@pytest.fixture
def settings(database_url):
    tables = {"database": {"url": database_url}, "sources": {"crm": GENERIC}}
    return check(ReplaySettings, tables, ())


@pytest.fixture
def kept(store, clock):
    """Put a body into quarantine; return its number."""

    async def kept(source, body):
        heard = replace(request(source, body), received_at=clock())
        await store.events.record(heard, Parsed(unusable=[Unusable(body, "no such field")]))
        return (await store.quarantine.newest())[0].id

    return kept


GOOD = json.dumps({"id": "e1", "to": "ana@receiver.example", "answer": "550 5.1.1 unknown"})


async def test_what_is_understood_now_becomes_events_and_leaves(settings, store, kept):
    number = await kept("crm", GOOD.encode())

    first = await upkeep.replay_quarantine(settings, [number])
    again = await upkeep.replay_quarantine(settings, [])

    assert first == [upkeep.Replayed(f"{number}: understood, 1 new events", True)]
    assert again == []
    assert len(await store.events.untriaged(10)) == 1


async def test_what_is_still_not_understood_stays(settings, store, kept):
    number = await kept("crm", b'{"id": "e1"}')

    (done,) = await upkeep.replay_quarantine(settings, [])

    assert done.line.startswith(f"{number}: still not understood")
    assert not done.understood
    assert len(await store.quarantine.newest()) == 1


async def test_a_source_that_is_gone_keeps_its_bodies(settings, kept):
    number = await kept("gone", b"{}")

    assert await upkeep.replay_quarantine(settings, []) == [
        upkeep.Replayed(f"{number}: there is no source gone any more; kept", False)
    ]


async def test_the_list_has_a_line_each(settings, kept):
    await kept("crm", b"{}")
    await kept("gone", b"[]")

    lines = await upkeep.list_quarantine(settings, "")

    assert len(lines) == 2
    assert "no such field" in lines[0]
    assert len(await upkeep.list_quarantine(settings, "crm")) == 1


class Payload(BaseModel):
    """What a provider of this test sends."""

    mail: str
    at: int


def error_of(payload):
    try:
        Payload.model_validate(payload)
    except ValidationError as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (error_of({"at": 1}), "the field mail is missing"),
        (
            error_of({"mail": "ana@receiver.example", "at": "soon"}),
            "the field at is not usable: Input should be a valid integer,"
            " unable to parse string as an integer",
        ),
        (
            error_of([]),
            "the body is not usable: Input should be a valid dictionary or instance of Payload",
        ),
        (
            "TypeError: 'NoneType' object is not subscriptable",
            "a field holds another kind of value than expected"
            " ('NoneType' object is not subscriptable)",
        ),
        ("KeyError: 'Type'", "the field Type is missing"),
        ("ValueError: the time is no time", "the time is no time"),
        ("no such field", "no such field"),
        ("RuntimeError (see the log)", "RuntimeError (see the log)"),
    ],
)
def test_what_was_wrong_is_a_sentence(why, said):
    assert upkeep.plain(why) == said


async def test_a_missing_file_is_said_and_not_made(tmp_path):
    url = f"sqlite:///{tmp_path}/none.db"
    settings = check(StoreSettings, {"database": {"url": url}}, ())

    with pytest.raises(SettingsError, match=r"database\.url: there is no file .*/none\.db"):
        await upkeep.list_jobs(settings, [])

    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_is_no_database_is_said_so(tmp_path):
    (tmp_path / "odd.db").write_text("this is no database, it is a text of some length")
    settings = check(StoreSettings, {"database": {"url": f"sqlite:///{tmp_path}/odd.db"}}, ())

    for work in (upkeep.list_jobs(settings, []), upkeep.migrate_database(settings)):
        with pytest.raises(SettingsError, match=r"database\.url: .* is not a database"):
            await work


async def test_a_database_that_another_keeps_busy_is_a_line(tmp_path):
    url = f"sqlite:///{tmp_path}/bounce.db"
    settings = check(StoreSettings, {"database": {"url": url}}, ())
    await upkeep.migrate_database(settings)
    other = sqlite3.connect(tmp_path / "bounce.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises((SettingsError, upkeep.UpkeepError), match="database is locked"):
        await upkeep.cancel_job(settings, 1)

    other.close()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////var/lib/bounce.db", "sqlite:////var/lib/bounce.db"),
        (
            "postgresql://bounce:hidden@db/bounce?password=hidden",
            "postgresql://bounce:***@db/bounce",
        ),
    ],
)
def test_the_database_is_shown_without_its_password(url, shown):
    assert upkeep.shown_database(check(StoreSettings, {"database": {"url": url}}, ())) == shown


async def test_a_new_file_is_its_owner_s_alone(tmp_path):
    settings = check(StoreSettings, {"database": {"url": f"sqlite:///{tmp_path}/bounce.db"}}, ())

    await upkeep.migrate_database(settings)
    async with upkeep.opened(settings):
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}

    assert {"bounce.db", "bounce.db-wal", "bounce.db-shm"} <= set(modes)
    assert set(modes.values()) == {0o600}


LOOK = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]);"
    " c.execute('SELECT count(*) FROM jobs').fetchall(); c.close()"
)


async def test_another_process_that_looks_and_leaves_takes_no_file_away(tmp_path):
    """SQLite's last connection removes what others still write to, if their locks are lost."""
    path = tmp_path / "bounce.db"
    settings = check(StoreSettings, {"database": {"url": f"sqlite:///{path}"}}, ())
    await upkeep.migrate_database(settings)
    async with upkeep.opened(settings) as store:
        await asyncio.gather(*(store.jobs.in_states() for _ in range(4)))

        look = await asyncio.create_subprocess_exec(sys.executable, "-c", LOOK, str(path))
        await look.wait()

        assert (tmp_path / "bounce.db-wal").exists()
        await store.jobs.schedule(Job(name="resend", by="U1"))
        look = await asyncio.create_subprocess_exec(sys.executable, "-c", LOOK, str(path))
        await look.wait()
    assert len(await upkeep.list_jobs(settings, [])) == 1


async def test_a_list_that_is_cut_says_so(settings, kept, monkeypatch):
    monkeypatch.setattr(upkeep, "LIMIT", 2)
    for _ in range(3):
        await kept("crm", b"{}")

    lines = await upkeep.list_quarantine(settings, "")

    assert len(lines) == 3
    assert lines[-1] == "only 2 are shown"


async def test_one_is_shown_whole_or_missed(settings, kept):
    number = await kept("crm", b"{odd}")

    assert (await upkeep.show_quarantine(settings, number)).body == b"{odd}"
    with pytest.raises(upkeep.UpkeepError, match="bounce quarantine list"):
        await upkeep.show_quarantine(settings, number + 1)


async def test_jobs_are_listed_cancelled_and_tried_again(settings, store, clock):
    waiting = (await store.jobs.schedule(Job(name="resend", by="U1", run_at=clock()))).job
    assert "resend by U1" in (await upkeep.list_jobs(settings, []))[0]

    assert "cancelled" in await upkeep.cancel_job(settings, waiting.id)
    with pytest.raises(upkeep.UpkeepError, match="only a waiting job"):
        await upkeep.cancel_job(settings, waiting.id)
    with pytest.raises(upkeep.UpkeepError, match="only a dead job"):
        await upkeep.retry_job(settings, waiting.id)
    with pytest.raises(upkeep.UpkeepError, match="there is no job 999"):
        await upkeep.retry_job(settings, 999)


async def test_a_dead_job_runs_again(settings, store):
    await store.jobs.schedule(Job(name="open_ticket", by="U1"))
    (job,) = await store.jobs.claim(limit=1, lease_seconds=60)
    await store.jobs.finish(job, JobState.DEAD, str(PermanentError("no such repository")))

    assert "runs again" in await upkeep.retry_job(settings, job.id)
    assert [one.id for one in await store.jobs.in_states([JobState.WAITING])] == [job.id]
