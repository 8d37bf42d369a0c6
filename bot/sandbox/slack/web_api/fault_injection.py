"""Faults on demand: what Slack does on its bad days."""

from dataclasses import dataclass

HOW = frozenset(
    {"500", "502", "503", "504", "hang", "reset", "lost", "429", "429-no-header", "200-ratelimited"}
)
"""`lost` does what was asked and loses the answer; `hang` and `reset` do nothing at all.

`error:NAME` answers 200 with that error."""


@dataclass(slots=True)
class Fault:
    """One way to fail, for so many calls of a method ("*": of any)."""

    method: str
    how: str
    times: int
    retry_after: int = 1


class Faults:
    """The faults that are switched on, in the order they were asked for."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Switch a fault on; raises ValueError for a way of failing that does not exist."""
        if fault.how not in HOW and not fault.how.startswith("error:"):
            raise ValueError(f"no such fault: {fault.how}; there are {', '.join(sorted(HOW))}")
        self._waiting.append(fault)

    def take(self, method: str) -> Fault | None:
        """Return the fault that this call meets, counting it, or None."""
        for fault in self._waiting:
            if fault.method in {method, "*"}:
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        """Switch all faults off."""
        self._waiting.clear()
