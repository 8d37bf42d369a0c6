"""Everything around the bot, for whole walks; the bot itself is started by each test."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.whole import Surroundings, surroundings


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Surroundings]:
    """Give the surroundings with a database on SQLite, then on PostgreSQL."""
    async with surroundings(tmp_path, database_url) as around:
        yield around
        assert around.slack.violations == []


@pytest.fixture
async def embedded(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Surroundings]:
    """Give the surroundings with a database on SQLite alone."""
    path = shutil.copy(sqlite_template, tmp_path / "bounce.db")
    async with surroundings(tmp_path, f"sqlite:///{path}") as around:
        yield around
        assert around.slack.violations == []
