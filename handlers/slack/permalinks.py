"""Where a Slack message can be seen: asked for once, for a message never moves."""

import asyncio
from collections.abc import Sequence

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from resolutions.alert import Alert

KEPT = 2_000
GONE = frozenset({"message_not_found", "channel_not_found"})


def refusal(error: SlackApiError) -> str:
    """Return Slack's word for why it refused a call, "" where its answer was no JSON."""
    data = getattr(error.response, "data", None)
    return str(data.get("error", "")) if isinstance(data, dict) else ""


class Links:
    """The addresses of messages by channel and ts."""

    def __init__(self, slack: AsyncWebClient) -> None:
        self._slack = slack
        self._known: dict[tuple[str, str], str] = {}

    async def of_message(self, channel: str, ts: str) -> str:
        """Return the address of a message, "" if it is gone or Slack does not say."""
        if not (channel and ts):
            return ""
        link = self._known.get((channel, ts))
        return await self._ask(channel, ts) if link is None else link

    async def of_alerts(self, alerts: Sequence[Alert]) -> dict[int, str]:
        """Return the addresses of alerts' messages by the alerts' ids."""
        links = await asyncio.gather(*(self.of_message(one.channel, one.ts) for one in alerts))
        return {alert.id: link for alert, link in zip(alerts, links, strict=True)}

    async def _ask(self, channel: str, ts: str) -> str:
        try:
            answer = await self._slack.chat_getPermalink(channel=channel, message_ts=ts)
        except SlackApiError as error:
            return self._keep(channel, ts, "") if refusal(error) in GONE else ""
        except (aiohttp.ClientError, OSError, TimeoutError):
            return ""
        return self._keep(channel, ts, str(answer["permalink"]))

    def _keep(self, channel: str, ts: str, link: str) -> str:
        if len(self._known) >= KEPT:
            self._known.clear()
        self._known[channel, ts] = link
        return link
