"""What is known about a reason: what it means, who acts, what to do, which buttons."""

from dataclasses import dataclass
from enum import StrEnum

from resolutions.reason import Reason


class Family(StrEnum):
    """Who must act, and so which bounces belong together in one alert."""

    LIST = "list"  # the address
    RECEIVER = "receiver"  # one operator refuses or fails
    OURS = "ours"  # our message or our set-up


class Severity(StrEnum):
    """How loud an alert is."""

    INFO = "info"
    NOTICE = "notice"
    URGENT = "urgent"


class FinalFor(StrEnum):
    """What a permanent failure with the reason condemns."""

    ADDRESS = "address"
    MESSAGE = "message"
    UNTIL_MENDED = "until mended"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Steps of its own for a special case of a reason (greylisted, forwarded, null-mx ...)."""

    name: str
    explanation: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """One table of the catalogue.

    `word` is the reason's id, or "complaint". `title` heads an alert ("Full mailboxes"),
    `summary` is half a sentence for a terminal ("the inbox is full"). `actions` are the words of
    `handlers.actions`, best first; those not registered are not shown.
    """

    word: str
    reason: Reason
    title: str
    summary: str
    explanation: str
    steps: tuple[str, ...]
    owner: str
    severity: Severity
    family: Family
    final_for: FinalFor
    actions: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()
