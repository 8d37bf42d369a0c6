"""Contacts as the tables keep them, and what an event says of one."""

from datetime import datetime
from typing import NamedTuple

from bot.store.rows.event import contact_key
from bot.store.sql.columns import EPOCH, hashed
from resolutions.alert import Triaged
from resolutions.bounce import Kind


class ContactRow(NamedTuple):
    """What is known of an address at a source: by one event, or by all of a transaction."""

    key: str
    source: str
    recipient: str
    address_key: str
    domain: str
    complained: bool = False
    last_bounced_at: datetime | None = None
    last_reason: str = ""
    last_delivered_at: datetime | None = None

    def merged(self, other: "ContactRow") -> "ContactRow":
        """Return what both say, this one and a later one."""
        newer = (other.last_bounced_at or EPOCH) >= (self.last_bounced_at or EPOCH)
        bounced = other if newer and other.last_bounced_at is not None else self
        arrived = [at for at in (self.last_delivered_at, other.last_delivered_at) if at is not None]
        return self._replace(
            complained=self.complained or other.complained,
            last_bounced_at=bounced.last_bounced_at,
            last_reason=bounced.last_reason,
            last_delivered_at=max(arrived, default=None),
        )


def contact_of_event(triaged: Triaged) -> ContactRow:
    """Return what an event says of its address; a deferral says nothing yet."""
    event, kind = triaged.event, triaged.diagnosis.kind
    address = event.recipient.lower()
    key = contact_key(event.source, event.recipient)
    failed = kind not in {Kind.DELIVERED, Kind.COMPLAINT, Kind.DEFERRAL}
    return ContactRow(
        key,
        event.source,
        event.recipient,
        hashed(address),
        event.domain,
        kind is Kind.COMPLAINT,
        event.occurred_at if failed else None,
        triaged.diagnosis.reason.value if failed else "",
        event.occurred_at if kind is Kind.DELIVERED else None,
    )


def contact_of_arrival(source: str, recipient: str, at: datetime) -> ContactRow:
    """Return what an arrival says of its address."""
    domain = recipient.rpartition("@")[2].lower()
    address = hashed(recipient.lower())
    return ContactRow(
        contact_key(source, recipient), source, recipient, address, domain, last_delivered_at=at
    )
