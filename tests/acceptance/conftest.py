"""Everything around the bot, for whole walks; the bot itself is started by each test."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from resolutions.rules.rulebook import Rulebook
from tests.acceptance.whole import Whole, whole


@pytest.fixture(autouse=True)
def read_once(rulebook: Rulebook, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every bot of this process the same rules, read once: they are what takes longest."""
    monkeypatch.setattr(Rulebook, "load", lambda _=(): rulebook)


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    """Give the surroundings with a database on SQLite, then on PostgreSQL."""
    async with whole(tmp_path, database_url) as around:
        yield around
        assert around.slack.violations == []


@pytest.fixture
async def embedded(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Whole]:
    """Give the surroundings with a database on SQLite alone."""
    path = shutil.copy(sqlite_template, tmp_path / "bounce.db")
    async with whole(tmp_path, f"sqlite:///{path}") as around:
        yield around
        assert around.slack.violations == []
