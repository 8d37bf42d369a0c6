"""Alerts and resolutions for the tests of messages."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handlers.actions import LABELS
from handlers.slack.labels import Labels
from resolutions.alert import Alert, AlertKey, Delivery, DeliveryState, Tally
from resolutions.bounce import Kind, Permanence
from resolutions.catalogue.evidence_text import WORDED
from resolutions.catalogue.resolution import Family, FinalFor, Resolution, Severity, Variant
from resolutions.diagnosis.result import Confidence, Evidence
from resolutions.operator import Operators
from resolutions.reason import Reason

NOW = datetime(2026, 6, 15, 9, 45, tzinfo=UTC)
Make = Callable[..., Any]


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def labels(operators: Operators) -> Labels:
    return replace(LABELS, operators=operators.ids)


@pytest.fixture
def delivery() -> Make:
    """Give a delivery: one full mailbox at Google, with what is changed."""

    def make(number: int = 1, **changes: Any) -> Delivery:
        usual = {
            "id": number,
            "alert_id": 7,
            "source": "newsletter",
            "recipient": f"ana{number}@gmail.com",
            "state": DeliveryState.BOUNCED,
            "kind": Kind.BOUNCE,
            "reason": Reason.QUOTA_ISSUES,
            "variant": "",
            "permanence": Permanence.TRANSIENT,
            "confidence": Confidence.CERTAIN,
            "evidence": "the receiver's own words “out of storage space”; status 4.2.2",
            "campaign": "Spring launch",
            "operator": "google",
            "subject": "Hello",
            "reply": "452 4.2.2 The recipient's inbox is out of storage space.",
            "code": "452",
            "status": "4.2.2",
            "remote_host": "gmail-smtp-in.l.google.com",
            "message_id": f"<{number}@mail.example>",
            "provider_message_id": str(number),
            "stored_copy": "",
            "occurred_at": NOW - timedelta(minutes=5),
            "provider": "ses",
        }
        given = {**usual, **changes}
        given["evidence"] = (Evidence(WORDED, "", given["evidence"]),)
        return Delivery(**given)

    return make


@pytest.fixture
def alert(delivery: Make) -> Make:
    """Give an alert: fourteen full mailboxes of one campaign, with what is changed."""

    def make(**changes: Any) -> Alert:
        usual: dict[str, Any] = {
            "id": 7,
            "key": AlertKey(
                complaint=False,
                family=Family.LIST,
                subject="newsletter/Spring launch",
                topic="quota-issues",
            ),
            "reason": Reason.QUOTA_ISSUES,
            "variant": "",
            "severity": Severity.INFO,
            "opened_at": NOW - timedelta(minutes=33),
            "last_event_at": NOW - timedelta(minutes=5),
            "recipients": 14,
            "waiting": 0,
            "bounced": 14,
            "delivered": 0,
            "expired": 0,
            "attempts": 3_480,
            "tallies": (
                Tally(dimension="operator", word="google", bounced=9),
                Tally(dimension="operator", word="microsoft", bounced=3),
                Tally(dimension="operator", word="orange.fr", bounced=2),
                Tally(dimension="permanence", word="transient", bounced=14),
                Tally(dimension="source", word="newsletter", bounced=14),
                Tally(dimension="campaign", word="Spring launch", bounced=14),
                Tally(dimension="reason", word="quota-issues", bounced=14),
            ),
            "sample": (delivery(1), delivery(2, recipient="mia@contoso.example")),
        }
        return Alert(**{**usual, **changes})

    return make


@pytest.fixture
def resolution() -> Make:
    """Give an entry of a catalogue: full mailboxes, with what is changed."""

    def make(**changes: Any) -> Resolution:
        usual = {
            "word": "quota-issues",
            "reason": Reason.QUOTA_ISSUES,
            "title": "Full mailboxes",
            "summary": "the inbox is full",
            "explanation": "Their inboxes have no room left. It is nothing in your mail.",
            "steps": ("Look for another address of theirs.", "Or send once more in some days."),
            "owner": "recipient",
            "severity": Severity.INFO,
            "family": Family.LIST,
            "final_for": FinalFor.NOTHING,
            "actions": ("find_alternative", "resend", "deactivate", "open_ticket"),
            "variants": (
                Variant(
                    name="greylisted",
                    title="Greylisted",
                    summary="the server wants to be asked again",
                    explanation="The server turns strangers away once.",
                    steps=("Do nothing: the server retries.",),
                ),
            ),
        }
        return Resolution(**{**usual, **changes})

    return make
