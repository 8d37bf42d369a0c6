"""Log lines: JSON, one a line, and no whole address in them."""

import io
import json
import logging

import pytest

from bot.logs import JsonLines, shortened


@pytest.fixture
def logged():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
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
