"""The rule files: each rule wins its own example, and no text makes the rulebook stumble."""

import collections
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolutions.bounce import Kind, SmtpReply
from resolutions.diagnosis.diagnose import diagnose
from resolutions.diagnosis.result import PastedReply
from resolutions.reason import Reason
from resolutions.rules.pattern import words
from resolutions.rules.reply import LIMIT, read_reply, read_words
from resolutions.rules.rule import Precedence, Rule
from resolutions.rules.rulebook import Hit, Rulebook
from resolutions.rules.schema import checked
from resolutions.rules.statuses import KNOWLEDGE, Statuses
from tests.once import shipped_rules

FILES = sorted((KNOWLEDGE / "rules").glob("*.toml"))
RULEBOOK = shipped_rules()

LINE_LIMIT = 100
ALTERNATIVES_LIMIT = 25


def hits(rulebook: Rulebook, text: str, host: str = "") -> list[Hit]:
    reply = read_words(rulebook.words_of(text), "", "")
    return rulebook.find(reply, rulebook.receiver_of(host))


def rule_file(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("rule", RULEBOOK.rules, ids=lambda rule: rule.id)
def test_rule_wins_its_examples_against_all_others(rule: Rule, rulebook: Rulebook) -> None:
    assert rule.examples

    for example in rule.examples:
        found = hits(rulebook, example, rule.host)

        assert found, "no rule holds"
        assert found[0].rule.id == rule.id


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_has_the_shape_of_a_rule_file(path: Path) -> None:
    assert checked(path)["rule"]


@pytest.mark.parametrize("path", [*FILES, KNOWLEDGE / "words.toml"], ids=lambda path: path.stem)
def test_no_line_of_a_file_is_too_long_to_read(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()

    assert [line for line in lines if len(line) > LINE_LIMIT] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_rule_has_more_alternatives_than_can_be_overlooked(path: Path) -> None:
    for rule in tomllib.loads(path.read_text("utf-8"))["rule"]:
        for written in (rule.get("text", []), rule.get("unless", [])):
            assert isinstance(written, str) or len(written) <= ALTERNATIVES_LIMIT, rule["id"]


def test_every_rule_names_where_its_words_are_from() -> None:
    assert [rule.id for rule in RULEBOOK.rules if not rule.source] == []


def test_ids_are_unique() -> None:
    ids = [rule.id for rule in RULEBOOK.rules]

    assert [name for name, count in collections.Counter(ids).items() if count > 1] == []


def test_every_reason_has_rules() -> None:
    worded = {rule.reason for rule in RULEBOOK.rules}

    assert set(Reason) - worded == set()


def test_statuses_name_each_code_once_and_known_reasons_only() -> None:
    tables = tomllib.loads((KNOWLEDGE / "statuses.toml").read_text("utf-8"))
    codes = [
        code for name in ("precise", "vague") for each in tables[name].values() for code in each
    ]

    assert len(codes) == len(set(codes))
    assert Statuses.load().of_status("5.2.2") is not None
    assert Statuses.load().of_status("") is None


def test_rule_of_a_receiver_outranks_one_for_everybody(rulebook: Rulebook) -> None:
    text = "550 5.2.1 The email account that you tried to reach is disabled. User unknown"

    at_google = hits(rulebook, text, "gmail-smtp-in.l.google.com")

    assert at_google[0].rule.receiver == "gmail"
    assert at_google[0].precedence is Precedence.RECEIVER


def test_a_word_in_the_text_reveals_the_receiver(rulebook: Rulebook) -> None:
    found = hits(rulebook, "421 4.7.32 try later - gsmtp")

    assert found[0].rule.id == "gmail-authentication-status"


def test_a_few_plain_words_of_a_vendor_are_anybodys(rulebook: Rulebook) -> None:
    text = "550 user hangup"

    anywhere, at_home = (
        hits(rulebook, text)[0],
        hits(rulebook, text, "163mx01.mxmail.netease.com")[0],
    )

    assert (anywhere.rule.id, anywhere.precedence) == ("netease-suspended", Precedence.GENERAL)
    assert (at_home.rule.id, at_home.precedence) == ("netease-suspended", Precedence.RECEIVER)


def test_operators_own_rules_are_tried_first(tmp_path: Path) -> None:
    own = rule_file(
        tmp_path,
        """
        [[rule]]
        id = "own-full"
        reason = "policy-related"
        text = 'mailbox (is )?full'
        example = "552 mailbox full"
        """,
    )

    rulebook = Rulebook.load([own])

    assert hits(rulebook, "552 5.2.2 mailbox full")[0].rule.id == "own-full"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("[[rule]]\nid = 'x'\nexample = 'x'\ntext = 'x'", "a reason or a kind"),
        ("[[rule]]\nid = 'x'\nreason = 'unknown'\nexample = 'x'", "without text"),
        ("[[rule]]\nid = 'x'\nreason = 'unknown'\nexample = 'x'\ntext = 'Big'", "lower case"),
        ("[[rule]]\nid = 'x'\nreason = 'unknown'\nexample = 'x'\ntext = '(a+)+'", "run away"),
        ("[[rule]]\nid = 'x'\nreason = 'unknown'\nexample = 'x'\ntext = '{box} full'", "words"),
        (
            "[[rule]]\nid = 'x'\nreason = 'unknown'\nexample = 'x'\ntext = 'a[z-b]c'",
            "bad character",
        ),
        ("[[rule]]\nid = 'x'\nreason = 'nonsense'\nexample = 'x'\ntext = 'x'", "reason"),
        ("[[rule]]\nid = 'x'\ngroup = 'y'\nexample = 'x'\ntext = 'x'", "y is no rule"),
        ("[[rule]]\nid = 'x'\ncolour = 'red'", "colour"),
        ("[[rule", "own.toml"),
    ],
)
def test_unusable_file_is_refused_with_its_name(
    tmp_path: Path, content: str, complaint: str
) -> None:
    path = rule_file(tmp_path, content)

    with pytest.raises(ValueError, match=r"own\.toml") as refused:
        Rulebook.load([path])

    assert complaint in str(refused.value)


def test_words_of_a_file_stand_for_groups(tmp_path: Path) -> None:
    own = rule_file(
        tmp_path,
        """
        [words]
        box = 'crate|barrel'
        vessel = '{box}|bottle'
        [[rule]]
        id = "own-leak"
        reason = "bad-configuration"
        text = '{vessel} (is )?leaking'
        example = "550 barrel leaking"
        """,
    )

    rulebook = Rulebook.load([own])

    assert hits(rulebook, "550 the bottle is leaking")[0].rule.id == "own-leak"


def test_alternatives_may_stand_a_line_each_and_in_pieces(tmp_path: Path) -> None:
    own = rule_file(
        tmp_path,
        """
        [words]
        box = ['crate', 'barrel']
        [[rule]]
        id = "own-leak"
        reason = "bad-configuration"
        examples = ["550 barrel leaking", "550 crate is wet"]
        text = [
          'leaking',
          ['{box} ', '(is )?', 'wet'],
        ]
        """,
    )

    rulebook = Rulebook.load([own])

    assert rulebook.rules[0].text == "leaking|(crate|barrel) (is )?wet"
    assert rulebook.rules[0].examples == ("550 barrel leaking", "550 crate is wet")
    assert hits(rulebook, "550 the crate is wet")[0].matched == "crate is wet"


def test_words_of_all_files_stand_below_those_of_a_file(tmp_path: Path) -> None:
    text = """
        [[rule]]
        id = "own-mail"
        reason = "bad-configuration"
        example = "550 mail melted"
        text = '{mail} melted'
        """

    shared = Rulebook.load([rule_file(tmp_path, text)]).rules[0].text
    own = Rulebook.load([rule_file(tmp_path, f"[words]\nmail = 'parcel'\n{text}")]).rules[0].text

    assert (shared, own) == ("(message|mail|email) melted", "(parcel) melted")


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ('reason = "bad-configuration"', ["mailbox melted", "the mailbox"]),
        ('group = "own-one"', ["mailbox melted"]),
    ],
)
def test_of_a_group_the_longest_words_count(tmp_path: Path, group: str, words: list[str]) -> None:
    own = rule_file(
        tmp_path,
        f"""
        [[rule]]
        id = "own-one"
        reason = "bad-configuration"
        example = "550 the mailbox"
        text = 'the mailbox'
        [[rule]]
        id = "own-two"
        {group}
        example = "550 mailbox melted"
        text = 'mailbox melted'
        """,
    )

    found = hits(Rulebook.load([own]), "550 the mailbox melted")

    assert {hit.rule.reason for hit in found[: len(words)]} == {Reason.BAD_CONFIGURATION}
    assert [hit.matched for hit in found if hit.precedence is Precedence.OPERATOR] == words


def test_wording_matches_whole_words_only(rulebook: Rulebook) -> None:
    assert hits(rulebook, "550 overquotation of unspammable hamster") == []


# What hostile text can do


HOSTILE = {
    "one endless word": "a" * 1_000_000,
    "spaces": " " * 1_000_000,
    "opened wordings": "user " * 200_000,
    "half matches": "mailbox is currently temporarily " * 30_000,
    "codes": "550 5.1.1 " * 100_000,
    "addresses": "a@b.example " * 80_000,
    "at signs": "@" * 1_000_000,
    "dots": "1.2.3." * 150_000,
    "marks": " said: " * 140_000,
    "brackets": "<" * 1_000_000,
    "ideographs": "存在しません" * 150_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_only_the_beginning_of_a_hostile_text_is_looked_at(text: str, rulebook: Rulebook) -> None:
    reply = read_reply(SmtpReply(text))

    found = diagnose(PastedReply(SmtpReply(text)), rulebook)

    assert len(reply.text) <= 2 * LIMIT
    assert found == diagnose(PastedReply(SmtpReply(text[:LIMIT])), rulebook)


def test_no_expression_can_repeat_a_repetition() -> None:
    """Every repeat is bounded and none stands within another: matching cannot run away."""
    for rule in RULEBOOK.rules:
        assert "(.*" not in rule.text
        assert ")+" not in rule.text
        assert ")*" not in rule.text


_WORDS = sorted({word for rule in RULEBOOK.rules for word in words(rule.text)})


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_WORDS), max_size=60), st.sampled_from(["", "550 ", "421 4.7.0 "]))
def test_any_mixture_of_known_words_gets_a_diagnosis(mixture: list[str], head: str) -> None:
    found = diagnose(PastedReply(SmtpReply(head + " ".join(mixture))), RULEBOOK)

    assert found.reason in set(Reason)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400), st.text(max_size=8), st.text(max_size=12), st.text(max_size=30))
def test_any_text_at_all_gets_a_diagnosis(text: str, code: str, status: str, host: str) -> None:
    symptoms = PastedReply(SmtpReply(text, code, status), host)

    found: Any = diagnose(symptoms, RULEBOOK)

    assert found.kind in set(Kind)
    assert found == diagnose(symptoms, RULEBOOK)
