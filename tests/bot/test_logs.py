"""Log lines: JSON, one a line, and no whole address in them."""

import io
import json
import logging
import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from bot.logs import JsonLines, RepeatedWarnings, shortened


@pytest.fixture
def logged():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    handler.addFilter(RepeatedWarnings())
    logger = logging.getLogger("bot.test_logs")
    logger.addHandler(handler)
    yield logger, lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)


def test_a_line_holds_what_was_said_and_what_came_with_it(logged):
    logger, lines = logged

    logger.warning("forged request", extra={"source": "shop", "count": 3})

    (line,) = lines()
    assert (line["level"], line["text"], line["source"], line["count"]) == (
        "warning",
        "forged request",
        "shop",
        3,
    )


def test_addresses_are_shortened_everywhere(logged):
    logger, lines = logged

    try:
        int("ana.costa@receiver.example")
    except ValueError:
        logger.exception("failed for ana.costa@receiver.example", extra={"to": "mia@x.example"})

    text = json.dumps(lines())
    assert "ana.costa" not in text
    assert "mia@" not in text
    assert "receiver.example" in text


def test_a_line_break_does_not_make_a_second_line(logged):
    logger, lines = logged

    logger.error("one\ntwo", extra={"why": "three\nfour"})

    assert len(lines()) == 1


@pytest.mark.parametrize("value", [None, True, 3, 2.5])
def test_numbers_stay_numbers(value):
    assert shortened(value) == value


def test_long_texts_are_cut():
    assert len(shortened("x" * 100_000)) < 20_000


def test_an_error_of_ours_comes_with_its_traceback(logged):
    logger, lines = logged

    try:
        int("x")
    except ValueError:
        logger.exception("a step failed")

    assert "Traceback" in lines()[0]["traceback"]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ConnectionRefusedError(111, "refused"), "ConnectionRefusedError: [Errno 111] refused"),
        (
            OperationalError("UPDATE jobs", {}, sqlite3.OperationalError("database is locked")),
            "OperationalError: database is locked",
        ),
    ],
)
def test_trouble_outside_is_told_in_a_line(logged, error, why):
    logger, lines = logged

    logger.error("a step failed", exc_info=error)

    (line,) = lines()
    assert line["why"] == why
    assert "traceback" not in line


def at(logger, seconds, text, **extra):
    """Log a warning at a time."""
    record = logger.makeRecord(logger.name, logging.WARNING, "", 0, text, (), None, extra=extra)
    record.created = seconds
    logger.handle(record)


def test_what_is_said_again_and_again_is_counted(logged):
    logger, lines = logged

    for second in (1_000, 1_002, 1_004, 1_059, 1_061):
        at(logger, second, "Slack does not answer")

    assert [line.get("repeated") for line in lines()] == [None, 3]


def test_what_says_something_else_is_no_repeat(logged):
    logger, lines = logged

    at(logger, 1_000, "forged request", source="shop")
    at(logger, 1_001, "forged request", source="crm")

    assert [line["source"] for line in lines()] == ["shop", "crm"]


def test_few_repeats_are_remembered(logged):
    logger, lines = logged

    at(logger, 1_000, "first")
    for number in range(300):
        at(logger, 1_001, f"other {number}")
    at(logger, 1_002, "first")

    assert [line["text"] for line in lines()].count("first") == 2
