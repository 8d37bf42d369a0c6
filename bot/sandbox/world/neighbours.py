"""Who else the demo plays: the user's own sender, and the mailbox of the server admin."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

SIZE_LIMIT = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Resent:
    """One request to send an email again, as the sender took it."""

    at: datetime
    id: str
    recipient: str
    body: dict[str, Any]


@dataclass(slots=True)
class OwnSender:
    """The user's own sender: takes a signed request once, refuses a forged one."""

    secret: str
    taken: list[Resent] = field(default_factory=list)
    forged: int = 0

    async def receive(self, request: web.Request) -> web.Response:
        """Check the signature and take the request; one that comes again is taken once."""
        try:
            body = Webhook(self.secret).verify(await request.text(), dict(request.headers))
        except (WebhookVerificationError, ValueError):
            self.forged += 1
            return web.json_response({"error": "the signature is wrong"}, status=401)
        number = request.headers["webhook-id"]
        if all(taken.id != number for taken in self.taken):
            recipient = str(body.get("recipient", ""))
            self.taken.append(Resent(datetime.now(UTC), number, recipient, body))
        return web.json_response({"accepted": number}, status=202)


@dataclass(slots=True)
class Mailbox:
    """The admin's mailbox: an SMTP server that keeps what it gets."""

    mails: list[EmailMessage] = field(default_factory=list)

    def protocol(self) -> SMTP:
        """Return the protocol of one connection."""
        return SMTP(self, data_size_limit=SIZE_LIMIT, ident="demo mailbox", enable_SMTPUTF8=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep a mail; one with a known Message-ID is the same mail again."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        mail = message_from_bytes(content, policy=policy.default)
        if all(kept["Message-ID"] != mail["Message-ID"] for kept in self.mails):
            self.mails.append(mail)
        return "250 OK"
