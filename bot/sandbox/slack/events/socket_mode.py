"""Socket Mode: the WebSockets that bots open, and the envelopes that go through them.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from bot.sandbox.slack.state import APP, new_id
from bot.sandbox.slack.web_api.arguments import Arguments

CONNECTIONS = 10
ANSWERED = {"interactive", "slash_commands"}


@dataclass(slots=True, eq=False)
class Connection:
    """One WebSocket, and the envelopes that wait for their ack on it."""

    socket: web.WebSocketResponse
    waiting: dict[str, asyncio.Future[Any]] = field(default_factory=dict)


class SocketMode:
    """Up to ten connections; an envelope goes to any one of them."""

    def __init__(self) -> None:
        self.origin = ""
        self.ready = asyncio.Event()
        """Set while somebody is connected."""
        self._tickets: set[str] = set()
        self._open: list[Connection] = []
        self._connections: list[Connection] = []
        """Those of the open ones that envelopes go to."""
        self._next = 0

    @property
    def connected(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    def open(self, _: Arguments) -> dict[str, Any]:
        """apps.connections.open: an address that is good for one connection."""
        ticket = secrets.token_urlsafe(24)
        self._tickets.add(ticket)
        address = self.origin.replace("http://", "ws://", 1)
        return {"url": f"{address}/link/?ticket={ticket}&app_id={APP}"}

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Hold a WebSocket: hello, envelopes, acks, until either side closes it."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            raise web.HTTPForbidden(text="invalid ticket")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=30)
        try:
            await socket.prepare(request)
        except ConnectionError:
            return socket
        if len(self._connections) >= CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        connection = Connection(socket)
        self._open.append(connection)
        self._connections.append(connection)
        self.ready.set()
        try:
            await socket.send_json(self._hello())
            await _receive(connection)
        finally:
            self._drop(connection)
        return socket

    async def send(self, kind: str, payload: dict[str, Any], again: tuple[int, str] | None) -> Any:
        """Send an envelope and return the payload of its ack, "" if it has none.

        Raises ConnectionError where nobody is connected, or the connection ends before the ack.
        """
        if not self._connections:
            raise ConnectionError("no Socket Mode connection")
        self._next += 1
        connection = self._connections[self._next % len(self._connections)]
        name = f"{secrets.token_hex(4)}-{secrets.token_hex(8)}"
        ack: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        connection.waiting[name] = ack
        try:
            await connection.socket.send_json(_envelope(name, kind, payload, again))
            return await ack
        finally:
            connection.waiting.pop(name, None)

    async def refresh(self) -> None:
        """Ask every bot to connect anew, as Slack does every few hours.

        Nothing more is sent through the old connections; the bots close them.
        """
        for connection in list(self._connections):
            self._retire(connection)
            await connection.socket.send_json(
                {"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": ""}}
            )

    async def close(self) -> None:
        """Close every connection, those that are to be renewed too."""
        for connection in list(self._open):
            await connection.socket.close()

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "debug_info": {"host": new_id("H"), "approximate_connection_time": 18_060},
            "connection_info": {"app_id": APP},
        }

    def _retire(self, connection: Connection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
        if not self._connections:
            self.ready.clear()

    def _drop(self, connection: Connection) -> None:
        self._retire(connection)
        self._open.remove(connection)
        for ack in connection.waiting.values():
            if not ack.done():
                ack.set_exception(ConnectionError("the Socket Mode connection ended"))


def _envelope(
    name: str, kind: str, payload: dict[str, Any], again: tuple[int, str] | None
) -> dict[str, Any]:
    envelope = {
        "envelope_id": name,
        "type": kind,
        "payload": payload,
        "accepts_response_payload": kind in ANSWERED,
    }
    if again is not None:
        envelope |= {"retry_attempt": again[0], "retry_reason": again[1]}
    return envelope


async def _receive(connection: Connection) -> None:
    async for message in connection.socket:
        if message.type is not WSMsgType.TEXT:
            continue
        try:
            ack = json.loads(message.data)
        except ValueError:
            continue
        waiting = connection.waiting.get(ack.get("envelope_id", ""))
        if waiting is not None and not waiting.done():
            waiting.set_result(ack.get("payload") or "")
