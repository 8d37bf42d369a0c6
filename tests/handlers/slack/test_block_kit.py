"""The pieces of messages keep to Slack's limits and to the borders of what they cut."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.block_kit.limits import check_message
from handlers.slack.block_kit import (
    actions,
    button,
    cut,
    escape,
    menu,
    moment,
    plain,
    preformatted,
    section,
    size,
    tame,
    unescape,
)


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("short enough", 12, "short enough"),
        ("a long text", 8, "a long …"),
        ("salt &amp; pepper", 10, "salt  …"),
        ("see <https://a.example|here> now", 20, "see  …"),
        ("by <@U123456> today", 10, "by  …"),
        ("cafe\u0301 is open now", 6, "caf …"),
        ("ab\U0001f468\u200d\U0001f469\u200d\U0001f467 family", 6, "ab …"),
        ("less < than all of it", 10, "less < t …"),
    ],
)
def test_nothing_is_cut_in_half(text, limit, short):
    assert cut(text, limit) == short


@given(st.text(), st.integers(10, 60))
def test_what_is_cut_is_within_the_limit(text, limit):
    short = cut(escape(text), limit)

    assert len(short) <= limit
    assert short == escape(unescape(short))


@given(st.text(st.sampled_from("<>&@!#|channel:/htps.\n ")))
def test_outside_text_comes_back_as_it_was_typed(text):
    assert unescape(escape(text)) == text


def test_only_people_and_times_stay_marked_in_our_own_lines():
    at = moment(datetime(2026, 6, 15, 9, 12, tzinfo=UTC))

    line = tame(f"<!channel> <!subteam^S1|x> done by <@U1> {at}")

    assert line == f"&lt;!channel> &lt;!subteam^S1|x> done by <@U1> {at}"
    assert "2026-06-15 09:12 UTC" in at


@pytest.mark.parametrize("text", ["", "x" * 40_000, "line\n" * 8_000, "&amp;" * 9_000])
def test_a_text_of_any_length_fits_into_one_message(text):
    shown = plain(text)

    check_message(shown, [])
    assert size(shown) < 12_000


def test_a_menu_of_more_than_five_is_a_select():
    few, many = {f"a|{n}": "x" * 200 for n in range(5)}, {f"a|{n}": "x" for n in range(6)}

    assert menu(few, "more")["type"] == "overflow"
    assert menu(many, "more")["type"] == "static_select"
    check_message([actions([menu(few, "more"), menu(many, "other")], "row")], [])


def test_a_button_is_within_all_limits():
    element = button("L" * 200, "act", "v" * 3_000, about="many words " * 20)

    check_message([actions([element], "b" * 300)], [])


def test_raw_text_is_shown_without_marks_that_hide_something():
    block = preformatted("550 \u202eevil\u0007 <!channel>\r\nnext")

    assert json.dumps(block).count("\\u202e") == 0
    assert block["elements"][0]["elements"][0]["text"] == "550 evil <!channel>\nnext"


def test_a_paragraph_is_never_empty_and_never_links_by_itself():
    block = section("")

    assert block["text"] == {"type": "mrkdwn", "text": "—", "verbatim": True}
