"""From the bytes of a mail to what it reports (RFC 3464, RFC 6533, RFC 5965, plain shapes)."""

from dataclasses import dataclass, field
from collections.abc import Mapping
from datetime import datetime

from resolutions.bounce import Kind, SmtpReply


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReport:
    """What one mail says of one recipient.

    `index` counts the recipients of the mail from 1. `report_id` is the report's own Message-ID
    (a hash of the report part where there is none); `reported_at` its Date, None if unreadable.
    The fields of the original message are empty when it was not returned.
    """

    index: int
    kind: Kind
    recipient: str = ""
    reply: SmtpReply = SmtpReply()
    remote_host: str = ""
    report_id: str = ""
    reported_at: datetime | None = None
    message_id: str = ""
    envelope_id: str = ""
    from_domain: str = ""
    subject: str = ""
    campaign: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def read(mail: bytes) -> list[MailReport]:
    """Return one report a recipient; a mail that reports nothing gives one `not-a-bounce`."""
    raise NotImplementedError
