"""What can be read from a payload, and what is better refused."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.http.json_body import elements_of
from handlers.http.payload import (
    addresses_in,
    composite_key,
    domain_in,
    look_up,
    metadata_of,
    moment,
    text_at,
    text_in,
    text_of,
    words_of,
)

THEN = datetime(2026, 6, 15, 11, 58, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("ana", "ana"),
        (7, "7"),
        (1781524710.417233, "1781524710.417233"),
        (10**25, "1" + "0" * 25),
        (True, "true"),
        (None, ""),
        ([], ""),
        ({"a": 1}, ""),
        ("a\0b\ud800", "a\ufffdb\ufffd"),
        ("x" * 10_000, "x" * 8_192),
    ],
)
def test_text_is_what_can_be_shown(value, text):
    assert text_of(value) == text


@pytest.mark.parametrize(
    "value",
    [
        1781524710,
        1781524710.0,
        "1781524710",
        1781524710_000,
        "1781524710000",
        "2026-06-15T11:58:30Z",
        "2026-06-15T11:58:30",
        " 2026-06-15 13:58:30+02:00 ",
        "Mon, 15 Jun 2026 11:58:30 +0000",
        "15 Jun 2026 11:58:30 GMT",
    ],
)
def test_time_is_read_however_it_is_written(value):
    assert moment(value) == THEN


@pytest.mark.parametrize("value", [0, "1970-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_time_before_email_is_moved_to_the_bound(value):
    assert moment(value).year == 1990


@pytest.mark.parametrize(
    "value",
    [None, True, [], {}, "", "soon", "nan", "inf", float("nan"), float("inf"), -1, 1e20, 10**400,
     "99999-01-01", "2026-13-01", "\ud800"],
)  # fmt: skip
def test_what_is_no_time_is_refused(value):
    with pytest.raises((ValueError, TypeError)):
        moment(value)


@pytest.mark.parametrize("path", ["a.c", "a.b.9", "a.b.x", "x", "a.b.0.y", "a.b.-1", "a.b.²"])
def test_path_that_leads_nowhere_gives_nothing(path):
    assert look_up({"a": {"b": ["one"]}}, path) is None
    assert text_at({"a": {"b": ["one"]}}, path) == ""


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_answer_that_is_no_json_says_nothing(body):
    assert text_in(body, "message") == ""


def test_names_are_taken_from_texts_and_objects():
    assert words_of(["a", {"name": "b"}, None, "", ["c"], 7]) == ["a", "b", "7"]
    assert words_of("a") == []


def test_nested_metadata_is_written_as_json():
    assert metadata_of({"a": 1, "b": {"c": [None]}, "d": None}) == {
        "a": "1",
        "b": '{"c": [null]}',
        "d": "",
    }
    assert metadata_of(["a"]) == {}


def test_addresses_are_found_once_each():
    assert addresses_in("Ana <ana@one.example>, ana@one.example; bea@two.example") == [
        "ana@one.example",
        "bea@two.example",
    ]
    assert domain_in("", "Shop <hello@Sender.example>", "x@other.example") == "sender.example"
    assert domain_in("nobody") == ""


def test_address_that_lost_its_end_is_nobody():
    text = text_of("".join(f"user{n}@receiver.example," for n in range(1000)))

    assert all(address.endswith("@receiver.example") for address in addresses_in(text))


def test_parts_make_a_key_of_their_own():
    assert composite_key("a", "b") == composite_key("a", "b") != composite_key("a", "c")
    assert composite_key("\ud800")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.lists(VALUES, max_size=5), st.sampled_from([None, 0, 2]))
def test_elements_of_a_list_come_with_their_own_text(values, indent):
    elements = elements_of(json.dumps(values, indent=indent))

    assert [value for value, _ in elements] == values
    assert [json.loads(text) for _, text in elements] == values


@pytest.mark.parametrize(
    "text", ["", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1]]", "[1] x", "[1}", "{", "nul"]
)
def test_a_list_that_is_broken_has_no_elements(text):
    with pytest.raises(ValueError, match=r"Expect|Extra|end"):
        elements_of(text)


@pytest.mark.parametrize("text", ["{}", "1", '"[]"', "null"])
def test_what_is_no_list_has_no_elements(text):
    with pytest.raises(TypeError, match="not a list"):
        elements_of(text)
