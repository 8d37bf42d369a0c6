"""The refusals of the stand-in, by the names that Slack gives them."""

from collections.abc import Sequence
from typing import Any


class ApiError(Exception):
    """A Web API call that is answered `ok: false`.

    `messages` are the details that Slack puts into `response_metadata.messages`; `extra` are
    further keys of the answer (`needed` and `provided` of missing_scope).
    """

    def __init__(
        self, error: str, messages: Sequence[str] = (), extra: dict[str, Any] | None = None
    ) -> None:
        super().__init__(error)
        self.error = error
        self.messages = list(messages)
        self.extra = extra or {}

    def body(self) -> dict[str, Any]:
        """Return the answer as Slack writes it."""
        answer: dict[str, Any] = {"ok": False, "error": self.error, **self.extra}
        if self.messages:
            answer["response_metadata"] = {"messages": self.messages}
        return answer
