"""The language of the rules: what it allows, and which words a text must hold."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolutions.rules.index import Phrase, PhraseIndex
from resolutions.rules.pattern import Anchor, spelled_out, wordings, words
from resolutions.rules.regex import expression_of


def anchors(text: str) -> list[set[str]]:
    [wording] = wordings(text)
    return [{anchor.word for anchor in choice} for choice in wording.choices]


def find(wording: str, text: str) -> str:
    index = PhraseIndex([Phrase(each, 0) for each in wordings(wording)])
    return max((phrase.find(text) for phrase in index.candidates(text)[0]), key=len, default="")


def test_each_alternative_is_a_wording_of_its_own() -> None:
    assert [each.literal for each in wordings("mailbox full|over quota")] == [
        "mailbox full",
        "over quota",
    ]


@pytest.mark.parametrize(
    ("text", "sets"),
    [
        ("user unknown", [{"user"}, {"unknown"}]),
        ("(user|recipient) unknown", [{"user", "recipient"}, {"unknown"}]),
        ("(is )?unknown", [{"unknown"}]),
        ("( is| was)? gone", [{"gone"}]),
        ("block(ed|ing)?", [{"block"}]),
        ("(re)?lay denied", [{"denied"}]),
        (r"\d{3} full", [{"full"}]),
        ("box[.:] full", [{"box"}, {"full"}]),
        (r"(mail|letter).{0,20}refused", [{"mail", "letter"}, {"refused"}]),
    ],
)
def test_anchors_are_words_that_a_matching_text_must_hold(text: str, sets: list[set[str]]) -> None:
    assert anchors(text) == sets


def test_open_end_is_anchored_by_its_beginning() -> None:
    [wording] = wordings(r"throttl\w{0,3}")

    assert wording.choices == ((Anchor("throttl", prefix=True),),)


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
    assert find(wording, text) == found


@pytest.mark.parametrize(
    "text",
    ["(", "a)", "[a", "a{3", "+a", "(a|b)+", "(a)*", "a{500}", "(?=a)", r"\1", r"\b", "a||b", "a|"],
)
def test_what_could_run_away_or_is_broken_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        wordings(text)


def test_phrase_needs_a_word_to_hang_on() -> None:
    with pytest.raises(ValueError, match="whole word"):
        PhraseIndex([Phrase(each, 0) for each in wordings(r".{1,5}")])


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
    expression = expression_of(parsed.nodes) or re.escape(parsed.literal)
    if not parsed.choices:
        return

    plain = re.search(rf"(?<![^\W_]){expression}(?![^\W_])", text)

    if plain and plain[0].strip() and parsed.before and parsed.after:
        assert find(wording, text)


@given(st.text(max_size=200))
def test_words_are_runs_of_letters_and_digits(text: str) -> None:
    assert all(word.strip() == word and word for word in words(text))
