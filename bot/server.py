"""The routes: webhooks of providers, Slack, health, metrics."""

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from handlers.webhooks import Webhooks

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = logging.getLogger(__name__)


def make_server(
    webhooks: Webhooks,
    slack: Handler | None,
    ready: Callable[[], Awaitable[list[str]]],
    registry: CollectorRegistry,
) -> web.Application:
    """Return the one aiohttp application; `slack` is None in Socket Mode.

    `ready` returns what is wrong, in lines for people; /healthz says only that the process lives.
    """

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        wrong = await ready()
        return web.Response(text="\n".join(wrong or ["ready"]) + "\n", status=503 if wrong else 200)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    server = web.Application(middlewares=[_answer_bugs])
    server.router.add_route("*", "/hooks/{source}", webhooks.receive)
    server.router.add_get("/healthz", healthz)
    server.router.add_get("/readyz", readyz)
    server.router.add_get("/metrics", metrics)
    if slack is not None:
        server.router.add_post("/slack/events", slack)
    return server


@web.middleware
async def _answer_bugs(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 500 without a word about the inside; the log has the traceback."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception:
        log.exception("request failed", extra={"path": request.path})
        return web.Response(status=500)
