#!/usr/bin/env bash
# While Slack's auth.test is busy (429, 503), Bolt for Python answers each event and click with 200 and
# "your installation with this app is no longer available. Please reinstall". Because of the 200 Slack
# does not repeat the event: it is lost, though the next auth.test would have succeeded.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check slack-bolt==1.30.0 slack-sdk==3.48.0 aiohttp==3.14.5

"$place/venv/bin/python" - <<'END'
import asyncio
import hashlib
import hmac
import json
import logging
import sys
import time
from importlib.metadata import version

from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

logging.disable(logging.CRITICAL)
EVENT = {"type": "event_callback", "team_id": "T1", "event": {"type": "app_home_opened", "user": "U1"}}
WHO = {"ok": True, "team_id": "T1", "user_id": "U0", "bot_id": "B1"}


def signed(body):
    now = str(int(time.time()))
    seal = hmac.new(b"secret", f"v0:{now}:{body}".encode(), hashlib.sha256).hexdigest()
    return AsyncBoltRequest(
        body=body,
        headers={
            "content-type": "application/json",
            "x-slack-request-timestamp": now,
            "x-slack-signature": f"v0={seal}",
        },
    )


async def main():
    busy = True

    async def api(request):
        if busy:
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "1"})
        return web.json_response(WHO)

    slack = web.Application()
    slack.router.add_post("/api/auth.test", api)
    runner = web.AppRunner(slack)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    client = AsyncWebClient(token="xoxb-1", base_url=f"http://127.0.0.1:{port}/api/")
    app = AsyncApp(signing_secret="secret", client=client)
    heard = []

    @app.event("app_home_opened")
    async def opened(event):
        heard.append(event["user"])

    first = await app.async_dispatch(signed(json.dumps(EVENT)))
    busy = False
    second = await app.async_dispatch(signed(json.dumps(EVENT)))
    await asyncio.sleep(0.2)
    await runner.cleanup()
    return first.status, "reinstall" in first.body, second.status, len(heard)


seen = asyncio.run(main())
print("version:  slack-bolt", version("slack-bolt"))
print("expected: 5xx while auth.test is limited, so that Slack repeats; 200 afterwards")
print("seen:     busy:", seen[0], "asks to reinstall:", seen[1], "- afterwards:", seen[2], "- events heard of two:", seen[3])
sys.exit(seen != (200, True, 200, 1))
END
