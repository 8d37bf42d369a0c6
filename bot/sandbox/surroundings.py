"""Everything around a bot: Slack, the providers and their APIs, the user's sender, a mailbox.

The demo shows it to a person, and the tests play everybody with it; the bot itself is the real one.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bot.sandbox.stand_in import SlackStandIn
from bot.sandbox.world.configuration import configuration
from bot.sandbox.world.keys import Keys
from bot.sandbox.world.neighbours import OwnSender
from bot.sandbox.world.outside import HOST, Outside


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """The stand-ins, running; made by `open`. `folder` holds the certificate of SNS."""

    keys: Keys
    slack: SlackStandIn
    outside: Outside
    address: str
    smtp_port: int
    folder: Path

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        folder: Path,
        keys: Keys,
        *,
        sender: OwnSender | None = None,
        port: int = 0,
        **slack: Any,
    ) -> AsyncIterator[Self]:
        """Start everybody and stop them at the end; `slack` are arguments of the stand-in.

        Raises OSError where the port of Slack's page is taken.
        """
        outside = Outside(sender or OwnSender(keys.resend))
        stand_in = SlackStandIn(
            signing_secret=keys.slack_signing,
            bot_token=keys.slack_token,
            outside=outside.shown,
            **slack,
        )
        async with outside.served() as (address, smtp_port):
            await stand_in.start(HOST, port)
            try:
                yield cls(
                    keys=keys,
                    slack=stand_in,
                    outside=outside,
                    address=address,
                    smtp_port=smtp_port,
                    folder=folder,
                )
            finally:
                await stand_in.stop()

    def configuration(self) -> dict[str, Any]:
        """Return the tables of a bot among them; its database is left out."""
        return configuration(
            self.keys, self.slack.base_url, self.address, self.smtp_port, self.folder
        )
