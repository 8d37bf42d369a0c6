"""What triage makes of an event, before anything is stored."""

from datetime import UTC, datetime

import pytest

from bot.store.store import SqlStore
from handlers.triage import Triage
from resolutions.bounce import BounceEvent, Kind, Permanence, SmtpReply
from resolutions.catalogue.resolution import Catalogue
from resolutions.operator import Operators
from resolutions.rules.rulebook import Rulebook

BLOCKED = (
    "550 5.7.1 Unfortunately, messages from [198.51.100.7] weren't sent. Please contact your "
    "Internet service provider since part of their network is on our block list (S3140)."
)


@pytest.fixture
def triage(
    store: SqlStore, rulebook: Rulebook, operators: Operators, catalogue: Catalogue
) -> Triage:
    return Triage(store.events, rulebook, operators, catalogue)


def bounce(
    provider: str, recipient: str, text: str = BLOCKED, remote_host: str = ""
) -> BounceEvent:
    return BounceEvent(
        source=provider,
        provider=provider,
        event_id=recipient,
        kind=Kind.BOUNCE,
        permanence=Permanence.UNKNOWN,
        recipient=recipient,
        occurred_at=datetime(2026, 6, 15, 9, 0, tzinfo=UTC),
        reply=SmtpReply(text),
        remote_host=remote_host,
    )


def test_one_block_told_by_three_providers_is_one_alert(triage: Triage) -> None:
    events = [
        bounce("ses", "ana@first.example"),
        bounce("sendgrid", "bo@second.example"),
        bounce("mailgun", "eve@third.example", remote_host="x.mail.protection.outlook.com"),
    ]

    judged = [triage.judge(number, event) for number, event in enumerate(events)]

    assert {each.operator for each in judged} == {"microsoft"}
    assert len({each.key for each in judged}) == 1


def test_words_of_a_list_that_many_ask_name_no_operator(triage: Triage) -> None:
    text = "550 5.7.1 Client host [198.51.100.7] blocked using b.barracudacentral.org"

    judged = triage.judge(1, bounce("ses", "ana@first.example", text))

    assert judged.operator == "first.example"
