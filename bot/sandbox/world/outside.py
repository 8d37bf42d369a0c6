"""Whom the bot acts upon outside of Slack: on loopback, and in the side panel of the page."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web

from bot.sandbox.world.neighbours import Mailbox, OwnSender
from bot.sandbox.world.provider_apis import ProviderApis

HOST = "127.0.0.1"


@dataclass(slots=True)
class Outside:
    """Everybody the bot acts upon, as the side panel of the page shows them."""

    sender: OwnSender
    mailbox: Mailbox = field(default_factory=Mailbox)
    apis: ProviderApis = field(default_factory=ProviderApis)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[tuple[str, int]]:
        """Serve the APIs and the sender over HTTP, the mailbox over SMTP; give address and port."""
        app = web.Application()
        app.add_routes([*self.apis.routes(), web.post("/sender", self.sender.receive)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, HOST, 0).start()
        smtp = await asyncio.get_running_loop().create_server(self.mailbox.protocol, HOST, 0)
        try:
            yield f"http://{HOST}:{runner.addresses[0][1]}", smtp.sockets[0].getsockname()[1]
        finally:
            smtp.close()
            await runner.cleanup()

    async def shown(self) -> dict[str, Any]:
        """Return the tabs of the panel, the newest first in each."""
        return {
            "tabs": [
                {
                    "title": "Suppression lists",
                    "empty": "No address is suppressed. Flag a contact as inactive.",
                    "items": [
                        _item(entry.address, f"{vendor}: {entry.cause}", "", entry.since)
                        for vendor, entry in self.apis.entries()
                    ],
                },
                {
                    "title": "Sent again",
                    "empty": "Nothing was sent again. Schedule a resend for a minute from now.",
                    "items": self._sent_again(),
                },
                {
                    "title": "Admin's mailbox",
                    "empty": "No ticket has arrived. Open one.",
                    "items": [self._mail(mail) for mail in reversed(self.mailbox.mails)],
                },
            ]
        }

    def _sent_again(self) -> list[dict[str, Any]]:
        copies = [
            (at, to, "Mailgun, from its stored copy", key) for at, to, key in self.apis.sent_again
        ]
        signed = [
            (taken.at, taken.recipient, "your sender, signature verified", taken.id)
            for taken in self.sender.taken
        ]
        both = sorted([*copies, *signed], reverse=True)
        return [_item(to, how, number, at) for at, to, how, number in both]

    def _mail(self, mail: Any) -> dict[str, Any]:
        body = mail.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        moment = mail["Date"].datetime if mail["Date"] else None
        return _item(str(mail["Subject"]), f"from {mail['From']}", text, moment)


def _item(title: str, subtitle: str, body: str, at: datetime | None) -> dict[str, Any]:
    shown = at.astimezone().isoformat(timespec="seconds") if at else ""
    return {"title": title, "subtitle": subtitle, "body": body, "at": shown}
