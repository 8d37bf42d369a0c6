"""Which alternatives of rules match anything: one that nothing matches is knowledge of nothing."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from resolutions.rules.compiled import compiled
from resolutions.rules.reply import Reply, read_words
from resolutions.rules.rule import Precedence, Rule
from resolutions.rules.rulebook import Rulebook
from resolutions.rules.statuses import read_statuses


class Alternative(NamedTuple):
    """One alternative of a rule's text, its named words spelled out."""

    rule: str
    text: str


class Alternatives:
    """Every alternative of a rulebook, and those that replies have not matched so far."""

    def __init__(self, rulebook: Rulebook) -> None:
        """Take the rules apart: each alternative becomes one that asks for nothing else."""
        self._words_of = rulebook.words_of
        self.all, self._rulebook = _taken_apart(rulebook)
        self.unmatched = dict.fromkeys(self.all)

    def match(self, text: str) -> None:
        """Look for all alternatives in a reply and around it, whatever else their rules ask for."""
        reply = read_words(self._words_of(text), "", "")
        for words in dict.fromkeys((reply.text, reply.whole)):
            for hit in self._rulebook.find(Reply(words, words, "", ""), ""):
                self.unmatched.pop(self.all[hit.rule.order], None)


@cache
def _taken_apart(rulebook: Rulebook) -> tuple[tuple[Alternative, ...], Rulebook]:
    """Return the alternatives, each once, and a rulebook of as many rules."""
    pairs = (Alternative(rule.id, text) for rule in rulebook.rules for text in alternatives(rule))
    each = tuple(dict.fromkeys(pairs))
    rules = [_alone(order, alternative) for order, alternative in enumerate(each)]
    return each, Rulebook(compiled(rules, (), read_statuses()))


def alternatives(rule: Rule) -> Sequence[str]:
    """Return what a rule asks for, apart.

    >>> alternatives(Rule(id="full", text="mailbox (is |was )?full|[|] over quota"))
    ['mailbox (is |was )?full', '[|] over quota']
    """
    return list(_apart(rule.text)) if rule.text else []


_CLOSED = re.compile(r"\\.|\[[^\]]+\]")


def _apart(text: str) -> Iterator[str]:
    piece = ""
    for part in text.split("|"):
        piece = f"{piece}|{part}" if piece else part
        rest = _CLOSED.sub("", piece)
        if "[" not in rest and rest.count("(") == rest.count(")"):
            yield piece
            piece = ""


def _alone(order: int, alternative: Alternative) -> Rule:
    return Rule(id=str(order), text=alternative.text, precedence=Precedence.SPECIFIC, order=order)
