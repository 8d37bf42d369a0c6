"""What goes with a deed, in the deed's own transaction: the alert is redrawn."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.sql.tables import alerts


async def acted(connection: AsyncConnection, alert_id: int | None, now: datetime) -> None:
    """Make an alert due at once, if there is one: a person acted."""
    if alert_id is None:
        return
    version = alerts.c.version + 1
    await connection.execute(
        update(alerts)
        .where(alerts.c.id == alert_id)
        .values(version=version, acted_version=version, flush_at=now)
    )
