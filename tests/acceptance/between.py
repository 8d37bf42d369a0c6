"""What stands between the bot and the others, and a bot in a process of its own."""

import asyncio
import inspect
import json
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

HOST = "127.0.0.1"
LOOK_SECONDS = 0.02


async def until(wanted: Callable[[], Any], seconds: float = 15.0) -> Any:
    """Return what is wanted as soon as it is there; raises TimeoutError if it does not come."""
    for _ in range(round(seconds / LOOK_SECONDS)):
        found = wanted()
        if found := await found if inspect.isawaitable(found) else found:
            return found
        await asyncio.sleep(LOOK_SECONDS)
    raise TimeoutError(f"not within {seconds} s")


@dataclass(kw_only=True)
class Ear:
    """Stands before the bot's door for Slack: keeps every request as it came, to send it again."""

    bot: str = ""
    url: str = ""
    heard: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)

    async def receive(self, request: web.Request) -> web.Response:
        body, headers = await request.read(), dict(request.headers)
        self.heard.append((body, headers))
        return await self._pass(body, headers)

    async def again(self) -> int:
        """Send what was heard last once more, byte for byte; return the status."""
        return (await self._pass(*self.heard[-1])).status

    async def _pass(self, body: bytes, headers: dict[str, str]) -> web.Response:
        kept = {name: value for name, value in headers.items() if name not in {"Host", "Accept"}}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.bot}/slack/events", data=body, headers=kept) as answer,
        ):
            content = await answer.read()
            kind = answer.headers.get("Content-Type", "text/plain")
            return web.Response(status=answer.status, body=content, headers={"Content-Type": kind})


class Wire:
    """A connection between the bot and Slack that can go dead: then no answer comes back."""

    def __init__(self, slack: str) -> None:
        self._slack = slack
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.dead = False
        self.address = ""

    async def __aenter__(self) -> "Wire":
        self._server = await asyncio.start_server(self._connected, HOST, 0)
        self.address = f"http://{HOST}:{self._server.sockets[0].getsockname()[1]}/api/"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = self._slack.removeprefix("http://").partition("/")[0].partition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        there = self._carry(reader, far_writer, answers=False)
        back = self._carry(far_reader, writer, answers=True)
        for way in (there, back):
            task = asyncio.create_task(way)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        try:
            while piece := await reader.read(65_536):
                if not (answers and self.dead):
                    writer.write(piece)
                    await writer.drain()
        except OSError:
            return
        finally:
            writer.close()


class Serving:
    """A `bounce serve` of its own, ready."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.url = ""
        self.log: list[dict[str, Any]] = []
        self._reading = asyncio.create_task(self._read())

    async def ready(self) -> None:
        """Return when it says that it is ready."""
        await until(lambda: self.url or self._process.returncode is not None)
        assert self.url, self.log

    async def kill(self) -> None:
        """End it as the kernel does when the memory is full."""
        self._process.kill()
        await self.ended()

    async def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        """Wait for its end; what still runs after a while is killed, and fails the test."""
        try:
            async with asyncio.timeout(20):
                code = await self._process.wait()
        finally:
            if self._process.returncode is None:
                self._process.kill()
                await self._process.wait()
            await self._reading
        return code

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._process.returncode is None

    async def _read(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            try:
                entry = json.loads(line)
            except ValueError:
                entry = {"text": line.decode().rstrip()}
            self.log.append(entry)
            if entry["text"] == "ready":
                self.url = entry["url"]
