"""Sends prepared requests over many connections, as lean as can be: the load costs little."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Sent:
    """How long each request took, and all of them."""

    seconds: list[float]
    whole: float


def prepare(source: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return the bytes of a request."""
    lines = [f"POST /hooks/{source} HTTP/1.1", f"Host: {HOST}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def send(port: int, requests: Sequence[bytes], connections: int) -> Sent:
    """Send every request once and wait for its 200; raises RuntimeError for another answer."""
    waiting, seconds = deque(requests), list[float]()

    async def one() -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        while waiting:
            request = waiting.popleft()
            begun = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            seconds.append(time.perf_counter() - begun)
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"answered {head[:40]!r}")
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    return Sent(seconds, time.perf_counter() - begun)
