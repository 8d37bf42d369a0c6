"""The page in a browser: what a person sees, does, and keeps while things change around them."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import expect

from bot.sandbox.stand_in import SlackStandIn

CHANNEL, ADA, LINUS = "C01DELIV", "U01ADA", "U02LINUS"
CONFIRM = {
    "title": {"type": "plain_text", "text": "Flag 14 contacts?"},
    "text": {"type": "mrkdwn", "text": "They get *no more mail*."},
    "confirm": {"type": "plain_text", "text": "Flag them"},
    "deny": {"type": "plain_text", "text": "Not now"},
}


@pytest.fixture
def post(client, clock):
    """Post to the channel, a second after the last time; return the message's ts."""

    async def post(*blocks, text="Full mailboxes", **more):
        clock.advance(1)
        given = {"channel": CHANNEL, "text": text, "blocks": list(blocks) or None, **more}
        return (await client.chat_postMessage(**given))["ts"]

    return post


@pytest.fixture
def opened(page, client, listener, post, kit):
    """Show the person a modal, by a click of theirs."""

    async def opened(view):
        heard = len(listener.heard)
        ts = await post(kit.actions(kit.button("Resend", "resend", "7")))
        await message(page, ts).get_by_role("button", name="Resend").click()
        await listener.count(heard + 1)
        trigger = listener.last["trigger_id"]
        answer = await client.views_open(trigger_id=trigger, view=view)
        await expect(page.get_by_role("dialog")).to_be_visible()
        return answer["view"]["id"]

    return opened


def message(page, ts):
    return page.locator(f"#messages [data-ts='{ts}']")


def composer(page):
    return page.get_by_label("Message #deliverability")


async def test_every_kind_of_block_is_drawn(page, post, kit):
    cells = [{"type": "raw_text", "text": text} for text in ("Google", "99 %")]
    reply = {"type": "text", "text": "452 4.2.2 out of storage"}
    preformatted = {"type": "rich_text_preformatted", "elements": [reply]}
    ts = await post(
        {"type": "header", "text": {"type": "plain_text", "text": "Full mailboxes"}},
        kit.section("*14 people*", accessory=kit.button("Open", "open")),
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Deferred*\n228"}]},
        {"type": "divider"},
        {"type": "rich_text", "elements": [preformatted]},
        {"type": "table", "rows": [cells, cells]},
        {"type": "image", "image_url": "https://x.example/a.png", "alt_text": "A chart"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "_certain_"}]},
        kit.actions(kit.button("Resend", "resend", "7", style="primary")),
    )

    shown = message(page, ts)
    await expect(shown.get_by_role("heading", name="Full mailboxes")).to_be_visible()
    await expect(shown.locator("strong", has_text="14 people")).to_be_visible()
    await expect(shown.locator("pre")).to_have_text("452 4.2.2 out of storage")
    await expect(shown.get_by_role("columnheader", name="Google")).to_be_visible()
    await expect(shown.get_by_role("img", name="A chart")).to_be_visible()
    await expect(shown.locator("em")).to_have_text("certain")
    await expect(shown.locator("[data-action-id=resend]")).to_have_attribute("data-value", "7")


async def test_mrkdwn_is_read_as_slack_reads_it(page, post, kit):
    ts = await post(
        kit.section(
            "*bold* _italic_ ~gone~ `a_b_c` 2*3*4 snake_case_word\n> quoted\n• first\n"
            f"<@{LINUS}> <#{CHANNEL}> <https://x.example/?a=1&amp;b=2|a link>"
            " <!date^1700000000^{date_num} {time}|then>\n```<not> *bold*```"
        )
    )

    shown = message(page, ts).locator(".content")
    for tag, text in (("strong", "bold"), ("em", "italic"), ("s", "gone"), ("code", "a_b_c")):
        await expect(shown.locator(tag)).to_have_text(text)
    await expect(shown.locator("blockquote")).to_have_text("quoted")
    await expect(shown.locator(".mention")).to_have_text(["@Linus", "#deliverability"])
    link = shown.get_by_role("link", name="a link")
    await expect(link).to_have_attribute("href", "https://x.example/?a=1&b=2")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await expect(shown.locator("time")).to_have_text("2023-11-14 22:13")
    await expect(shown).to_contain_text("2*3*4 snake_case_word")


async def test_outside_text_is_text_and_nothing_else(page, post, kit):
    hostile = (
        "<img src=x onerror=alert(1)> <javascript:alert(1)|click> &lt;script&gt;x&lt;/script&gt;"
    )
    header = {"type": "header", "text": {"type": "plain_text", "text": "<b>bold</b>"}}
    ts = await post(header, kit.section(hostile), text=hostile)

    shown = message(page, ts).locator(".content")
    await expect(shown.locator(".header")).to_have_text("<b>bold</b>")
    await expect(shown).to_contain_text("<script>x</script>")
    for tag in ("img", "script", "b", "a"):
        await expect(shown.locator(tag)).to_have_count(0)


async def test_an_update_keeps_what_is_typed_focused_and_open(page, client, post, kit):
    more = {"type": "overflow", "action_id": "more", "options": [kit.option("list")]}
    ts = await post(kit.section("14 people"), kit.actions(kit.button("Go", "go", "7"), more))
    await composer(page).fill("half a sent")

    async def update(count):
        blocks = [kit.section(f"{count} people"), kit.actions(kit.button("Go", "go", "7"), more)]
        await client.chat_update(channel=CHANNEL, ts=ts, text="x", blocks=blocks)
        await expect(message(page, ts)).to_contain_text(f"{count} people")

    await update(15)
    await expect(composer(page)).to_be_focused()
    await expect(composer(page)).to_have_value("half a sent")

    await message(page, ts).locator("[data-action-id=go]").focus()
    await update(16)
    await expect(message(page, ts).locator("[data-action-id=go]")).to_be_focused()

    await message(page, ts).get_by_role("button", name="More actions").click()
    await update(17)
    await expect(page.get_by_role("menuitem", name="List")).to_be_visible()


async def test_a_confirm_dialog_stands_before_the_click(page, post, listener, kit):
    ts = await post(kit.actions(kit.button("Flag", "deactivate", "7", confirm=CONFIRM)))
    button = message(page, ts).get_by_role("button", name="Flag")
    asked = page.get_by_role("alertdialog", name="Flag 14 contacts?")

    await button.click()
    await asked.get_by_role("button", name="Not now").click()
    await expect(asked).to_have_count(0)
    assert listener.heard == []

    await button.click()
    await asked.get_by_role("button", name="Flag them").click()
    await listener.count(1)
    assert listener.last["actions"][0]["value"] == "7"


async def test_an_overflow_menu_is_used_by_keys(page, post, listener, kit):
    options = [kit.option("list"), kit.option("show")]
    more = {"type": "overflow", "action_id": "more", "options": options}
    ts = await post(kit.actions(more))
    button = message(page, ts).get_by_role("button", name="More actions")

    await button.press("Enter")
    await page.keyboard.press("Escape")
    await expect(button).to_be_focused()
    await button.press("Enter")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")

    await listener.count(1)
    assert listener.last["actions"][0]["selected_option"]["value"] == "show"
    await expect(button).to_be_focused()


async def test_menus_and_pickers_of_a_message_tell_the_bot(page, post, listener, kit):
    select = {
        "type": "static_select",
        "action_id": "pace",
        "placeholder": {"type": "plain_text", "text": "Pace"},
        "options": [kit.option("slow"), kit.option("fast")],
    }
    ts = await post(kit.actions(select, {"type": "datepicker", "action_id": "day"}))
    shown = message(page, ts)

    await shown.get_by_label("Pace").select_option("fast")
    await listener.count(1)
    assert listener.last["actions"][0]["selected_option"]["value"] == "fast"
    await shown.locator("[data-action-id=day]").fill("2026-12-01")
    await listener.count(2)
    assert listener.last["actions"][0]["selected_date"] == "2026-12-01"


async def test_a_thread_opens_beside_the_channel_and_takes_replies(page, slack, post):
    ts = await post(text="alert")
    await post(text="the reply in full", thread_ts=ts)
    await post(text="accepts again", thread_ts=ts, reply_broadcast=True)
    await expect(message(page, ts)).not_to_contain_text("the reply in full")

    await message(page, ts).get_by_role("button", name="2 replies").click()
    thread = page.get_by_role("complementary", name="Thread")
    await expect(thread.get_by_role("article")).to_have_count(3)
    await expect(page.locator("#messages")).to_contain_text("accepts again")
    await thread.get_by_label("Reply").fill("thanks")
    await thread.get_by_label("Reply").press("Enter")

    await expect(thread.get_by_role("article")).to_have_count(4)
    assert slack.replies(CHANNEL, ts)[-1]["text"] == "thanks"
    await expect(message(page, ts).get_by_role("button", name="3 replies")).to_be_visible()


async def test_only_one_person_sees_an_ephemeral_message(page, client):
    await client.chat_postEphemeral(channel=CHANNEL, user=ADA, text="Already done by Linus")
    shown = page.locator("#messages article", has_text="Already done")
    await expect(shown).to_contain_text("Only visible to you")

    await page.get_by_role("button", name="switch person").click()
    await page.get_by_role("menuitemradio", name="Linus").click()

    await expect(page.get_by_role("button", name="Acting as Linus")).to_be_visible()
    await expect(shown).to_have_count(0)


async def test_the_composer_hints_at_commands_and_runs_them(page, listener):
    await composer(page).press_sequentially("/bo")
    await expect(page.get_by_role("option")).to_have_count(1)
    await page.keyboard.press("Tab")
    await expect(composer(page)).to_have_value("/bounce ")
    await expect(page.get_by_role("option")).to_have_text(
        ["/bounce help", "/bounce explain [reason, code or words]", "/bounce diagnose <reply>"]
    )
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    await composer(page).press_sequentially("quota")
    listener.answer({"text": "*Quota issues*"})
    await page.keyboard.press("Enter")

    answer = page.locator("#messages article", has_text="Quota issues")
    await expect(answer).to_contain_text("Only visible to you")
    await expect(composer(page)).to_have_value("")
    assert listener.last["text"] == "explain quota"


async def test_a_modal_loads_complains_and_is_sent(page, slack, client, opened, listener, kit):
    view = await opened(kit.modal(kit.section("Loading…")))
    boxes = {"type": "checkboxes", "options": [kit.option("google"), kit.option("orange")]}
    fields = [
        kit.input("when", {"type": "datetimepicker"}),
        kit.input("who", boxes),
        kit.input("way", {"type": "static_select", "options": [kit.option("call")]}),
        kit.input("note", {"type": "plain_text_input", "multiline": True}, optional=True),
    ]
    await client.views_update(view_id=view, view=kit.modal(*fields))
    dialog = page.get_by_role("dialog", name="Schedule")

    await dialog.get_by_label("Note").fill("kept")
    await client.views_update(view_id=view, view=kit.modal(*fields, kit.section("one more line")))
    await expect(dialog).to_contain_text("one more line")
    await expect(dialog.get_by_label("Note")).to_have_value("kept")
    await expect(dialog.get_by_label("Note")).to_be_focused()

    await dialog.get_by_role("button", name="Send").click()
    await expect(dialog.get_by_text("Please complete this required field.")).to_have_count(3)
    await dialog.get_by_label("Date").fill("2026-07-01")
    await dialog.get_by_label("Time").fill("06:00")
    await dialog.get_by_label("Orange").check()
    await dialog.get_by_label("Way").select_option("call")
    listener.answer({"response_action": "errors", "errors": {"when": "That is too late."}})
    await dialog.get_by_role("button", name="Send").click()
    await expect(dialog.get_by_text("That is too late.")).to_be_visible()
    await dialog.get_by_role("button", name="Send").click()

    await expect(dialog).to_be_hidden()
    values = listener.last["view"]["state"]["values"]
    six_in_london = datetime(2026, 7, 1, 5, tzinfo=UTC)
    assert values["when"]["entered"]["selected_date_time"] == int(six_in_london.timestamp())
    assert values["who"]["entered"]["selected_options"] == [kit.option("orange")]
    assert values["note"]["entered"]["value"] == "kept"
    assert slack.violations == []


async def test_an_element_of_a_modal_tells_what_was_entered_before(page, opened, listener, kit):
    await opened(
        kit.modal(
            kit.input("note", {"type": "plain_text_input"}),
            kit.actions(kit.button("Check", "check", "1")),
        )
    )
    await page.get_by_label("Note").fill("half done")

    await page.get_by_role("dialog").get_by_role("button", name="Check").click()

    await listener.count(2)
    values = listener.last["view"]["state"]["values"]
    assert values["note"]["entered"]["value"] == "half done"


async def test_several_options_are_ticked_in_a_list(page, opened, listener, kit):
    names = ["ana", "ben", "cleo"]
    element = {"type": "multi_static_select", "options": [kit.option(name) for name in names]}
    await opened(kit.modal(kit.input("who", element)))
    dialog = page.get_by_role("dialog", name="Schedule")

    await dialog.get_by_label("Who").click()
    await dialog.get_by_label("Ana").check()
    await dialog.get_by_label("Cleo").check()
    await dialog.get_by_role("button", name="Done").click()
    await expect(dialog.get_by_label("Who")).to_have_text("Ana, Cleo")
    await dialog.get_by_role("button", name="Send").click()

    await listener.count(2)
    chosen = listener.last["view"]["state"]["values"]["who"]["entered"]["selected_options"]
    assert [option["value"] for option in chosen] == ["ana", "cleo"]


async def test_a_stack_of_modals_goes_back_and_closes(page, slack, client, opened, listener, kit):
    await opened(kit.modal(kit.actions(kit.button("Next", "next"))))
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Next").click()
    await listener.count(2)
    second = kit.modal(title={"type": "plain_text", "text": "Second"})
    await client.views_push(trigger_id=listener.last["trigger_id"], view=second)

    await expect(dialog.get_by_role("heading")).to_have_text("Second")
    await dialog.get_by_role("button", name="Back").click()
    await expect(dialog.get_by_role("heading")).to_have_text("Schedule")
    await page.keyboard.press("Escape")

    await expect(dialog).to_be_hidden()
    assert slack.views(ADA) == []


async def test_a_missing_ack_is_told(page, slack, post, listener, kit):
    slack.dispatcher.ack_seconds = 0.05
    acked = asyncio.Event()

    async def hang(_):
        await acked.wait()
        return web.Response()

    listener.answers.append(hang)
    ts = await post(kit.actions(kit.button("Go", "go")))

    await message(page, ts).get_by_role("button", name="Go").click()

    await expect(page.get_by_role("alert")).to_contain_text("operation_timeout")
    acked.set()


async def test_app_home_is_asked_for_shown_and_used(page, client, listener, kit):
    await page.get_by_role("navigation").get_by_role("button", name="Bounce Desk").click()
    await listener.count(1)
    assert listener.last["event"]["type"] == "app_home_opened"

    blocks = [kit.section("No bounces."), kit.actions(kit.button("Try again", "retry", "4"))]
    await client.views_publish(user_id=ADA, view={"type": "home", "blocks": blocks})
    await page.get_by_role("button", name="Try again").click()

    await listener.count(2)
    assert listener.last["actions"][0]["value"] == "4"


async def test_shortcuts_of_messages_and_of_the_app(page, slack, listener):
    ts = slack.say(LINUS, CHANNEL, "550 5.1.1 no such user")
    await message(page, ts).hover()
    await message(page, ts).get_by_role("button", name="More message shortcuts").click()
    await page.get_by_role("menuitem", name="Diagnose this bounce").click()
    await listener.count(1)
    assert listener.last["message"]["ts"] == ts

    await page.get_by_role("button", name="Shortcuts", exact=True).click()
    await page.get_by_role("menuitem", name="Look up a contact").click()
    await listener.count(2)
    assert listener.last["callback_id"] == "look_up_contact"


async def test_a_file_is_downloaded(page, client):
    await client.files_upload_v2(channel=CHANNEL, filename="list.csv", content="address\n")

    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download list.csv").click()

    assert (await download.value).suggested_filename == "list.csv"


async def test_a_permalink_leads_to_its_reply(page, client, post):
    ts = await post(text="alert")
    reply = await post(text="the reply in full", thread_ts=ts)
    link = (await client.chat_getPermalink(channel=CHANNEL, message_ts=reply))["permalink"]
    await post(text=f"It lives on here: <{link}|this one>")

    await page.get_by_role("link", name="this one").click()

    thread = page.get_by_role("complementary", name="Thread")
    await expect(thread.locator(f"[data-ts='{reply}']")).to_be_focused()


async def test_what_happens_outside_has_a_panel(browser):
    items = [{"title": "Ticket 7", "subtitle": "to it@example.com", "body": "Hello", "at": 1}]
    tabs: list[dict[str, Any]] = [
        {"title": "Mailbox", "items": items},
        {"title": "List", "empty": "Nobody."},
    ]

    async def outside():
        return {"tabs": tabs}

    async with SlackStandIn(signing_secret="s", bot_token="t", outside=outside) as slack:
        page = await browser.new_page()
        await page.goto(slack.page_url)
        await expect(page.get_by_role("tabpanel")).to_contain_text("Ticket 7")
        await page.get_by_role("tab", name="Mailbox").press("ArrowRight")
        await expect(page.get_by_role("tabpanel")).to_have_text("Nobody.")
        tabs[1]["items"] = [{"title": "ana@example.com"}]
        await expect(page.get_by_role("tabpanel")).to_contain_text("ana@example.com")
        await page.get_by_role("button", name="Outside", exact=True).click()
        await expect(page.get_by_role("tabpanel")).to_have_count(0)
        await page.close()


async def test_what_happens_outside_covers_nothing_in_a_narrow_window(browser):
    async def outside():
        return {"tabs": [{"title": "Mailbox", "empty": "No ticket."}]}

    async with SlackStandIn(signing_secret="s", bot_token="t", outside=outside) as slack:
        page = await browser.new_page(viewport={"width": 390, "height": 844})
        await page.goto(slack.page_url)
        await expect(page.get_by_role("button", name="Outside", exact=True)).to_be_visible()
        await expect(page.get_by_role("tabpanel")).to_have_count(0)
        await page.get_by_role("button", name="Outside", exact=True).click()
        await expect(page.get_by_role("tabpanel")).to_have_text("No ticket.")
        await page.close()


async def test_a_narrow_window_has_all_of_it(page, post, kit):
    ts = await post(kit.section("14 people"), kit.actions(kit.button("Go", "go")))
    await page.set_viewport_size({"width": 390, "height": 800})

    await expect(message(page, ts).get_by_role("button", name="Go")).to_be_visible()
    width = await page.evaluate("document.documentElement.scrollWidth")
    height = await page.evaluate("document.documentElement.scrollHeight")
    await page.get_by_role("button", name="Conversations").click()
    await expect(page.get_by_role("button", name="switch person")).to_be_visible()
    assert (width, height) == (390, 800)


async def test_the_page_catches_up_after_the_connection_was_lost(page, slack, post):
    await page.context.set_offline(True)
    await post(text="posted meanwhile")
    await page.context.set_offline(False)
    await post(text="posted after")

    await expect(page.locator("#messages")).to_contain_text("posted meanwhile")
    await expect(page.locator("#messages")).to_contain_text("posted after")
