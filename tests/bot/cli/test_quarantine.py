"""The quarantine from the command line, beside a bot that may be running."""

import json
from dataclasses import replace

import pytest

from bot.cli import quarantine, store_access
from bot.cli.bulk.replay import Replayed, replay_quarantine
from bot.cli.command import FailedError
from bot.settings.faults import check
from bot.settings.model import ReplaySettings
from handlers.provider import Parsed, Unusable
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

    first = await replay_quarantine(settings, [number])
    again = await replay_quarantine(settings, [])

    assert first == [Replayed(f"{number}: understood, 1 new events", True)]
    assert again == []
    assert len(await store.events.untriaged(10)) == 1


async def test_what_is_still_not_understood_stays(settings, store, kept):
    number = await kept("crm", b'{"id": "e1"}')

    (done,) = await replay_quarantine(settings, [])

    assert done.line.startswith(f"{number}: still not understood")
    assert not done.understood
    assert len(await store.quarantine.newest()) == 1


async def test_a_source_that_is_gone_keeps_its_bodies(settings, kept):
    number = await kept("gone", b"{}")

    assert await replay_quarantine(settings, []) == [
        Replayed(f"{number}: there is no source gone any more; kept", False)
    ]


async def test_the_list_has_a_line_each(settings, kept):
    await kept("crm", b"{}")
    await kept("gone", b"[]")

    lines = await quarantine.list_quarantine(settings, "")

    assert len(lines) == 2
    assert "no such field" in lines[0]
    assert len(await quarantine.list_quarantine(settings, "crm")) == 1


async def test_a_list_that_is_cut_says_so(settings, kept, monkeypatch):
    monkeypatch.setattr(quarantine, "LIMIT", 2)
    monkeypatch.setattr(store_access, "LIMIT", 2)
    for _ in range(3):
        await kept("crm", b"{}")

    lines = await quarantine.list_quarantine(settings, "")

    assert len(lines) == 3
    assert lines[-1] == "only 2 are shown"


async def test_one_is_shown_whole_or_missed(settings, kept):
    number = await kept("crm", b"{odd}")

    assert (await quarantine.show_quarantine(settings, number)).body == b"{odd}"
    with pytest.raises(FailedError, match="bounce quarantine list"):
        await quarantine.show_quarantine(settings, number + 1)
