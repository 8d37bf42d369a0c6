"""The store opened from the command line: where it is, and what keeps it closed."""

import asyncio
import sqlite3
import sys

import pytest

from bot.cli.command import FailedError
from bot.cli.jobs import cancel_job, list_jobs
from bot.cli.migrate import migrate_database
from bot.cli.store_access import opened, shown_database
from bot.settings.faults import check
from bot.settings.source import SettingsError
from bot.settings.storage import StoreSettings
from handlers.store import Job


async def test_a_missing_file_is_said_and_not_made(tmp_path):
    url = f"sqlite:///{tmp_path}/none.db"
    settings = check(StoreSettings, {"database": {"url": url}}, ())

    with pytest.raises(SettingsError, match=r"database\.url: there is no file .*/none\.db"):
        await list_jobs(settings, [])

    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_is_no_database_is_said_so(tmp_path):
    (tmp_path / "odd.db").write_text("this is no database, it is a text of some length")
    settings = check(StoreSettings, {"database": {"url": f"sqlite:///{tmp_path}/odd.db"}}, ())

    for work in (list_jobs(settings, []), migrate_database(settings)):
        with pytest.raises(SettingsError, match=r"database\.url: .* is not a database"):
            await work


async def test_a_database_that_another_keeps_busy_is_a_line(tmp_path):
    url = f"sqlite:///{tmp_path}/bounce.db"
    settings = check(StoreSettings, {"database": {"url": url}}, ())
    await migrate_database(settings)
    other = sqlite3.connect(tmp_path / "bounce.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises((SettingsError, FailedError), match="database is locked"):
        await cancel_job(settings, 1)

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
    assert shown_database(check(StoreSettings, {"database": {"url": url}}, ())) == shown


async def test_a_new_file_is_its_owner_s_alone(tmp_path):
    settings = check(StoreSettings, {"database": {"url": f"sqlite:///{tmp_path}/bounce.db"}}, ())

    await migrate_database(settings)
    async with opened(settings):
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}

    assert {"bounce.db", "bounce.db-wal", "bounce.db-shm"} <= set(modes)
    assert set(modes.values()) == {0o600}


LOOK = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]);"
    " c.execute('SELECT count(*) FROM jobs').fetchall(); c.close()"
)


@pytest.mark.process
async def test_another_process_that_looks_and_leaves_takes_no_file_away(tmp_path):
    """SQLite's last connection removes what others still write to, if their locks are lost."""
    path = tmp_path / "bounce.db"
    settings = check(StoreSettings, {"database": {"url": f"sqlite:///{path}"}}, ())
    await migrate_database(settings)
    async with opened(settings) as store:
        await asyncio.gather(*(store.jobs.in_states() for _ in range(4)))

        look = await asyncio.create_subprocess_exec(sys.executable, "-c", LOOK, str(path))
        await look.wait()

        assert (tmp_path / "bounce.db-wal").exists()
        await store.jobs.schedule(Job(name="resend", by="U1"))
        look = await asyncio.create_subprocess_exec(sys.executable, "-c", LOOK, str(path))
        await look.wait()
    assert len(await list_jobs(settings, [])) == 1
