"""What was worked out once and is asked for again."""

from collections.abc import Callable
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Memo(dict[Key, Value]):
    """The value of each key that was asked for; beyond its limit it starts anew.

    A dict, because looking something up in it then costs no call: replies are made of the same
    few thousand words.
    """

    def __init__(self, work_out: Callable[[Key], Value], limit: int = 20_000) -> None:
        """Remember at most `limit` values."""
        super().__init__()
        self._work_out = work_out
        self._limit = limit

    def __missing__(self, key: Key) -> Value:
        """Work a value out."""
        if len(self) >= self._limit:
            self.clear()
        value = self[key] = self._work_out(key)
        return value
