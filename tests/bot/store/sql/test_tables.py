"""The pieces that tables are made of."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text

from bot.store.sql.columns import hashed, micros, subject_of
from bot.store.sql.tables import arrivals, metadata


async def test_times_come_back_exactly(store):
    known = {
        "a": datetime(1990, 1, 1, tzinfo=UTC),
        "b": datetime(2026, 6, 15, 12, 0, 0, 123_457, tzinfo=timezone(timedelta(hours=2))),
        "c": datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    }
    rows = [
        {"key": key, "delivery_key": "", "at": at, "occurred_at": at} for key, at in known.items()
    ]
    async with store.database.writing() as connection:
        await connection.execute(arrivals.insert(), rows)

    async with store.database.reading() as connection:
        found = {row.key: row.at for row in await connection.execute(select(arrivals))}

    assert found == known


def test_times_are_whole_microseconds():
    assert micros(datetime(1970, 1, 1, 0, 0, 1, 1, tzinfo=UTC)) == 1_000_001


def test_keys_tell_their_parts_apart_and_take_any_text():
    keys = {
        hashed("a", "b"),
        hashed("ab"),
        hashed("a", "b", ""),
        hashed("\ud800"),
        hashed("x" * 10_000),
    }

    assert len(keys) == 5
    assert {len(key) for key in keys} == {40}


def test_a_job_is_about_its_alert_else_about_its_arguments():
    assert subject_of(7, {"a": 1}) == "alert:7"
    assert subject_of(None, {"a": 1, "b": 2}) == subject_of(None, {"b": 2, "a": 1})
    assert subject_of(None, {"a": 1}) != subject_of(None, {"a": 2})


@pytest.mark.parametrize(
    ("index", "query"),
    [
        ("ix_events_untriaged", "SELECT id FROM events WHERE triaged_at IS NULL ORDER BY id"),
        ("uq_alerts_open_key", "SELECT id FROM alerts WHERE key IN ('k') AND closed_at IS NULL"),
        (
            "ix_alerts_open_last_event_at",
            "SELECT id FROM alerts WHERE closed_at IS NULL ORDER BY last_event_at",
        ),
        (
            "ix_alerts_due",
            "SELECT id FROM alerts WHERE channel = 'C' AND flush_at IS NOT NULL AND flush_at <= 5",
        ),
        (
            "ix_deliveries_waiting",
            "SELECT min(waiting_since) FROM deliveries WHERE alert_id = 1 AND state = 'waiting'",
        ),
        (
            "ix_notes_due",
            "SELECT id FROM notes WHERE channel = 'C' AND due_at IS NOT NULL AND due_at <= 5",
        ),
        ("ix_jobs_waiting", "SELECT id FROM jobs WHERE state = 'waiting' AND run_at <= 5"),
        ("ix_jobs_running", "SELECT id FROM jobs WHERE state = 'running' AND lease_until <= 5"),
    ],
)
async def test_a_partial_index_serves_its_question(store, index, query):
    explain = "EXPLAIN " if store.database.is_postgres else "EXPLAIN QUERY PLAN "
    async with store.database.writing() as connection:
        if store.database.is_postgres:  # empty tables are quickest read whole
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
            await connection.execute(text("SET LOCAL enable_sort = off"))
        plan = "\n".join(str(row) for row in await connection.execute(text(explain + query)))

    assert index in plan


def test_no_index_is_over_text_from_outside():
    ours = {
        "key", "name", "subject", "source", "channel", "ts", "dimension", "reason",
        "version_num",
    }  # fmt: skip
    indexed = {
        column.name
        for table in metadata.tables.values()
        for index in table.indexes
        for column in index.columns
        if str(column.type) == "TEXT" and not column.name.endswith("_key")
    }

    assert indexed <= ours
