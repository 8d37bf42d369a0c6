"""What an event says of a delivery: how it stands then, and whether its address is condemned."""

from datetime import datetime

from resolutions.alert import DeliveryState
from resolutions.bounce import Kind, Permanence
from resolutions.catalogue.resolution import FinalFor, Resolution
from resolutions.diagnosis.result import Confidence, Diagnosis
from resolutions.reason import Reason

NO_DELIVERY = frozenset({Kind.AUTO_REPLY, Kind.NOT_A_BOUNCE})
"""Kinds that say nothing of a delivery."""

RELIED_ON = frozenset({Confidence.CERTAIN, Confidence.LIKELY})
"""How sure a diagnosis must be for its address to be flagged."""


def state_of(diagnosis: Diagnosis) -> DeliveryState | None:
    """Return how a delivery stands by what is diagnosed; None where it says nothing of one."""
    if diagnosis.kind in NO_DELIVERY:
        return None
    if diagnosis.kind is Kind.DELIVERED:
        return DeliveryState.DELIVERED
    if diagnosis.kind is Kind.DEFERRAL:
        return DeliveryState.WAITING
    if diagnosis.kind is not Kind.COMPLAINT and diagnosis.reason is Reason.MESSAGE_EXPIRED:
        return DeliveryState.EXPIRED
    return DeliveryState.BOUNCED


def is_final(diagnosis: Diagnosis, resolution: Resolution) -> bool:
    """Tell whether the address may be flagged: it failed for good, surely, and by its own fault.

    A complaint always says so. Mail whose time for retries was over may arrive another day.
    """
    if diagnosis.kind is Kind.COMPLAINT:
        return True
    return (
        state_of(diagnosis) is DeliveryState.BOUNCED
        and diagnosis.permanence is Permanence.PERMANENT
        and diagnosis.confidence in RELIED_ON
        and resolution.final_for is FinalFor.ADDRESS
    )


def supersedes(
    state: DeliveryState, at: datetime, before: DeliveryState, before_at: datetime
) -> bool:
    """Tell whether news of a delivery changes how it stands: once, from waiting to its end.

    What was delivered can still bounce, later; a deferral that is told late changes nothing, and
    an arrival ends the waiting only.
    """
    if before is DeliveryState.WAITING:
        return state is not DeliveryState.WAITING
    fails = state in {DeliveryState.BOUNCED, DeliveryState.EXPIRED}
    return fails and before is DeliveryState.DELIVERED and at >= before_at
