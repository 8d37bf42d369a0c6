"""How far a job of resends got, and when refusals end it."""

import json
from dataclasses import dataclass, field
from typing import Self

FIRST_BATCH = 50
KEPT_LINES = 40


@dataclass(slots=True)
class ResendCursor:
    """How far a job got, in plain words; its `cursor` is all that a later attempt knows.

    `last` is the last delivery that need not be tried again. `row` is what came after it, from
    the first of the refusals that nobody's acceptance has followed: a later attempt begins there.
    `trying` is the delivery whose call may be under way, where that must not be repeated; `at` is
    the time that was asked for, whenever a later attempt runs.
    """

    at: str = ""
    last: int = 0
    sent: int = 0
    left: int = 0
    trying: int = 0
    lines: list[str] = field(default_factory=list)
    row: list[str] = field(default_factory=list)
    refusals: int = 0

    @classmethod
    def read(cls, cursor: str) -> Self:
        """Return what a job's cursor holds."""
        return cls(**json.loads(cursor)) if cursor else cls()

    def text(self) -> str:
        """Return what a later attempt goes on from."""
        names = ("at", "last", "sent", "left", "trying")
        kept = {name: getattr(self, name) for name in names}
        return json.dumps({**kept, "lines": self.lines[:KEPT_LINES]})

    @property
    def count(self) -> int:
        """How many recipients were handled."""
        return self.sent + self.left + len(self.row)

    def accepted(self, delivery_id: int) -> None:
        """Note that one was sent again."""
        self.lines += self.row
        self.left += len(self.row)
        self.row, self.refusals = [], 0
        self.sent += 1
        self.last, self.trying = delivery_id, 0

    def skipped(self, delivery_id: int, line: str) -> None:
        """Note that one is left out, and why."""
        self.trying = 0
        if self.row:
            self.row.append(line)
            return
        self.left += 1
        self.lines.append(line)
        self.last = delivery_id

    def refused(self, line: str) -> None:
        """Note that the far side refused one."""
        self.row.append(line)
        self.refusals += 1
        self.trying = 0


class CircuitBreaker:
    """The first 50, doubling while they are accepted; says when it is time to stop."""

    def __init__(self) -> None:
        self._size = FIRST_BATCH
        self._tried = self._refused = 0

    def stops(self, *, refused: bool) -> bool:
        """Count a try; tell whether more than half of a full batch were refused."""
        self._tried += 1
        self._refused += refused
        if self._tried < self._size:
            return False
        stop = self._refused * 2 > self._tried
        self._size *= 2
        self._tried = self._refused = 0
        return stop
