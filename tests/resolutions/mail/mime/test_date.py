"""Dates as servers write them."""

from datetime import UTC, datetime

import pytest

from resolutions.mail.mime.date import parse_date


@pytest.mark.parametrize(
    "value",
    [
        "Mon, 15 Jun 2026 11:58:30 +0200",
        "15 Jun 26 09:58:30 GMT",
        "Mon, 15 June 2026 05:58:30 EDT",
        "15-Jun-2026 09:58:30",
        "Mon, 15 Jun 2026 09:58:30 XYZ",
    ],
)
def test_moment_is_read_however_its_zone_is_written(value):
    assert parse_date(value) == datetime(2026, 6, 15, 9, 58, 30, tzinfo=UTC)


def test_leap_second_is_the_last_of_its_minute():
    assert parse_date("31 Dec 2016 23:59:60 +0000") == datetime(
        2016, 12, 31, 23, 59, 59, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "value",
    ["", "yesterday", "31 Foo 2026 10:00", "31 Feb 2026 10:00", "1 Jan 2026 10:00 +2400"],
)
def test_what_is_no_moment_is_none(value):
    assert parse_date(value) is None


@pytest.mark.parametrize("value", ["1 Jan 0001 00:00 +0100", "31 Dec 9999 23:59 -0100"])
def test_moment_beyond_all_years_is_none(value):
    assert parse_date(value) is None
