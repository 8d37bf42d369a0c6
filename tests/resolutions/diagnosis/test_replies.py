"""Replies as servers word them, each with the reasons that a person would accept for it."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from resolutions.bounce import SmtpReply
from resolutions.diagnosis.diagnose import diagnose
from resolutions.diagnosis.result import Confidence, Diagnosis, PastedReply
from resolutions.rules.rulebook import Rulebook

REPLIES = Path(__file__).parent / "replies"


@dataclass(frozen=True, slots=True)
class Case:
    """`expected` are the reasons that are right, `also` those that are no mistake."""

    text: str
    host: str
    expected: tuple[str, ...]
    also: tuple[str, ...]
    variant: str

    def diagnosis(self, rulebook: Rulebook) -> Diagnosis:
        return diagnose(PastedReply(SmtpReply(self.text), self.host), rulebook)


def cases() -> Iterator[tuple[str, Case]]:
    for path in sorted(REPLIES.glob("*.toml")):
        for case in tomllib.loads(path.read_text("utf-8"))["case"]:
            for text in case["replies"]:
                yield (
                    f"{path.stem}: {text[:60]}",
                    Case(
                        text,
                        case.get("host", ""),
                        tuple(case["expected"]),
                        tuple(case.get("also", ())),
                        case.get("variant", ""),
                    ),
                )


CASES = [pytest.param(case, id=name) for name, case in cases()]


@pytest.mark.parametrize("case", CASES)
def test_reply_gets_a_reason_that_a_person_would_accept(case: Case, rulebook: Rulebook) -> None:
    found = case.diagnosis(rulebook)

    assert found.word in {*case.expected, *case.also}
    if case.variant:
        assert found.variant == case.variant


def test_most_replies_are_explained_with_confidence(rulebook: Rulebook) -> None:
    found = [case.diagnosis(rulebook) for _, case in cases()]

    sure = [each for each in found if each.confidence in {Confidence.CERTAIN, Confidence.LIKELY}]
    assert len(sure) >= 0.9 * len(found)
