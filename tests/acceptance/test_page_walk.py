"""The whole product as a person meets it: alerts in a browser, and everything that they click."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from bot.sandbox.demo import Demo, DemoOptions
from bot.sandbox.world.samples import load_samples
from handlers.store import JobState

FULL, GONE, SILENT = "over-full.example", "vanished-cafe.example", "dark-datacentre.example"
SECONDS = 15_000

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def demo(database_url: str) -> AsyncIterator[Demo]:
    """Give a demo that has told of three emails: a full mailbox, a disabled one, a silent host."""
    async with Demo.open(DemoOptions(port=0, database=database_url)) as demo:
        domains = {FULL, GONE, SILENT}
        await demo.tell([s for s in load_samples() if s.recipient.partition("@")[2] in domains])
        await demo.settled()
        yield demo
        assert demo.slack.violations == []


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, demo: Demo) -> AsyncIterator[Page]:
    context = await browser.new_context(timezone_id="Europe/London")
    page = await context.new_page()
    page.set_default_timeout(SECONDS)
    expect.set_options(timeout=SECONDS)
    await page.goto(demo.slack.page_url)
    yield page
    await context.close()


def alert(page: Page, domain: str) -> Locator:
    return page.locator("#messages [data-ts]", has_text=domain).first


async def outside(demo: Demo, tab: int) -> list[str]:
    shown = (await demo.outside.shown())["tabs"][tab]["items"]
    return [item["title"] for item in shown]


async def test_a_resend_is_scheduled_moved_cancelled_and_done(page: Page, demo: Demo):
    message = alert(page, FULL)
    await message.get_by_role("button", name="Schedule a resend").click()
    modal = page.get_by_role("dialog")
    await modal.get_by_role("button", name="Schedule").click()
    await expect(message).to_contain_text("scheduled by @Ada")

    await message.get_by_role("button", name="Move").click()
    await choose_time(modal, datetime.now(UTC) + timedelta(days=2))
    await modal.get_by_role("button", name="Move").click()
    await expect(modal).to_have_count(0)
    await message.get_by_role("button", name="Cancel").click()
    await expect(message).to_contain_text("cancelled")
    assert await outside(demo, 1) == []

    await message.get_by_role("button", name="Schedule a resend").click()
    await modal.get_by_label("Your own sender").check()
    await modal.get_by_role("button", name="Schedule").click()
    await expect(message).to_contain_text("scheduled by @Ada")
    await let_its_time_come(demo)
    await expect(message).to_contain_text(
        "passed to your sender to be sent again, asked for by @Ada"
    )

    assert await outside(demo, 1) == ["noor@over-full.example"]
    assert demo.outside.sender.forged == 0


async def let_its_time_come(demo: Demo) -> None:
    (job,) = await demo.bot.store.jobs.in_states([JobState.WAITING])
    assert await demo.bot.store.jobs.move(job.id, datetime.now(UTC), "U01ADA")


async def choose_time(modal: Locator, moment: datetime) -> None:
    local = moment.astimezone(ZoneInfo("Europe/London"))
    await modal.get_by_label("Date").fill(local.strftime("%Y-%m-%d"))
    await modal.get_by_label("Time").fill(local.strftime("%H:%M"))


async def test_a_contact_is_flagged_at_the_provider_and_taken_back(page: Page, demo: Demo):
    message = alert(page, GONE)

    await message.get_by_role("button", name="Flag as inactive").click()
    question = page.get_by_role("alertdialog")
    await expect(question).to_contain_text("stops all mail of this SendGrid account, receipts")
    await question.get_by_role("button", name="Not now").click()
    await message.get_by_role("button", name="Flag as inactive").click()
    await question.get_by_role("button", name="Flag as inactive").click()
    await expect(message).to_contain_text("flagged as inactive by @Ada")
    assert await outside(demo, 0) == ["tomas@vanished-cafe.example"]

    await message.get_by_role("button", name="Take the flags back").click()
    await expect(message.get_by_role("button", name="Take the flags back")).to_have_count(0)
    await expect(message).to_contain_text("1 contact active again")

    await expect(message).to_contain_text("2 replies")
    assert await outside(demo, 0) == []


async def test_a_ticket_reaches_the_mailbox_once(page: Page, demo: Demo):
    message = alert(page, SILENT)

    await message.get_by_role("button", name="Open a ticket").click()
    await expect(message).to_contain_text("Ticket opened by @Ada")
    await message.get_by_role("button", name="Open a ticket").click()
    await expect(page.get_by_text("Only visible to you")).to_be_visible()

    await expect(message).to_contain_text("1 reply")
    (mail,) = demo.outside.mailbox.mails
    assert "Connection timed out" in mail.get_body(("plain",)).get_content()


async def test_the_composer_explains(page: Page, demo: Demo):
    composer = page.get_by_label("Message #deliverability")
    await composer.fill("/bounce explain quota")
    await composer.press("Enter")

    answer = page.locator("#messages", has_text="Only visible to you")
    await expect(answer).to_contain_text("quota-issues")
