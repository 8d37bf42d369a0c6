"""How addresses are shown: masked once, before anything is worded; pure."""

from dataclasses import dataclass, replace

from resolutions.alert import Alert, Delivery
from resolutions.masking import mask, mask_all


@dataclass(frozen=True, slots=True)
class Shown:
    """The one policy on addresses: whole where the operator allows or a person asked for them.

    What words an alert takes it as `alert` and `delivery` return it, so that no branch of it can
    show what is masked here. Our own lines (deeds, tickets) and ids of messages stay as they are.
    """

    masked: bool = True

    def address(self, recipient: str) -> str:
        """Return a recipient as it may be shown."""
        return mask(recipient) if self.masked else recipient

    def text(self, text: str) -> str:
        """Return a text of strangers as it may be shown; its own addresses are recipients too."""
        return mask_all(text) if self.masked else text

    def delivery(self, delivery: Delivery) -> Delivery:
        """Return a delivery as it may be shown."""
        if not self.masked:
            return delivery
        return replace(
            delivery,
            recipient=mask(delivery.recipient),
            metadata={name: mask_all(value) for name, value in delivery.metadata.items()},
            evidence=tuple(
                one._replace(matched=mask_all(one.matched)) for one in delivery.evidence
            ),
            campaign=mask_all(delivery.campaign),
            subject=mask_all(delivery.subject),
            reply=mask_all(delivery.reply),
            remote_host=mask_all(delivery.remote_host),
        )

    def alert(self, alert: Alert) -> Alert:
        """Return an alert as it may be shown."""
        if not self.masked:
            return alert
        return replace(
            alert,
            key=replace(alert.key, subject=mask_all(alert.key.subject)),
            operator_name=mask_all(alert.operator_name),
            tallies=tuple(replace(one, word=mask_all(one.word)) for one in alert.tallies),
            sample=tuple(self.delivery(one) for one in alert.sample),
        )


WHOLE = Shown(masked=False)
