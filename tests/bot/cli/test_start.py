"""A command starts at once: it loads what it needs, and nothing beside."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"aiohttp", "pydantic", "slack_bolt", "slack_sdk", "sqlalchemy", "asyncio"}


def modules_after(code):
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import os, sys; from bot.cli.main import main; {code}\n"
            "print(*sys.modules, file=sys.stderr)",
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    return set(ran.stderr.split())


@pytest.mark.process
@pytest.mark.parametrize(
    "code",
    [
        "main(['explain', 'quota']); main(['explain', '550 5.1.1 no'])",
        "main(['diagnose', 'x'])",
        "main(['diagnose', '--jsonl', os.devnull])",
        "main(['diagnose', '--mail', 'README.md'])",
    ],
)
def test_nothing_heavy_is_loaded_to_explain_or_diagnose(code):
    assert not modules_after(code) & HEAVY


@pytest.mark.process
def test_a_providers_word_is_understood_without_slack_database_and_http():
    code = "main(['diagnose', '--provider', 'ses', '--verdict', 'Permanent/General'])"

    assert not modules_after(code) & {"aiohttp", "slack_bolt", "slack_sdk", "sqlalchemy"}


@pytest.mark.process
@pytest.mark.parametrize("words", [["explain", "quota"], ["diagnose", "550 no such user"]])
def test_words_alone_are_answered_without_parsing_options_and_toml(words, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    modules_after(f"main({words})")

    assert not modules_after(f"main({words})") & {"argparse", "tomllib"}


@pytest.mark.process
def test_what_looks_at_the_store_loads_neither_slack_nor_http_nor_alembic():
    loaded = modules_after("import bot.cli.jobs, bot.cli.quarantine, bot.cli.audit")

    assert "sqlalchemy" in loaded
    assert not loaded & {"aiohttp", "slack_bolt", "slack_sdk", "alembic"}


@pytest.mark.process
def test_the_bot_loads_nothing_of_another_database_nor_what_changes_one():
    loaded = modules_after("import bot.cli.serve")

    assert "sqlalchemy.dialects.sqlite" in loaded
    assert not loaded & {"alembic", "asyncpg", "botocore", "sqlalchemy.dialects.postgresql"}
