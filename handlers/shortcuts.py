"""The entrance of shortcuts: diagnose the reply in a message, look up a contact."""

from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from handlers import blocks
from handlers.action import Desk
from resolutions.bounce import BounceEvent, Kind, SmtpReply
from resolutions.diagnosis import diagnose

TEXT_LIMIT = 3_000


class Shortcuts:
    """Both shortcuts open a modal at once, for their trigger lives three seconds."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def acknowledged(self, ack: AsyncAck) -> None:
        """Ack; the modal follows."""
        await ack()
