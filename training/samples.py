"""The labelled replies: those that the model is made from, and those that it is measured by.

It is made from the replies of this folder and the examples of the rules, and measured by the
replies of the tests of the diagnosis, as far as they are not among the former.
"""

import tomllib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from resolutions.bounce import SmtpReply
from resolutions.diagnosis.classifier import Features
from resolutions.rules.reply import Reply, read_reply
from resolutions.rules.rulebook import Rulebook

ROOT = Path(__file__).parents[1]
REPLIES = ROOT / "training" / "replies"
TESTED = ROOT / "tests" / "resolutions" / "diagnosis" / "replies"


class Sample(NamedTuple):
    """What a reply is compared by, with its label."""

    label: str
    features: tuple[str, ...]


class HeldOut(NamedTuple):
    """A reply that the model never saw, with the labels that a person would accept."""

    accepted: frozenset[str]
    reply: Reply


def samples() -> list[Sample]:
    """Return what the model is made from, each once."""
    return list(dict.fromkeys(sample(label, text) for label, text in _labelled()))


def sample(label: str, text: str) -> Sample:
    """Return a labelled reply as the model sees it."""
    return Sample(label, _features(read_reply(SmtpReply(text))))


def held_out(seen: list[Sample]) -> list[HeldOut]:
    """Return the replies of the tests, without those that are like a sample in all features."""
    known = {sample.features for sample in seen}
    tested = [HeldOut(accepted, read_reply(SmtpReply(text))) for accepted, text in _tested()]
    return [one for one in tested if _features(one.reply) not in known]


def known_replies() -> Iterator[str]:
    """Yield the text of every labelled reply, held out or not."""
    yield from (text for _, text in _labelled())
    yield from (text for _, text in _tested())


def fingerprint(seen: list[Sample], settings: object) -> str:
    """Return what changes with a sample, with the rules for features, and with the settings."""
    return sha256(repr((seen, settings)).encode()).hexdigest()


def _features(reply: Reply) -> tuple[str, ...]:
    return tuple(Features(reply).places)


def _labelled() -> Iterator[tuple[str, str]]:
    for path in sorted(REPLIES.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            label, _, text = line.partition(" | ")
            yield label, text
    for rule in Rulebook.load().rules:
        for example in rule.examples:
            yield str(rule.kind or rule.reason), example


def _tested() -> Iterator[tuple[frozenset[str], str]]:
    for path in sorted(TESTED.glob("*.toml")):
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            accepted = frozenset((*case["expected"], *case.get("also", ())))
            for text in case["replies"]:
                yield accepted, text
