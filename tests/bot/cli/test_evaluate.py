"""`bounce evaluate`: what is counted, and how it is shown."""

import json
from typing import Any

from bot.cli.evaluate import evaluate
from bot.cli.own_files import OwnFiles
from bot.cli.text.evaluation import alternatives_text, evaluation_text

OWN = OwnFiles()


def clock():
    """Tick once a millisecond of diagnosis."""
    now = 0.0

    def tick():
        nonlocal now
        now += 0.001
        return now

    return tick


def evaluated(*records):
    lines = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in records]
    return evaluate(lines, OWN, clock())


CASES: list[dict[str, Any]] = [
    {"id": "1", "text": "552 5.2.2 mailbox full", "expected": ["quota-issues"]},
    {"id": "2", "text": "550 5.1.1 user unknown", "expected": ["inactive-mailbox", "bad-mailbox"]},
    {"id": "3", "text": "550 5.1.1 user unknown", "expected": ["spam-related"]},
    {"id": "4", "text": "550 5.7.1 no", "expected": "blocked-ip"},
    {"id": "5", "text": "I am out of the office", "expected": ["auto-reply"]},
]


def test_acceptable_and_exact_answers_are_counted():
    evaluation = evaluated(*CASES)

    total = evaluation.total
    assert (total.cases, total.acceptable, total.exact) == (5, 3, 2)


def test_scores_are_kept_by_the_best_answer():
    scores = {score.word: score for score in evaluated(*CASES).scores}

    assert set(scores) == {
        "auto-reply",
        "blocked-ip",
        "inactive-mailbox",
        "quota-issues",
        "spam-related",
    }
    assert (scores["inactive-mailbox"].acceptable, scores["inactive-mailbox"].exact) == (1, 0)
    assert (scores["spam-related"].acceptable, scores["spam-related"].exact) == (0, 0)


def test_confusions_name_what_was_taken_for_what_the_most_frequent_first():
    evaluation = evaluated(*CASES, CASES[3] | {"id": "6"})

    assert [(each.expected, each.answer, each.count) for each in evaluation.confusions] == [
        ("blocked-ip", "policy-related", 2),
        ("spam-related", "bad-mailbox", 1),
    ]


def test_wrong_answers_given_as_sure_are_listed_and_weak_ones_not():
    (wrong,) = evaluated(*CASES).sure_and_wrong

    assert (wrong.id, wrong.answer) == ("3", "bad-mailbox")
    assert wrong.rule


def test_rules_that_no_case_needed_are_named():
    evaluation = evaluated(*CASES)

    assert {case.rule for case in evaluation.cases}.isdisjoint(evaluation.unused)
    assert "gmail-out-of-storage" in evaluation.unused
    assert len(evaluation.unused) < evaluation.rules


def test_only_the_time_of_the_diagnoses_counts():
    evaluation = evaluated(*CASES)

    assert round(evaluation.seconds, 6) == 0.005
    assert round(evaluation.rate) == 1_000


def test_lines_that_cannot_be_used_are_listed_and_do_not_count():
    evaluation = evaluated(CASES[0], b"{broken", b"\n", {"text": "x"}, {"expected": ["unknown"]})

    assert evaluation.total.cases == 1
    assert [each.partition(":")[0] for each in evaluation.unusable] == [
        "line 2",
        "line 4",
        "line 5",
    ]


def test_everything_is_shown_in_columns():
    lines = evaluation_text(evaluated(*CASES, b"{broken")).splitlines()

    assert lines[0].split() == ["expected", "cases", "acceptable", "exact"]
    table = lines[: lines.index("")]
    assert len({len(line) for line in table}) == 1
    assert table[-1].split() == ["all", "5", "60.0%", "40.0%"]
    assert any(line.startswith("wrong, given as certain or likely: 1 (20.0%)") for line in lines)
    assert any(line.startswith("rules never used: ") for line in lines)
    assert lines[-1] == "speed: 1,000 texts/s on one core (5 in 0.01 s)"


def test_an_empty_file_is_no_division_by_zero():
    assert "0 texts/s" in evaluation_text(evaluated())


def test_answers_are_counted_by_how_sure_they_were():
    bands = {score.word: (score.cases, score.acceptable) for score in evaluated(*CASES).bands}

    assert sum(cases for cases, _ in bands.values()) == 5
    assert bands["weak"] == (1, 0)


def test_a_confusion_names_its_cases():
    evaluation = evaluated(CASES[2], *(CASES[3] | {"id": f"b{number}"} for number in range(5)))

    assert evaluation.confusions[0].ids == ("b0", "b1", "b2", "b3", "b4")
    assert "b0, b1, b2, …" in evaluation_text(evaluation)


def test_a_misspelt_reason_is_pointed_out():
    evaluation = evaluated(*CASES, CASES[0] | {"expected": ["mailbox-full", "quota-issues"]})

    assert evaluation.strange == ["mailbox-full"]
    assert "  mailbox-full" in evaluation_text(evaluation).splitlines()
    assert evaluated(*CASES).strange == []


def test_unused_rules_are_listed_by_file_one_s_own_first(tmp_path):
    own = tmp_path / "ours.toml"
    own.write_text(
        '[[rule]]\nid = "gnome-gate"\nreason = "policy-related"\ntext = "gnome at the gate"\n'
        'example = "550 gnome at the gate"\n'
    )

    evaluation = evaluate([json.dumps(CASES[0]).encode()], OwnFiles(rules=(own,)), clock())

    first = evaluation.files[0]
    assert (first.name, first.rules, first.unused) == ("ours", 1, ("gnome-gate",))
    lines = evaluation_text(evaluation).splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("rules never used"))
    assert lines[start + 1].split() == ["ours", "1", "of", "1", "gnome-gate"]
    assert all(len(line) < 105 for line in lines)


def test_alternatives_that_are_in_no_reply_are_listed_by_rule(tmp_path):
    own = tmp_path / "ours.toml"
    own.write_text(
        '[[rule]]\nid = "gnome-gate"\nreason = "policy-related"\n'
        'text = ["gnome at the (gate|door)", "no gnome", ["mailbox ", "full"]]\n'
        'example = "550 gnome at the gate"\n'
    )

    evaluation = evaluate([json.dumps(CASES[0]).encode()], OwnFiles(rules=(own,)), clock())

    lines = alternatives_text(evaluation.unmatched).splitlines()
    assert lines[:3] == ["gnome-gate", "    gnome at the (gate|door)", "    no gnome"]
    assert not lines[3].startswith(" ")
    shown = f"{len(evaluation.unmatched):,} of {evaluation.alternatives:,}"
    assert f"alternatives in no reply: {shown}" in evaluation_text(evaluation)
