"""The entrance of App Home: the last 24 hours, open alerts, what is scheduled, what needs care."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from handlers.desk import Desk
from handlers.slack import block_kit as blocks
from handlers.slack.alert_text import headline, linked
from handlers.slack.block_kit import Block
from handlers.slack.permalinks import Links
from handlers.store import Job, JobState, Quarantined, SourceHealth
from resolutions.alert import US, Alert
from resolutions.catalogue.resolution import Catalogue

SHOWN = 10
SOURCES = 25


class Home:
    """Draws App Home, and answers buttons that nothing else knows."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._links = Links(desk.slack)

    async def opened(self, ack: AsyncAck, event: dict[str, Any]) -> None:
        """Ack, and draw App Home for the person who opened it."""
        await ack()
        if event.get("tab", "home") == "home":
            self._desk.background.start(self._publish(event["user"]))

    async def stale(self, ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        """Ack, and tell a person that a button is from an older message."""
        await ack()
        self._desk.background.start(self._point_on(body, respond))

    async def _publish(self, user: str) -> None:
        view = {"type": "home", "blocks": await self._draw()}
        await self._desk.slack.views_publish(user_id=user, view=view)

    async def _point_on(self, body: dict[str, Any], respond: AsyncRespond) -> None:
        """Tell where the alert of an older message lives on."""
        container, channel = body.get("container") or {}, (body.get("channel") or {}).get("id")
        if not (channel and body.get("response_url")):
            return
        text = "This button is from an older message."
        alert = await self._desk.store.alerts.at(channel, str(container.get("message_ts", "")))
        if alert is not None:
            link = await self._links.of_message(alert.channel, alert.ts)
            text += f" The alert lives on here: {link}" if link else ""
        await respond(
            text=text,
            response_type="ephemeral",
            replace_original=False,
            thread_ts=container.get("thread_ts"),
        )

    async def _draw(self) -> list[Block]:
        store, now = self._desk.store, self._desk.clock()
        counts = await store.deliveries.count_by_reason(now - timedelta(hours=24))
        alerts, total = await store.alerts.worst(SHOWN)
        alerts = [self._desk.shown.alert(alert) for alert in alerts]
        links = await self._links.of_alerts(alerts)
        return [
            blocks.header("Last 24 hours"),
            blocks.section(_counted(counts, self._desk.catalogue)),
            blocks.divider(),
            blocks.header("Open alerts"),
            *_alerts(alerts, links, self._desk.catalogue, total),
            blocks.divider(),
            blocks.header("Scheduled"),
            blocks.section(
                self._scheduled(await store.jobs.in_states([JobState.WAITING], 5 * SHOWN))
            ),
            *self._failed(await store.jobs.in_states([JobState.DEAD], SHOWN)),
            blocks.divider(),
            blocks.header("Sources"),
            blocks.section(_health(await store.health.sources(), self._desk.sources)),
            *_quarantine(await store.quarantine.newest(limit=SHOWN + 1)),
            blocks.context(f"As of {blocks.moment(now)}; open this tab again to see it anew."),
        ]

    def _scheduled(self, jobs: Sequence[Job]) -> str:
        lines = [
            f"{self._desk.labels.job(job.name)} for {blocks.moment(job.run_at)}, by <@{job.by}>"
            for job in jobs
            if job.run_at is not None and job.by != US
        ]
        if len(lines) > SHOWN:
            lines[SHOWN:] = [f"and {len(lines) - SHOWN} more"]
        return "\n".join(lines) or "Nothing is scheduled."

    def _failed(self, jobs: Sequence[Job]) -> list[Block]:
        shown = []
        for job in jobs[:SHOWN]:
            deed, why = self._desk.labels.job(job.name), blocks.escape(blocks.cut(job.result, 300))
            again = blocks.button("Try again", "retry", str(job.id), about=deed)
            shown.append(
                blocks.section_with(f"*Failed:* {deed} — {why}", again, block_id=f"failed:{job.id}")
            )
        return shown


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


def _alerts(
    alerts: Sequence[Alert], links: Mapping[int, str], catalogue: Catalogue, total: int
) -> list[Block]:
    """Return a line for each alert; those beyond are the less urgent ones."""
    if not alerts:
        return [blocks.section("No open alerts.")]
    lines = []
    for alert in alerts:
        line = headline(alert, catalogue.of(alert.reason, complaint=alert.key.complaint))
        lines.append(f"• {linked(links[alert.id], line)}")
    shown = blocks.plain("\n".join(lines))
    if more := total - len(alerts):
        what = "of less severity, with fewer emails or older"
        shown.append(blocks.context(f"and {more:,} more open in the channel, {what}"))
    return shown


def _health(health: Sequence[SourceHealth], sources: Mapping[str, Any]) -> str:
    by_source = {entry.source: entry for entry in health}
    lines = []
    for name in list(sources)[:SOURCES]:
        entry = by_source.get(name)
        if entry is None or entry.last_event_at is None:
            lines.append(f"*{name}*: nothing heard yet")
            continue
        kept = f", {entry.quarantined:,} not understood" if entry.quarantined else ""
        lines.append(
            f"*{name}*: last event {blocks.moment(entry.last_event_at)}, in 24 hours"
            f" {entry.events:,} bounce events, {entry.delivered:,} delivered{kept}"
        )
    if len(sources) > SOURCES:
        lines.append(f"and {len(sources) - SOURCES} more")
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
