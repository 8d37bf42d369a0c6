"""The one HTTP client for calls to the outside, and Standard Webhooks signatures.

Targets come from the operator's configuration only, never from a payload.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call brought back; statuses of 200 to 299, and those that were expected."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON; raise TemporaryError if it is none."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call. `repeatable` says that an unknown outcome may be tried again."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    body: bytes | None = None
    expected: tuple[int, ...] = ()
    repeatable: bool = True
    allow_private: bool = False


class Outgoing:
    """Sends calls: https only, no redirects, time and size limits, private hosts refused.

    Raises TemporaryError (429, 5xx, time-outs, no connection; with the wait that was asked for),
    UncertainError (an answer lost on a call that is not repeatable) and PermanentError.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def send(self, call: Call) -> Answer:
        """Send one call and return its answer."""
        raise NotImplementedError
