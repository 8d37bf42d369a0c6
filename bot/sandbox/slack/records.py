"""What the stand-in writes down: calls, and whatever broke one of Slack's limits."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

HARMLESS = frozenset({"message_not_found", "already_reacted", "hash_conflict", "not_found"})
"""Refusals that a careful app meets too: another was quicker."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One limit that was broken: by which call, how, when."""

    method: str
    error: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """One Web API call; `error` is "" where it was answered `ok: true`."""

    method: str
    at: datetime
    channel: str
    error: str


class Records:
    """The log of calls and violations."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.calls: Counter[str] = Counter()
        self.log: list[ApiCall] = []
        self.violations: list[Violation] = []

    def called(self, method: str, channel: str, error: str) -> None:
        """Write down a call that was answered, or that met a fault."""
        self.calls[method] += 1
        self.log.append(ApiCall(method=method, at=self._clock(), channel=channel, error=error))

    def violated(self, method: str, error: str, detail: str = "") -> None:
        """Write down a broken limit; harmless refusals are left out."""
        if error not in HARMLESS:
            self.violations.append(Violation(method, error, detail, self._clock()))
