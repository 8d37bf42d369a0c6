#!/usr/bin/env bash
# A lazy listener of Bolt for Python sees a deep copy of the context, made before the ack function
# runs: what that function writes down for it is missing, objects of a middleware are other objects,
# and what cannot be copied (a lock, a client with a session) is left out, said at debug level alone.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check slack-bolt==1.30.0 slack-sdk==3.48.0 aiohttp==3.14.5

"$place/venv/bin/python" - <<'END'
import asyncio
import json
import sys
import threading
from importlib.metadata import version
from urllib.parse import urlencode

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest

CLICK = {
    "type": "block_actions",
    "team": {"id": "T1"},
    "user": {"id": "U1"},
    "actions": [{"type": "button", "action_id": "resend", "block_id": "b", "value": "7"}],
}


async def authorize(**_):
    return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1", bot_user_id="U0")


async def main():
    app = AsyncApp(signing_secret="secret", authorize=authorize, request_verification_enabled=False)
    counts = {"clicks": 0}
    seen = {}

    @app.use
    async def middleware(context, next):
        context["counts"], context["lock"] = counts, threading.Lock()
        await next()

    async def acknowledge(ack, context):
        context["alert"] = "7"
        context["counts"]["clicks"] += 1
        await ack()

    async def work(context):
        seen["alert"] = context.get("alert")
        seen["same counts"] = context["counts"] is counts
        seen["clicks"] = context["counts"]["clicks"]
        seen["lock"] = "lock" in context

    app.action("resend")(ack=acknowledge, lazy=[work])
    body = urlencode({"payload": json.dumps(CLICK)})
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await app.async_dispatch(AsyncBoltRequest(body=body, headers=headers))
    await asyncio.sleep(0.2)
    return answer.status, seen


status, seen = asyncio.run(main())
print("version:  slack-bolt", version("slack-bolt"))
print("expected: {'alert': '7', 'same counts': True, 'clicks': 1, 'lock': True}")
print("seen:    ", seen)
wanted = {"alert": None, "same counts": False, "clicks": 0, "lock": False}
sys.exit((status, seen) != (200, wanted))
END
