"""Show the addresses of an alert to one person, who is noted in the audit log."""

from handlers.button import Button, Click, Rest
from handlers.slack.alert_text import address
from handlers.slack.block_kit import cut, plain
from handlers.slack.job_text import counted

SHOWN = 100


class ShowAddresses(Button):
    """Show whole addresses to the person who asks, and to nobody else."""

    name = "show_addresses"
    label = "Show addresses"
    may = "see whole addresses"

    async def intend(self, click: Click) -> Rest:
        """Record nothing yet: that somebody saw them is noted before they are shown."""
        return self._show(click)

    async def _show(self, click: Click) -> None:
        alert = await self.desk.store.alerts.get(click.number)
        if alert is None:
            return await self.tell(click, "This alert is not known any more.")
        deliveries = await self.desk.store.deliveries.of_alert(alert.id, SHOWN)
        addresses = dict.fromkeys(one.recipient for one in deliveries)
        await self.record(
            click.by, f"alert {alert.id}: {len(addresses)} addresses", "shown", alert.id
        )
        lines = [f"• {address(one)}" for one in addresses]
        if (more := alert.recipients - len(addresses)) > 0:
            lines.append(f"and {more:,} more")
        text = "\n".join([f"{counted(alert.recipients, 'recipient')}, shown to you alone:", *lines])
        return await self.tell(click, cut(text, 900), plain(text))
