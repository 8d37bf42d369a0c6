"""The audit log from the command line."""

import pytest

from bot.cli.audit import list_audited
from bot.settings.faults import check
from bot.settings.storage import StoreSettings
from bot.store.store import SqlStore


@pytest.fixture
def settings(database_url: str) -> StoreSettings:
    return check(StoreSettings, {"database": {"url": database_url}}, ())


async def test_the_audit_log_is_listed_whole_by_address_and_by_alert(
    settings: StoreSettings, store: SqlStore
) -> None:
    await store.audit.add("deactivate", "U1", "shop ana@example.com", "flagged", 7)
    await store.audit.add("resend", "U2", "shop a_a@example.com", "sent", 8)

    newest, oldest = await list_audited(settings, "")

    assert newest.endswith("  resend by U2  shop a_a@example.com  sent  alert 8")
    assert await list_audited(settings, "ANA@example.com") == [oldest]
    assert await list_audited(settings, "a_a@") == [newest]
    assert await list_audited(settings, "7") == [oldest]
    assert await list_audited(settings, "nobody@example.com") == []
