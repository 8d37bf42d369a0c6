"""The language of the rules: what it allows, and which words a text must hold."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolutions.reason import Reason
from resolutions.rules.compiled import compiled
from resolutions.rules.index import FEW
from resolutions.rules.literals import LiteralFinder, Required
from resolutions.rules.pattern import spelled_out, wordings, words
from resolutions.rules.regex import expression_of
from resolutions.rules.reply import Reply
from resolutions.rules.rule import Rule
from resolutions.rules.rulebook import Rulebook

FINDER = LiteralFinder("550 5.1.1 user unknown mailbox full is not here")


def required(text: str) -> Required | None:
    [wording] = wordings(text)
    return FINDER.required(wording.nodes)


def find(text: str, *replies: str) -> list[str]:
    """Return what a rule of this text matches of each reply, empty where it does not hold."""
    rule = Rule(id="x", text=text, reason=Reason.UNKNOWN)
    rulebook = Rulebook(compiled([rule], [], ({}, {})))
    found = [rulebook.find(Reply(reply, reply, "", ""), "") for reply in replies]
    return [hits[0].matched if hits else "" for hits in found]


def test_each_alternative_is_a_wording_of_its_own() -> None:
    assert [each.literal for each in wordings("mailbox full|over quota")] == [
        "mailbox full",
        "over quota",
    ]


@pytest.mark.parametrize(
    ("text", "literals"),
    [
        ("user unknown", {"user unknown"}),
        ("(user|recipient) unknown", {"user unknown", "recipient unknown"}),
        ("(is )?unknown", {"unknown"}),
        ("( is| was)? gone", {" gone"}),
        ("block(ed|ing)?", {"block"}),
        ("(re)?lay denied", {"lay denied"}),
        (r"\d{3} full", {" full"}),
        ("box[.:] full", {" full"}),
        (r"(mail|letter).{0,20}refused", {"refused"}),
    ],
)
def test_a_matching_text_must_hold_one_of_some_literals(text: str, literals: set[str]) -> None:
    found = required(text)

    assert found is not None
    assert any(literal in spelled for literal in found.literals for spelled in literals)


def test_rare_literals_are_chosen_before_common_ones() -> None:
    found = required("(user|mailbox) .{0,20}(overflow|brimful)")

    assert found is not None
    assert found.literals == {"overflow", "brimful"}
    assert found.further == (frozenset({"user ", "mailbox "}),)


@pytest.mark.parametrize(
    ("wording", "text", "found"),
    [
        ("over quota", "mailbox over quota now", "over quota"),
        ("over quota", "rover quota", ""),
        ("over quota", "over quotas", ""),
        ("throttl(e|ed|ing)", "throttled", "throttled"),
        ("mail.{0,20}refused", "mail was refused", "mail was refused"),
        ("mail.{0,20}refused", "mails refused", "mails refused"),
        ("mail.{0,20}refused", "mail was unrefused", ""),
        ("(user|mailbox)( [^ ]{1,60})? unknown", "user <@> unknown", "user <@> unknown"),
        ("say (helo|ehlo) first", "please say ehlo first!", "say ehlo first"),
        ("存在しません", "ユーザが存在しません", "存在しません"),
        ("(user|box) (is )?(full|gone)", "the box is gone", "box is gone"),
        (r"code \d{3}", "code 5501", ""),
    ],
)
def test_wordings_are_found_as_whole_words(wording: str, text: str, found: str) -> None:
    assert find(wording, text) == [found]


@pytest.mark.parametrize(
    "text",
    ["(", "a)", "[a", "a{3", "+a", "(a|b)+", "(a)*", "a{500}", "(?=a)", r"\1", r"\b", "a||b", "a|"],
)
def test_what_could_run_away_or_is_broken_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        wordings(text)


def test_wording_needs_a_literal_to_hang_on() -> None:
    with pytest.raises(ValueError, match="x: needs a whole word"):
        find(r".{1,5}")


def test_the_automaton_finds_what_looking_for_each_literal_finds() -> None:
    replies = ["the box is full", "full box", "no box", "a full mailbox", "fully booked box"] * FEW

    found = find("(mail)?box .{0,9}full|full( .{0,9})?|no (box|user)", *replies)

    assert found[: len(replies) // 2] == found[len(replies) // 2 :]
    assert found[:5] == ["box is full", "full box", "no box", "full mailbox", ""]


def test_named_groups_are_spelled_out() -> None:
    assert spelled_out("{box} full{2}", {"box": "crate|bin"}) == "(crate|bin) full{2}"
    with pytest.raises(ValueError, match="nothing"):
        spelled_out("{nothing} full", {})


_PIECES = st.sampled_from(["user", "box", " ", "(is )?", "(a|b|full)", "x{0,3}", r"\d", ".", "é"])


@given(
    st.lists(_PIECES, min_size=1, max_size=6).map("".join),
    st.text("userboxisfulab 1é", max_size=30),
)
def test_the_index_misses_nothing_that_the_expression_finds(wording: str, text: str) -> None:
    [parsed] = wordings(wording)
    if not required(wording):
        return

    plain = re.search(rf"(?<![^\W_]){expression_of(parsed.nodes)}(?![^\W_])", text)

    if plain and plain[0].strip() and parsed.before and parsed.after:
        assert find(wording, text) != [""]


@given(st.text(max_size=200))
def test_words_are_runs_of_letters_and_digits(text: str) -> None:
    assert all(word.strip() == word and word for word in words(text))
