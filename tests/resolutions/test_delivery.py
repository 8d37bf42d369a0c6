"""What an event says of a delivery: its state, whether the address is lost, what changes it."""

from datetime import UTC, datetime, timedelta

import pytest

from resolutions.alert import DeliveryState
from resolutions.bounce import Kind, Permanence
from resolutions.catalogue.resolution import Catalogue
from resolutions.delivery import is_final, state_of, supersedes
from resolutions.diagnosis.result import Confidence, Diagnosis
from resolutions.reason import Reason

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
WAITING, BOUNCED, DELIVERED, EXPIRED = (
    DeliveryState.WAITING,
    DeliveryState.BOUNCED,
    DeliveryState.DELIVERED,
    DeliveryState.EXPIRED,
)


def diagnosed(
    kind: Kind = Kind.BOUNCE,
    reason: Reason = Reason.BAD_MAILBOX,
    permanence: Permanence = Permanence.PERMANENT,
    confidence: Confidence = Confidence.CERTAIN,
) -> Diagnosis:
    return Diagnosis(kind=kind, reason=reason, permanence=permanence, confidence=confidence)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.mark.parametrize(
    ("kind", "reason", "state"),
    [
        (Kind.BOUNCE, Reason.BAD_MAILBOX, BOUNCED),
        (Kind.REJECTED, Reason.SUPPRESSED, BOUNCED),
        (Kind.BOUNCE, Reason.MESSAGE_EXPIRED, EXPIRED),
        (Kind.DEFERRAL, Reason.MESSAGE_EXPIRED, WAITING),
        (Kind.COMPLAINT, Reason.SPAM_RELATED, BOUNCED),
        (Kind.COMPLAINT, Reason.MESSAGE_EXPIRED, BOUNCED),
        (Kind.DELIVERED, Reason.UNKNOWN, DELIVERED),
        (Kind.AUTO_REPLY, Reason.UNKNOWN, None),
        (Kind.NOT_A_BOUNCE, Reason.UNKNOWN, None),
    ],
)
def test_a_diagnosis_says_how_the_delivery_stands(
    kind: Kind, reason: Reason, state: DeliveryState | None
) -> None:
    assert state_of(diagnosed(kind, reason)) is state


@pytest.mark.parametrize(
    ("diagnosis", "final"),
    [
        (diagnosed(), True),
        (diagnosed(confidence=Confidence.LIKELY), True),
        (diagnosed(confidence=Confidence.WEAK), False),
        (diagnosed(permanence=Permanence.TRANSIENT), False),
        (diagnosed(permanence=Permanence.UNKNOWN), False),
        (diagnosed(reason=Reason.BLOCKED_IP), False),
        (diagnosed(reason=Reason.MESSAGE_EXPIRED), False),
        (diagnosed(kind=Kind.DEFERRAL), False),
        (diagnosed(kind=Kind.COMPLAINT, permanence=Permanence.UNKNOWN), True),
    ],
)
def test_only_a_sure_and_permanent_failure_of_the_address_condemns_it(
    diagnosis: Diagnosis, final: bool, catalogue: Catalogue
) -> None:
    complaint = diagnosis.kind is Kind.COMPLAINT

    assert is_final(diagnosis, catalogue.of(diagnosis.reason, complaint=complaint)) is final


@pytest.mark.parametrize(
    ("before", "changing"),
    [
        (WAITING, {BOUNCED, EXPIRED, DELIVERED}),
        (DELIVERED, {BOUNCED, EXPIRED}),
        (BOUNCED, set()),
        (EXPIRED, set()),
    ],
)
def test_a_delivery_ends_once_but_what_arrived_can_still_bounce(
    before: DeliveryState, changing: set[DeliveryState]
) -> None:
    later = NOON + timedelta(minutes=1)

    assert {each for each in DeliveryState if supersedes(each, later, before, NOON)} == changing


def test_a_bounce_from_before_the_arrival_changes_nothing() -> None:
    assert not supersedes(BOUNCED, NOON - timedelta(seconds=1), DELIVERED, NOON)
