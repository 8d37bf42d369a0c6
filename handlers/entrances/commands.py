"""The entrance of slash commands: /bounce help | explain | diagnose | audit."""

import asyncio
import difflib
import logging
from datetime import timedelta
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from handlers.desk import Desk
from handlers.permission import Allowed, named
from handlers.slack import answers
from handlers.slack.alert_text import headline, linked, most_at
from handlers.slack.block_kit import Message, cut, escape, unescape
from handlers.slack.permalinks import Links
from resolutions.bounce import TEXT_LIMIT
from resolutions.catalogue.explain import explain
from resolutions.catalogue.resolution import Resolution

SEEN_DAYS = 7
SEEN_SECONDS = 2.0
"""How long an explanation waits for what was seen here; it is complete without."""

OPEN_SHOWN = 3
AUDITED = 20
"""Entries of the audit log in an answer; the command line lists more."""

ADDRESSES = "show_addresses"
"""The permission that the audit log asks for."""

log = logging.getLogger(__name__)


class Commands:
    """Answers `/bounce …` to the person who typed it; no command changes anything."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._links = Links(desk.slack)

    async def received(self, ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        """Ack, whatever was typed, and answer then: that may wait for the database."""
        await ack()
        self._desk.background.start(self._respond(body, respond))

    async def _respond(self, body: dict[str, Any], respond: AsyncRespond) -> None:
        """Answer through the response_url, which works in every channel."""
        words, by = unescape(str(body.get("text") or "")), str(body.get("user_id") or "")
        message = await self.answer(words, by)
        answer = await respond(
            text=message.text,
            blocks=list(message.blocks),
            response_type="ephemeral",
            unfurl_links=False,
            unfurl_media=False,
        )
        if answer.status_code != 200:
            log.error("answer refused", extra={"status": answer.status_code, "why": answer.body})

    async def answer(self, text: str, by: str = "") -> Message:
        """Return the answer to what somebody typed behind `/bounce`."""
        word, _, rest = text.strip().partition(" ")
        match word.lower().strip(":"):
            case "" | "help" | "?":
                return answers.helped()
            case "explain":
                return await self._explain(rest.strip())
            case "diagnose":
                return self.diagnose(rest)
            case "audit":
                return await self._audit(rest.strip(), by)
        return self._unknown(text.strip(), word)

    def diagnose(self, pasted: str) -> Message:
        """Return why a pasted reply was given."""
        pasted = pasted.strip("` \t\r\n")[:TEXT_LIMIT]
        if not pasted:
            return answers.helped("Paste the reply behind the word: `/bounce diagnose 550 5.1.1 …`")
        return answers.diagnosis_of(pasted, self._desk.rulebook, self._desk.catalogue)

    async def _explain(self, words: str) -> Message:
        catalogue = self._desk.catalogue
        if not words:
            return answers.reasons(catalogue)
        answer = explain(words, catalogue, lambda: self._desk.rulebook)
        if answer.resolution is None:
            return answers.unexplained(words, answer)
        return answers.explained(answer, answer.resolution, await self._seen(answer.resolution))

    async def _audit(self, about: str, by: str) -> Message:
        """Return what was done, to who may see addresses: they stand in the log, which notes it."""
        desk, permissions = self._desk, self._desk.permissions
        if await permissions.ask(by, ADDRESSES) is not Allowed.YES:
            who = permissions.by_action[ADDRESSES]
            return answers.helped(
                f"Only {named(who)} may read the audit log: addresses stand in it."
            )
        entries = await desk.store.audit.newest(AUDITED, about)
        shown = f"shown: {len(entries)}"
        await desk.store.audit.add("audit", by, about or "everything", shown, None)
        return answers.audited(entries, about)

    def _unknown(self, text: str, word: str) -> Message:
        """Return the nearest command, or the one that would understand what was typed."""
        typed = escape(cut(word, 40, "…"))
        near = difflib.get_close_matches(word.lower(), answers.COMMANDS, n=1, cutoff=0.6)
        if near:
            return answers.helped(
                f"There is no command “{typed}”. Did you mean `/bounce {near[0]}`?"
            )
        better = "diagnose" if word[:1].isdigit() and len(text) > 20 else "explain"
        whole = escape(cut(text.replace("`", "'"), 100, "…"))
        return answers.helped(
            f"There is no command “{typed}”. Did you mean `/bounce {better} {whole}`?"
        )

    async def _seen(self, resolution: Resolution) -> str:
        """Return what was seen here of a reason, "" where the database does not answer in time."""
        try:
            async with asyncio.timeout(SEEN_SECONDS):
                return await self._look(resolution)
        except Exception as error:
            log.warning("no counts for an explanation", extra={"why": repr(error)})
            return ""

    async def _look(self, resolution: Resolution) -> str:
        store = self._desk.store
        counts = await store.deliveries.count_by_reason(
            self._desk.clock() - timedelta(days=SEEN_DAYS)
        )
        count = counts.get(resolution.word, 0)
        if not count:
            return f"Not seen here in the last {SEEN_DAYS} days."
        alerts = await store.alerts.newest(limit=50, reason=resolution.reason.value)
        complaint = resolution.word == "complaint"
        shown = self._desk.shown.alert
        alerts = [shown(alert) for alert in alerts if alert.key.complaint == complaint]
        most = most_at(alerts, self._desk.labels)
        at = f", most at {most}" if most else ""
        lines = [f"Seen here in the last {SEEN_DAYS} days: {count:,}{at}."]
        links = await self._links.of_alerts(alerts[:OPEN_SHOWN])
        open_ones = [(links[one.id], headline(one, resolution)) for one in alerts[:OPEN_SHOWN]]
        return "\n".join([*lines, *(linked(link, line) for link, line in open_ones)])
