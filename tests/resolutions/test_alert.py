"""Alerts: what is largest, what heads them, what their numbers are set against."""

from datetime import UTC, datetime
from typing import Any

import pytest

from resolutions.alert import Alert, AlertKey, Tally, has_moved, rate_scope, variant_of
from resolutions.catalogue.family import Family, Severity
from resolutions.reason import Reason

OPENED = datetime(2026, 6, 15, 12, 34, tzinfo=UTC)


def alert(*tallies: Tally) -> Alert:
    given: dict[str, Any] = dict.fromkeys(("waiting", "bounced", "delivered", "expired"), 0)
    key = AlertKey(complaint=False, family=Family.LIST, subject="shop/june", topic="bad-mailbox")
    return Alert(
        id=1,
        key=key,
        reason=Reason.BAD_MAILBOX,
        variant="",
        severity=Severity.INFO,
        opened_at=OPENED,
        last_event_at=OPENED,
        recipients=6,
        tallies=tallies,
        **given,
    )


def test_words_stand_by_what_is_shown_of_them_the_largest_first() -> None:
    google = Tally(dimension="operator", word="google", bounced=1)
    yahoo = Tally(dimension="operator", word="yahoo", delivered=5)

    assert alert(google, yahoo).words("operator") == [yahoo, google]
    assert [tally.total for tally in alert(google, yahoo).words("operator")] == [5, 1]


def test_the_variant_is_that_of_more_than_half() -> None:
    assert variant_of({"a": 3, "b": 2}) == "a"
    assert variant_of({"a": 2, "b": 2}) == ""
    assert variant_of({}) == ""


@pytest.mark.parametrize(
    ("shown", "counts", "moved"),
    [
        (None, [0, 0], True),
        ([0, 100], [0, 100], False),
        ([0, 100], [0, 109], False),
        ([0, 100], [0, 110], True),
        ([0, 100], [1, 100], True),
    ],
)
def test_a_number_has_moved_by_a_tenth(
    shown: list[int] | None, counts: list[int], moved: bool
) -> None:
    assert has_moved(shown, counts) is moved


@pytest.mark.parametrize(
    ("family", "campaign", "words", "since"),
    [
        (Family.RECEIVER, "june", {"operator": ["google"]}, "2026-06-15T12:00"),
        (Family.LIST, "june", {"source": ["shop"], "campaign": ["june"]}, "2026-06-14T12:00"),
        (Family.LIST, "", {"source": ["shop"], "campaign": [""]}, "2026-06-15T12:00"),
        (Family.OURS, "june", {"source": ["shop"]}, "2026-06-15T12:00"),
    ],
)
def test_failures_are_set_against_what_they_are_about(
    family: Family, campaign: str, words: dict[str, list[str]], since: str
) -> None:
    tallies = [
        Tally(dimension="source", word="shop"),
        Tally(dimension="campaign", word=campaign),
        Tally(dimension="operator", word="google"),
    ]

    scope = rate_scope(family, OPENED, tallies)

    assert scope.words == words
    assert scope.since == datetime.fromisoformat(f"{since}+00:00")
