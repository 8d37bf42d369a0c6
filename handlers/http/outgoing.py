"""The one HTTP client for calls to the outside.

Targets come from the operator's configuration only, never from a payload. aiohttp is imported
when a client is opened, so that commands which call nobody do not wait for it.
"""

import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from handlers.errors import PermanentError, TemporaryError, UncertainError
from resolutions.masking import mask_all

if TYPE_CHECKING:
    import aiohttp

SIZE_LIMIT = 5 * 1024 * 1024
SECONDS = 30.0
CONNECT_SECONDS = 10.0
KEPT_SECONDS = 2.0
"""How long an idle connection is kept: one that the server just closed looks like a lost answer."""

LONGEST_WAIT = 24 * 3600.0
"""Seconds; who asks for a longer wait is asked again after this one."""

QUOTED = 300
"""Characters of a refusal's body that are shown to people, its addresses masked."""

NAT64 = IPv6Network("64:ff9b::/96")
TOO_MANY = 429
GATEWAY = frozenset({502, 504})
"""A gateway lost the answer of the server behind it: nobody knows what that server did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call brought back; statuses of 200 to 299, and those that were expected.

    Header names are in lower case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON; raise TemporaryError if it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise TemporaryError(f"the answer is not JSON: {_cut(self.body)}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call. `repeatable` says that an unknown outcome may be tried again.

    `url` is sent as it stands: what comes from elsewhere is percent-encoded by the caller.
    `seconds` and `limit` (bytes of the answer) bound the whole call.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    body: bytes | None = None
    expected: tuple[int, ...] = ()
    repeatable: bool = True
    allow_private: bool = False
    seconds: float = SECONDS
    limit: int = SIZE_LIMIT


class PrivateAddressError(OSError):
    """A host name that leads to a private address, where private hosts are not allowed."""


class Outgoing:
    """Sends calls: https only, no redirects, time and size limits, private hosts refused.

    Raises TemporaryError (429, 5xx, time-outs, no connection; with the wait that was asked for),
    UncertainError (an answer lost on a call that is not repeatable) and PermanentError.
    """

    def __init__(self, public: "aiohttp.ClientSession", private: "aiohttp.ClientSession") -> None:
        self._public = public
        self._private = private

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[Self]:
        """Open a client with sessions of its own, and close them at the end."""
        async with AsyncExitStack() as stack:
            public = await stack.enter_async_context(_session(_public_socket))
            private = await stack.enter_async_context(_session(_any_socket))
            yield cls(public, private)

    async def send(self, call: Call) -> Answer:
        """Send one call and return its answer."""
        host = _checked_host(call)
        answer = await self._exchange(call, host)
        if 200 <= answer.status < 300 or answer.status in call.expected:
            return answer
        raise _refusal(call, host, answer)

    async def _exchange(self, call: Call, host: str) -> Answer:
        import aiohttp

        try:
            return await self._answer(call, host)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise _unconnected(host, error) from error
        except ValueError as error:  # a header or address that cannot be sent
            raise PermanentError(f"the call to {host} cannot be made: {error}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            lost = f"{host} gave no answer ({_name(error)})"
            if call.repeatable:
                raise TemporaryError(lost) from error
            raise UncertainError(f"{lost}; whether it did what was asked is unknown") from error

    async def _answer(self, call: Call, host: str) -> Answer:
        import aiohttp
        from yarl import URL

        session = self._private if call.allow_private else self._public
        body, headers = _payload(call)
        timeout = aiohttp.ClientTimeout(
            total=call.seconds,
            connect=min(CONNECT_SECONDS, call.seconds),
            sock_connect=min(CONNECT_SECONDS, call.seconds),
        )
        async with session.request(
            call.method,
            URL(call.url, encoded=True),
            data=body,
            headers=headers,
            timeout=timeout,
            allow_redirects=False,
        ) as response:
            content = bytearray()
            async for piece in response.content.iter_chunked(65_536):
                content += piece
                if len(content) > call.limit:
                    raise PermanentError(f"{host} answered with more than {call.limit} bytes")
            return Answer(
                status=response.status,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=bytes(content),
            )


def is_private(address: str) -> bool:
    """Return whether an IP address is none of the public internet, however it is wrapped.

    >>> [is_private(address) for address in ("127.0.0.1", "::ffff:10.0.0.1", "1.1.1.1")]
    [True, True, False]
    """
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        ip = _unwrapped(ip)
    return not ip.is_global or ip.is_multicast


def _unwrapped(ip: IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 one leads to (mapped, 6to4, NAT64), else itself."""
    if ip in NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def _session(socket_factory: Any) -> "aiohttp.ClientSession":
    """Return a session without cookies and without the proxies of the environment."""
    import aiohttp

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            socket_factory=socket_factory,
            keepalive_timeout=KEPT_SECONDS,
            use_dns_cache=False,
            limit=50,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "bounce-desk"},
        trust_env=False,
    )


def _any_socket(address: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol, _, _ = address
    return socket.socket(family, kind, protocol)


def _public_socket(address: tuple[Any, ...]) -> socket.socket:
    """Make the socket for an address about to be connected to: no name can be swapped after it."""
    if is_private(address[4][0]):
        raise PrivateAddressError("the host has a private address")
    return _any_socket(address)


def _checked_host(call: Call) -> str:
    """Return the host of a call for people; raise PermanentError if it may not be called."""
    try:
        parts = urlsplit(call.url)
        host = parts.hostname or ""
        name = f"{host}:{parts.port}" if parts.port else host
    except ValueError:
        host = ""
    if not host or not call.url.isascii() or any(c <= " " or c == "\x7f" for c in call.url):
        raise PermanentError("the configured address is not a web address")
    if parts.scheme != "https" and not (call.allow_private and parts.scheme == "http"):
        raise PermanentError(
            f"{name} is not called: only https is allowed (http with allow_private = true)"
        )
    return name


def _payload(call: Call) -> tuple[Any, dict[str, str]]:
    headers = dict(call.headers)
    if call.json is None:
        return (call.form if call.body is None else call.body), headers
    headers.setdefault("Content-Type", "application/json")
    return json.dumps(call.json).encode(), headers


def _unconnected(host: str, error: Exception) -> TemporaryError | PermanentError:
    if isinstance(getattr(error, "os_error", None), PrivateAddressError):
        return PermanentError(
            f"{host} is not called: it has a private address (allow it with allow_private = true)"
        )
    return TemporaryError(f"no connection to {host} ({_name(error)})")


def _refusal(call: Call, host: str, answer: Answer) -> Exception:
    why = f"{host} answered {answer.status}"
    if answer.body:
        why += f": {_cut(answer.body)}"
    if answer.status in GATEWAY and not call.repeatable:
        return UncertainError(f"{why}; whether it did what was asked is unknown")
    if answer.status == TOO_MANY or answer.status >= 500:
        return TemporaryError(why, _wait(answer.headers))
    if 300 <= answer.status < 400:
        return PermanentError(f"{host} answered {answer.status}: redirects are not followed")
    return PermanentError(why)


def _wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `Retry-After` asks for (RFC 9110, 10.2.3), None if it is silent.

    A date is measured against the server's own clock, in its `Date`. SendGrid's
    `X-RateLimit-Reset` is the Unix time at which it takes calls again.
    """
    if value := headers.get("retry-after", "").strip():
        if value.isdecimal():
            return min(float(value[:9]), LONGEST_WAIT)
        return _between(headers.get("date", ""), _moment(value))
    reset = headers.get("x-ratelimit-reset", "").strip()
    if reset.isdecimal() and len(reset) == len("1781524800"):
        return _between(headers.get("date", ""), datetime.fromtimestamp(int(reset), UTC))
    return None


def _between(now: str, then: datetime | None) -> float | None:
    start = _moment(now)
    if start is None or then is None:
        return None
    return min(max((then - start).total_seconds(), 0.0), LONGEST_WAIT)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _name(error: Exception) -> str:
    return type(error).__name__.removesuffix("Error")


def _cut(body: bytes) -> str:
    text = mask_all(" ".join(body[: QUOTED * 4].decode("utf-8", "replace").split()))
    return text if len(text) <= QUOTED else f"{text[:QUOTED]}…"
