"""The routes of the page: its files, its state, its live stream, and what people do on it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from bot.sandbox.page.snapshot import Snapshot
from bot.sandbox.page.wishes import WISHES, Wishes
from bot.sandbox.slack.state import Workspace

Outside = Callable[[], Awaitable[dict[str, Any]]]

FOLDER = files("bot.sandbox.page")
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
FILES = {
    entry.name: TYPES[suffix]
    for entry in FOLDER.iterdir()
    if (suffix := Path(entry.name).suffix) in TYPES
}
"""The page's files, which are all that is served, by their type."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
HOST = web.AppKey("host", str)
"""The name that the stand-in listens on."""

LOCAL = {"127.0.0.1", "localhost", "[::1]"}
KEEP_ALIVE = 15.0
SETTLE = 0.05
"""Changes that come together are told together."""


class Page:
    """Serves the page to the browser of the one person who tries the product."""

    def __init__(
        self, workspace: Workspace, snapshot: Snapshot, wishes: Wishes, outside: Outside | None
    ) -> None:
        self._workspace = workspace
        self._snapshot = snapshot
        self._wishes = wishes
        self._outside = outside
        self._streams: set[asyncio.Task[Any]] = set()

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the page's routes."""
        router.add_get("/", self._index)
        router.add_get("/archives/{channel}/{ts}", self._index)
        router.add_get("/page/{name}", self._file)
        router.add_get("/live/state", self._state)
        router.add_get("/live/stream", self._stream)
        router.add_get("/live/outside", self._show_outside)
        router.add_post("/live/do", self._do)
        router.add_get("/files/{file}/{name}", self._download)

    def close(self) -> None:
        """End the live streams, which would otherwise hold up the stop."""
        for stream in self._streams:
            stream.cancel()

    async def _index(self, request: web.Request) -> web.Response:
        return _file_response("index.html", request)

    async def _file(self, request: web.Request) -> web.Response:
        return _file_response(request.match_info["name"], request)

    async def _state(self, request: web.Request) -> web.Response:
        _check_local(request)
        since = request.query.get("since", "0")
        body = self._snapshot.since(
            _known(self._workspace, request), int(since) if since.isdigit() else 0
        )
        return web.json_response(body, headers=HEADERS)

    async def _show_outside(self, request: web.Request) -> web.Response:
        _check_local(request)
        body = await self._outside() if self._outside else {"tabs": []}
        return web.json_response(body, headers=HEADERS)

    async def _do(self, request: web.Request) -> web.Response:
        """Do what a person did on the page; 400 says what was wrong with it."""
        _check_local(request)
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        try:
            wish = json.loads(await request.read())
            fulfil = WISHES[wish["do"]]
            answer = await fulfil(self._wishes, str(wish["user"]), wish)
        except (LookupError, TypeError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400, headers=HEADERS)
        return web.json_response({"shown": answer}, headers=HEADERS)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Tell the version at each change, as server-sent events."""
        _check_local(request)
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        task = asyncio.current_task()
        if task is not None:
            self._streams.add(task)
        try:
            while True:
                await response.write(b"data: %d\n\n" % self._workspace.version)
                await self._next_change()
        except (asyncio.CancelledError, ConnectionError):
            return response
        finally:
            if task is not None:
                self._streams.discard(task)

    async def _next_change(self) -> None:
        try:
            async with asyncio.timeout(KEEP_ALIVE):
                await self._workspace.changed()
            await asyncio.sleep(SETTLE)
        except TimeoutError:
            return

    async def _download(self, request: web.Request) -> web.Response:
        _check_local(request)
        file = self._workspace.files.get(request.match_info["file"])
        if file is None or file.content is None:
            raise web.HTTPNotFound
        disposition = f"attachment; filename*=UTF-8''{quote(file.name)}"
        return web.Response(
            body=file.content,
            content_type="application/octet-stream",
            headers={**HEADERS, "Content-Disposition": disposition},
        )


def _file_response(name: str, request: web.Request) -> web.Response:
    _check_local(request)
    if name not in FILES:
        raise web.HTTPNotFound
    body = (FOLDER / name).read_bytes()
    return web.Response(body=body, content_type=FILES[name], charset="utf-8", headers=HEADERS)


def _check_local(request: web.Request) -> None:
    """Refuse what another web site makes a browser send: foreign host names, cross-site calls."""
    host = request.host.rsplit(":", 1)[0]
    site = request.headers.get("Sec-Fetch-Site", "none")
    navigates = request.headers.get("Sec-Fetch-Mode") == "navigate"
    if host not in LOCAL and host != request.app[HOST]:
        raise web.HTTPForbidden(text="ask for this page by its own address")
    if site not in {"same-origin", "none"} and not navigates:
        raise web.HTTPForbidden(text="asked by another site")


def _known(workspace: Workspace, request: web.Request) -> str:
    user = request.query.get("user", "")
    return user if user in workspace.users else next(iter(workspace.users))
