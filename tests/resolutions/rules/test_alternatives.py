"""The alternatives of rules: each is in a reply that is known."""

import pytest

from resolutions.rules.alternatives import Alternative, Alternatives
from resolutions.rules.compiled import compiled
from resolutions.rules.rule import Rule
from resolutions.rules.rulebook import Rulebook
from resolutions.rules.statuses import read_statuses
from training.samples import known_replies


@pytest.mark.slow
def test_every_alternative_is_in_a_known_reply(rulebook: Rulebook) -> None:
    alternatives = Alternatives(rulebook)

    for reply in dict.fromkeys(known_replies()):
        alternatives.match(reply)

    assert list(alternatives.unmatched) == []


def test_alternatives_in_and_around_the_innermost_reply_are_found() -> None:
    rules = [
        Rule(id="unknown", text="user unknown|no (such|known) user", order=0),
        Rule(id="command", text="in reply to rcpt to", order=1),
    ]
    alternatives = Alternatives(Rulebook(compiled(rules, (), read_statuses())))

    alternatives.match("host mx.shop.example said: 550 User unknown (in reply to RCPT TO command)")

    assert list(alternatives.unmatched) == [Alternative("unknown", "no (such|known) user")]
