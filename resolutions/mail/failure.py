"""What a report says of one recipient."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from resolutions.bounce import TEXT_LIMIT, Kind, SmtpReply
from resolutions.mail.text.smtp import code_in, command_in, status_of

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Failure(NamedTuple):
    """What a report says of one recipient, before the mail around it is taken into account.

    `other` is the address of the same recipient that the report does not go by: Final-Recipient
    where Original-Recipient is known, the alias an address was expanded from. `original` holds the
    headers of the message that failed, not decoded, `envelope_id` its sender's own id (RFC 3461).
    """

    recipient: str = ""
    kind: Kind = Kind.BOUNCE
    text: str = ""
    code: str = ""
    status: str = ""
    remote_host: str = ""
    command: str = ""
    other: str = ""
    original: Mapping[str, str] = NO_HEADERS
    envelope_id: str = ""

    @property
    def reply(self) -> SmtpReply:
        """The failure as a reply; what the fields left open is read from the text."""
        text = self.text[:TEXT_LIMIT]
        return SmtpReply(
            text,
            self.code or code_in(text),
            status_of(self.status, text),
            self.command or command_in(text),
        )
