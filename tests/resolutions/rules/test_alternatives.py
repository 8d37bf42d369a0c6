"""The alternatives of rules: each is in a reply that is known."""

from resolutions.rules.alternatives import Alternatives
from resolutions.rules.rulebook import Rulebook
from training.samples import labelled


def test_every_alternative_is_in_a_known_reply() -> None:
    alternatives = Alternatives(Rulebook.load())

    for _, reply in labelled():
        alternatives.match(reply)

    assert list(alternatives.unmatched) == []


def test_alternatives_in_and_around_the_innermost_reply_are_found() -> None:
    alternatives = Alternatives(Rulebook.load())
    before = len(alternatives.unmatched)

    alternatives.match("host mx.shop.example said: 550 5.1.1 User unknown (in reply to RCPT TO)")

    assert 0 < before - len(alternatives.unmatched) < 20
