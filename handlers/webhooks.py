"""The entrance of mail providers: POST /hooks/{source}.

The order of answers: unknown source 404 (body unread), too large 413, forged (the provider's own
refusal), broken JSON 400, not understood 200 (kept in quarantine), queue full (the provider's own
"later"), stored 200.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum

from aiohttp import web

from handlers.errors import BusyError, MalformedError, ReplayedError, SignatureError
from handlers.provider import Clock, Forwarding, Parsed, Provider, Unusable, WebhookRequest
from handlers.store import Events

BODY_LIMIT = 5 * 1024 * 1024
BODY_SECONDS = 30.0
"""A sender that needs longer for its body is cut off; the longest provider time-out is 15 s."""

log = logging.getLogger(__name__)


class TooLargeError(Exception):
    """A body over the limit."""


async def read_body(request: web.Request, limit: int) -> bytes:
    """Return the body, read in pieces so that neither a length nor its absence fills the memory.

    Raises TooLargeError above `limit` bytes, if possible before anything is read, and TimeoutError
    for a sender that is too slow.
    """
    if (request.content_length or 0) > limit:
        raise TooLargeError
    if request.content.is_eof():  # most come together with their head
        return _within(limit, request.content.read_nowait())
    body = bytearray()
    async with asyncio.timeout(BODY_SECONDS):
        async for piece in request.content.iter_chunked(65_536):
            body += _within(limit - len(body), piece)
    return bytes(body)


def _within(limit: int, body: bytes) -> bytes:
    if len(body) > limit:
        raise TooLargeError
    return body


class WebhookOutcome(StrEnum):
    """What became of a request, as it is counted."""

    STORED = "stored"
    QUARANTINED = "quarantined"
    FORGED = "forged"
    MALFORMED = "malformed"
    TOO_LARGE = "too-large"
    BUSY = "busy"
    UNKNOWN_SOURCE = "unknown-source"
    SLOW = "slow"


STORED = frozenset({WebhookOutcome.STORED, WebhookOutcome.QUARANTINED})
"""Something was kept of it."""


class Webhooks:
    """Receives the requests of all configured sources.

    `count(source, outcome)` hears of each answer.
    """

    def __init__(
        self,
        sources: Mapping[str, Provider],
        events: Events,
        clock: Clock,
        count: Callable[[str, WebhookOutcome], None],
        body_limit: int = BODY_LIMIT,
    ) -> None:
        self._sources = sources
        self._events = events
        self._clock = clock
        self._count = count
        self._body_limit = body_limit

    async def receive(self, request: web.Request) -> web.Response:
        """Answer one request; 200 means that all it said is stored durably."""
        if request.method == "HEAD" or (request.method == "GET" and not request.query):
            return web.Response()  # Mandrill and Elastic Email look whether the address is there
        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": "POST, HEAD, GET"})
        source = request.match_info["source"]
        provider = self._sources.get(source)
        if provider is None:
            return self._refuse("unknown", WebhookOutcome.UNKNOWN_SOURCE, 404)
        try:
            body = await read_body(request, self._body_limit)
        except TooLargeError:
            return self._refuse(source, WebhookOutcome.TOO_LARGE, 413)
        except TimeoutError:
            return self._refuse(source, WebhookOutcome.SLOW, 408)
        return await self._take(provider, _webhook(request, source, body, self._clock))

    async def _take(self, provider: Provider, request: WebhookRequest) -> web.Response:
        try:
            await provider.authenticate(request)
            parsed = read(provider, request)
            if provider.settings.forward_to:
                parsed = replace(parsed, forwarding=Forwarding.of(request))
            await self._events.record(request, parsed)
        except (SignatureError, ReplayedError) as error:
            log.warning("forged request", extra={"source": request.source, "why": str(error)})
            return self._answer(request.source, WebhookOutcome.FORGED, provider.refused)
        except MalformedError as error:
            return self._answer(request.source, WebhookOutcome.MALFORMED, 400, str(error))
        except BusyError:
            return self._answer(request.source, WebhookOutcome.BUSY, provider.busy)
        outcome = WebhookOutcome.QUARANTINED if parsed.unusable else WebhookOutcome.STORED
        return self._answer(request.source, outcome, 200)

    def _answer(
        self, source: str, outcome: WebhookOutcome, status: int, text: str = ""
    ) -> web.Response:
        self._count(source, outcome)
        return web.Response(status=status, text=text or None)

    def _refuse(self, source: str, outcome: WebhookOutcome, status: int) -> web.Response:
        """Answer without having read the body, and close, for its rest is still on the way."""
        response = self._answer(source, outcome, status)
        response.force_close()
        return response


def read(provider: Provider, request: WebhookRequest) -> Parsed:
    """Return what a verified request says; one that is not understood is wholly unusable.

    Raises MalformedError for JSON that does not parse. A bug of ours is no reason to lose the
    request: it is logged and the body kept too, to be replayed once it is mended.
    """
    try:
        return provider.parse(request)
    except MalformedError:
        raise
    except (ValueError, LookupError, TypeError) as error:
        unusable = Unusable.of(request.body, error)
    except Exception:
        log.exception("parse failed", extra={"source": request.source})
        unusable = Unusable(request.body, "an error of Bounce Desk itself; the log has the details")
    return Parsed(unusable=[unusable])


def _webhook(request: web.Request, source: str, body: bytes, clock: Clock) -> WebhookRequest:
    return WebhookRequest(
        source=source,
        method=request.method,
        path=request.path,
        headers={name.lower(): value for name, value in request.headers.items()},
        query=dict(request.query),
        body=body,
        received_at=clock(),
    )
