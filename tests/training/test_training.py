"""The likeness model is made of what it says, and measured by what it never saw."""

import json
from typing import Any

import pytest

from resolutions.bounce import SmtpReply
from resolutions.diagnosis.classifier import FILE, Likeness
from resolutions.rules.reply import read_reply
from training.__main__ import accuracy
from training.learner import SETTINGS, Learner
from training.samples import Sample, fingerprint, held_out, sample, samples


@pytest.fixture(scope="module")
def seen() -> list[Sample]:
    return samples()


@pytest.fixture(scope="module")
def model() -> dict[str, Any]:
    written: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return written


def test_the_model_is_made_of_replies_and_settings_as_they_are_now(
    seen: list[Sample], model: dict[str, Any]
) -> None:
    assert model["made_from"] == fingerprint(seen, SETTINGS), "make learn"


def test_a_sample_a_feature_or_a_setting_changes_the_fingerprint() -> None:
    full = sample("quota-issues", "mailbox full")
    fingerprints = {
        fingerprint([full], SETTINGS),
        fingerprint([full._replace(label="bad-mailbox")], SETTINGS),
        fingerprint([full._replace(features=("full",))], SETTINGS),
        fingerprint([full], (*SETTINGS[1:], 24)),
    }

    assert len(fingerprints) == 4


def test_it_is_measured_by_replies_that_it_never_saw(
    seen: list[Sample], model: dict[str, Any]
) -> None:
    unseen = held_out(seen)

    assert len(unseen) > 2_000
    assert accuracy(Likeness.load(), unseen) == pytest.approx(
        model["held_out"]["accuracy"], abs=0.01
    )
    assert model["held_out"]["accuracy"] > 0.88


def test_learning_tells_two_words_apart() -> None:
    learner = Learner(
        [
            sample("quota-issues", "full box"),
            sample("quota-issues", "box is full now"),
            sample("bad-mailbox", "unknown person"),
            sample("bad-mailbox", "person is unknown here"),
        ]
    )

    losses = list(learner.learn(24))

    assert losses[-1] < losses[0] / 2
    assert word(learner.model(), "box full") == "quota-issues"
    assert word(learner.model(), "person unknown") == "bad-mailbox"


def word(model: Likeness, text: str) -> str:
    like = model.of(read_reply(SmtpReply(text)))
    return like.word if like else ""
