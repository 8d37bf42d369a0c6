"""The entrance of App Home: the last 24 hours, open alerts, what is scheduled, what needs care."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from handlers import blocks
from handlers.action import Desk
from handlers.store import Job, JobState, Quarantined, SourceHealth
from resolutions.alert import Alert
from resolutions.resolution import Catalogue

SHOWN = 10
Block = dict[str, Any]


class Home:
    """Draws App Home, and answers buttons that nothing else knows."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def opened(self, ack: AsyncAck, event: dict[str, Any], client: AsyncWebClient) -> None:
        """Draw App Home for the person who opened it."""
        await ack()
        if event.get("tab") != "home":
            return
        view = {"type": "home", "blocks": await self._draw(client)}
        await client.views_publish(user_id=event["user"], view=view)

    async def stale(self, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Tell a person that a button is from an older message, and where the alert lives on."""
        container, channel = body.get("container") or {}, (body.get("channel") or {}).get("id")
        if not channel:
            return
        text = "This button is from an older message."
        alert = await self._desk.store.alert_at(channel, str(container.get("message_ts", "")))
        if alert is not None and alert.ts:
            link = await permalink(client, alert)
            text += f" The alert lives on here: {link}" if link else ""
        await client.chat_postEphemeral(channel=channel, user=body["user"]["id"], text=text)

    async def _draw(self, client: AsyncWebClient) -> list[Block]:
        store, now = self._desk.store, self._desk.clock()
        counts = await store.counts(now - timedelta(hours=24))
        alerts = await store.open_alerts(limit=SHOWN)
        links = {alert.id: await permalink(client, alert) for alert in alerts}
        return [
            blocks.header("Last 24 hours"),
            blocks.section(_counted(counts, self._desk.catalogue)),
            blocks.divider(),
            blocks.header("Open alerts"),
            *_alerts(alerts, links, self._desk.catalogue),
            blocks.divider(),
            blocks.header("Scheduled"),
            blocks.section(_scheduled(await store.jobs([JobState.WAITING], SHOWN))),
            *_failed(await store.jobs([JobState.DEAD], SHOWN)),
            blocks.divider(),
            blocks.header("Sources"),
            blocks.section(_health(await store.health(), self._desk.sources, now)),
            *_quarantine(await store.quarantined(limit=SHOWN + 1)),
        ]


async def permalink(client: AsyncWebClient, alert: Alert) -> str:
    """Return the address of an alert's message, "" if it is not posted or was deleted."""
    if not alert.ts:
        return ""
    try:
        answer = await client.chat_getPermalink(channel=alert.channel, message_ts=alert.ts)
    except SlackApiError:
        return ""
    return str(answer["permalink"])


def _counted(counts: Mapping[str, int], catalogue: Catalogue) -> str:
    if not counts:
        return "No bounces."
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    lines = [f"{count:,}  {_title(word, catalogue)}" for word, count in ordered[:SHOWN]]
    if len(ordered) > SHOWN:
        lines.append(f"{sum(count for _, count in ordered[SHOWN:]):,}  others")
    return "\n".join(lines)


def _title(word: str, catalogue: Catalogue) -> str:
    return catalogue[word].title if word in catalogue else blocks.escape(word)


def _alerts(alerts: Sequence[Alert], links: Mapping[int, str], catalogue: Catalogue) -> list[Block]:
    if not alerts:
        return [blocks.section("No open alerts.")]
    lines = []
    for alert in alerts:
        line = blocks.headline(alert, catalogue.of(alert.reason, complaint=alert.key.complaint))
        lines.append(f"<{links[alert.id]}|{line}>" if links[alert.id] else line)
    return [blocks.section("\n".join(lines))]


def _scheduled(jobs: Sequence[Job]) -> str:
    lines = [
        f"{job.name.replace('_', ' ')} for {blocks.moment(job.run_at)}, by <@{job.by}>"
        for job in jobs
        if job.run_at is not None and job.by != "bounce"
    ]
    return "\n".join(lines) or "Nothing is scheduled."


def _failed(jobs: Sequence[Job]) -> list[Block]:
    return [
        blocks.section_with(
            f"*Failed:* {job.name.replace('_', ' ')} — {blocks.escape(blocks.cut(job.result, 300))}",
            blocks.button("Try again", "retry", str(job.id)),
            block_id=f"failed:{job.id}",
        )
        for job in jobs
    ]


def _health(health: Sequence[SourceHealth], sources: Mapping[str, Any], now: datetime) -> str:
    known = {entry.source: entry for entry in health}
    lines = []
    for name in sources:
        entry = known.get(name)
        if entry is None or entry.last_event_at is None:
            lines.append(f"*{name}*: nothing heard yet")
            continue
        lines.append(
            f"*{name}*: last event {blocks.moment(entry.last_event_at)}, in 24 hours"
            f" {entry.events:,} bounce events, {entry.delivered:,} delivered"
        )
    return "\n".join(lines) or "No sources are configured."


def _quarantine(kept: Sequence[Quarantined]) -> list[Block]:
    if not kept:
        return []
    count = f"{SHOWN} or more" if len(kept) > SHOWN else str(len(kept))
    lines = [
        f"{blocks.moment(one.received_at)} {one.source}: {blocks.escape(blocks.cut(one.why, 120))}"
        for one in kept[:SHOWN]
    ]
    return [
        blocks.divider(),
        blocks.header("Quarantine"),
        blocks.section(f"{count} not understood; `bounce quarantine list` shows them whole."),
        blocks.section("\n".join(lines)),
    ]
