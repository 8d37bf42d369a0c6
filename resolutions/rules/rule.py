"""A rule: a wording, and the reason that it means."""

from enum import IntEnum
from typing import Any, NamedTuple

from resolutions.bounce import Kind
from resolutions.reason import Reason


class Precedence(IntEnum):
    """How far a kind of evidence is trusted; the lowest number decides."""

    FACT = 0  # what the sending provider says of itself
    OPERATOR = 1  # a rule of the people who run this installation
    RECEIVER = 2  # a receiver's own wording, seen at that receiver
    SPECIFIC = 3
    STATUS = 4
    GENERAL = 5
    VAGUE = 6
    VAGUE_STATUS = 7
    CODE = 8
    PROVIDER = 9


PRECEDENCES = {
    "fact": Precedence.FACT,
    "operator": Precedence.OPERATOR,
    "specific": Precedence.SPECIFIC,
    "general": Precedence.GENERAL,
    "vague": Precedence.VAGUE,
}


class Rule(NamedTuple):
    """A wording and the reason it means; or, where `kind` is set, no bounce at all.

    `status` and `code` restrict the rule; in a status `x` stands for any class. A rule with
    `hosts` or `tokens` of its file (`of_vendor`) counts as the receiver's own where one of them
    is seen; with `here` it counts only there. `unless` are words that speak against it. Rules
    whose `group` is the id of another are one meaning with it, written apart for who reads them:
    they take from it what they do not say, and of all the longest words count.
    """

    reason: Reason = Reason.UNKNOWN
    kind: Kind | None = None
    precedence: Precedence = Precedence.SPECIFIC
    id: str = ""
    variant: str = ""
    text: str = ""
    unless: str = ""
    status: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    here: bool = False
    receiver: str = ""
    of_vendor: bool = False
    operator: str = ""
    source: str = ""
    examples: tuple[str, ...] = ()
    group: str = ""
    host: str = ""
    order: int = 0


class Scope(NamedTuple):
    """How a receiver is recognised: its hosts, and tokens only its replies hold.

    `operator` is the id of whoever runs it, empty where the file speaks for several, or for
    software that anybody runs.
    """

    name: str
    hosts: tuple[str, ...]
    tokens: tuple[str, ...]
    operator: str = ""


PlainRule = tuple[Any, ...]
"""The fields of a rule, enumerations as their values."""


def plain(rule: Rule) -> PlainRule:
    """Return the fields of a rule as values that can be kept."""
    kind = rule.kind.value if rule.kind else None
    return (rule.reason.value, kind, rule.precedence.value, *rule[3:])


def restored(fields: PlainRule) -> Rule:
    """Return the rule of which these are the fields."""
    reason, kind, precedence, *others = fields
    return Rule(Reason(reason), Kind(kind) if kind else None, Precedence(precedence), *others)
