"""Tickets by email: a message to the server admin over SMTP.

The Message-ID is made from the ticket's key, so that a mail sent twice is one message for the
reader's program.
"""

import re
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from typing import Annotated, Literal

import aiosmtplib
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from handlers.errors import PermanentError, TemporaryError, UncertainError
from handlers.ticket import Opened, Ticket, TicketSystem

SECONDS = 30.0
SUBJECT_LIMIT = 200
ADDRESS = r"^[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+$"

Address = Annotated[str, Field(pattern=ADDRESS)]


def _listed(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


class EmailSettings(BaseModel):
    """The mail server and the addresses.

    `tls` is spoken from the start ("tls", port 465), asked for after connecting ("starttls"), or
    not used ("none").
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(min_length=1)
    port: int = Field(587, ge=1, le=65_535)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: SecretStr = SecretStr("")
    sender: Address = Field(alias="from")
    to: Annotated[tuple[Address, ...], BeforeValidator(_listed), Field(min_length=1)]


class Email(TicketSystem):
    """Sends each ticket as one mail."""

    name = "email"
    Settings = EmailSettings

    settings: EmailSettings

    async def open(self, ticket: Ticket) -> Opened:
        """Send the mail and return its Message-ID; the ticket's key keeps it the same."""
        message = compose(ticket, self.settings)
        async with self._session() as client:
            try:
                await client.send_message(
                    message, sender=self.settings.sender, recipients=list(self.settings.to)
                )
            except aiosmtplib.SMTPResponseException as error:
                raise _refusal(self._where, error.code, error.message) from error
            except aiosmtplib.SMTPRecipientsRefused as error:
                first = error.recipients[0]
                raise _refusal(self._where, first.code, first.message) from error
            except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
                raise UncertainError(
                    f"{self._where} gave no answer; the mail may have been sent: look for"
                    f" Message-ID {message['Message-ID']} before you try again"
                ) from error
        return Opened(reference=f"email to {', '.join(self.settings.to)}")

    async def check(self) -> str:
        """Connect and log in, and send nothing."""
        async with self._session() as client:
            try:
                await client.noop()
            except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
                raise TemporaryError(f"{self._where} gave no answer ({error})") from error
        return f"{self._where} takes mail; tickets go to {', '.join(self.settings.to)}"

    @property
    def _where(self) -> str:
        return f"the mail server {self.settings.host}:{self.settings.port}"

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """Give a connection, secured and logged in as configured."""
        client = aiosmtplib.SMTP(
            hostname=self.settings.host,
            port=self.settings.port,
            timeout=SECONDS,
            use_tls=self.settings.tls == "tls",
            start_tls=False,
        )
        try:
            await self._enter(client)
            yield client
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit()
        finally:
            client.close()

    async def _enter(self, client: aiosmtplib.SMTP) -> None:
        settings = self.settings
        try:
            await client.connect()
            if settings.tls == "starttls":
                await client.starttls()
            if settings.user:
                await client.login(settings.user, settings.password.get_secret_value())
        except aiosmtplib.SMTPAuthenticationError as error:
            raise _refusal(
                self._where, error.code, error.message, "; check user and password"
            ) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _refusal(self._where, error.code, error.message) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise self._unconnected(error) from error

    def _unconnected(self, error: Exception) -> PermanentError | TemporaryError:
        """Return the error of a connection that did not come about."""
        untrusted = next((one for one in _causes(error) if isinstance(one, ssl.SSLError)), None)
        if untrusted is not None:
            return PermanentError(
                f"{self._where} has no certificate that is trusted ({untrusted.reason}); check"
                " host, port and tls"
            )
        if isinstance(error, aiosmtplib.SMTPNotSupported) or "not supported" in str(error):
            return PermanentError(f"{self._where}: {error}; check tls and user")
        return TemporaryError(f"no connection to {self._where} ({error})")


def compose(ticket: Ticket, settings: EmailSettings) -> EmailMessage:
    """Return the mail of a ticket; nothing in the ticket can become a header."""
    message = EmailMessage(policy=WIRE)
    message["From"] = settings.sender
    message["To"] = ", ".join(settings.to)
    message["Subject"] = one_line(ticket.title)[:SUBJECT_LIMIT]
    message["Message-ID"] = message_id(ticket.key, settings.sender)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(_text(ticket))
    return message


def message_id(key: str, sender: str) -> str:
    """Return the Message-ID of a ticket's key.

    >>> message_id("bounce-7", "desk@example.com")
    '<bounce-7@example.com>'
    """
    return f"<{_UNSAFE.sub('-', key)}@{sender.rpartition('@')[2]}>"


def one_line(text: str) -> str:
    """Return text without line breaks and other control characters."""
    return " ".join(_CONTROL.sub(" ", text).split())


_UNSAFE = re.compile(r"[^A-Za-z0-9.-]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd]")
_KEPT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def _text(ticket: Ticket) -> str:
    parts = [ticket.body]
    if ticket.checks:
        parts.append("What to check:\n" + "\n".join(f"  * {check}" for check in ticket.checks))
    parts += [f"Sample {number}:\n{_indented(one)}" for number, one in enumerate(ticket.samples, 1)]
    if ticket.link:
        parts.append(f"In Slack: {ticket.link}")
    text = "\n\n".join(parts).replace("\r\n", "\n").replace("\r", "\n")
    return _KEPT_LINES.sub("\N{REPLACEMENT CHARACTER}", text) + "\n"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _refusal(
    where: str, code: int, message: str, hint: str = ""
) -> PermanentError | TemporaryError:
    """Return the error of a reply: 5xx is for good, all else for later (RFC 5321, 4.2.1)."""
    text = f"{where} answered {code} {one_line(message)[:300]}{hint}"
    return PermanentError(text) if code >= 500 else TemporaryError(text)
