#!/usr/bin/env bash
# respond() of Bolt for Python raises nothing when Slack refuses: an expired response_url gives a
# WebhookResponse with 404 that most code drops, while client.chat_postMessage raises SlackApiError.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check slack-bolt==1.30.0 slack-sdk==3.48.0 aiohttp==3.14.5

"$place/venv/bin/python" - <<'END'
import asyncio
import sys
from importlib.metadata import version

from aiohttp import web
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient


async def refuse(request):
    if request.path.startswith("/actions"):
        return web.Response(status=404, text="expired_url")
    return web.json_response({"ok": False, "error": "channel_not_found"})


async def main():
    slack = web.Application()
    slack.router.add_post("/{path:.*}", refuse)
    runner = web.AppRunner(slack)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        answer = await AsyncRespond(response_url=f"{base}/actions/T1/1/x")("done")
        responded = f"{answer.status_code} {answer.body}"
    except SlackApiError as error:
        responded = f"raised {error.response['error']}"
    try:
        await AsyncWebClient(token="xoxb-1", base_url=f"{base}/api/").chat_postMessage(channel="C1", text="done")
        posted = "returned"
    except SlackApiError as error:
        posted = f"raised {error.response['error']}"
    await runner.cleanup()
    return responded, posted


seen = asyncio.run(main())
print("version:  slack-bolt", version("slack-bolt"), "slack-sdk", version("slack-sdk"))
print("expected: both raise")
print("seen:     respond():", seen[0], "- chat_postMessage():", seen[1])
sys.exit(seen != ("404 expired_url", "raised channel_not_found"))
END
