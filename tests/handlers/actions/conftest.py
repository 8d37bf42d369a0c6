"""What bounces where buttons are tried: a mailbox that does not exist, told by Mailgun."""

from collections.abc import Mapping
from typing import Any

import pytest

from resolutions.bounce import Kind, Permanence, SmtpReply

GONE: dict[str, Any] = {
    "source": "receipts",
    "provider": "mailgun",
    "kind": Kind.BOUNCE,
    "permanence": Permanence.PERMANENT,
    "reply": SmtpReply(
        "550 5.1.1 The email account that you tried to reach does not exist.", "550", "5.1.1"
    ),
    "remote_host": "gmail-smtp-in.l.google.com",
    "subject": "Your receipt",
    "campaign": "Receipts",
    "metadata": {"order": "7"},
}


@pytest.fixture
def bounce() -> Mapping[str, Any]:
    """Give a mailbox that does not exist."""
    return GONE
