"""Modals and Home tabs: triggers, stacks, what is entered, what is complained of."""

import pytest
from slack_sdk.errors import SlackApiError

CHANNEL, ADA, LINUS = "C01DELIV", "U01ADA", "U02LINUS"


async def error_of(call):
    with pytest.raises(SlackApiError) as refusal:
        await call
    return refusal.value.response["error"]


@pytest.fixture
def trigger(slack, listener):
    """Let a person type a command and return the trigger it carries."""

    async def trigger(user=ADA):
        await slack.command(user, CHANNEL, "go")
        return listener.last["trigger_id"]

    return trigger


@pytest.fixture
def opened(client, trigger):
    """Open a modal for a person."""

    async def opened(view, user=ADA):
        return (await client.views_open(trigger_id=await trigger(user), view=view))["view"]

    return opened


async def test_a_trigger_lives_three_seconds(client, trigger, clock, kit):
    good, late = await trigger(), await trigger()

    clock.advance(3)
    await client.views_open(trigger_id=good, view=kit.modal())
    clock.advance(0.01)
    opened = client.views_open(trigger_id=late, view=kit.modal())
    assert await error_of(opened) == "expired_trigger_id"


async def test_a_trigger_opens_one_modal(client, trigger, kit):
    name = await trigger()
    await client.views_open(trigger_id=name, view=kit.modal())

    again = client.views_open(trigger_id=name, view=kit.modal())

    assert await error_of(again) == "exchanged_trigger_id"
    forged = client.views_open(trigger_id="1.2.3", view=kit.modal())
    assert await error_of(forged) == "invalid_trigger_id"


async def test_a_refused_view_does_not_use_the_trigger_up(client, trigger, kit):
    name = await trigger()
    long = kit.modal(title={"type": "plain_text", "text": "x" * 25})

    assert await error_of(client.views_open(trigger_id=name, view=long)) == "invalid_arguments"
    await client.views_open(trigger_id=name, view=kit.modal())


async def test_each_person_has_a_stack_of_their_own(slack, opened, kit):
    await opened(kit.modal(callback_id="first"), ADA)
    await opened(kit.modal(callback_id="second"), LINUS)
    await opened(kit.modal(callback_id="third"), ADA)

    assert [view["callback_id"] for view in slack.views(ADA)] == ["third"]
    assert [view["callback_id"] for view in slack.views(LINUS)] == ["second"]


async def test_a_stack_holds_three_views(slack, client, opened, listener, kit):
    view = kit.modal(kit.actions(kit.button("More", "more")))
    await opened(view)
    for _ in range(2):
        await slack.click_modal(ADA, "more")
        await client.views_push(trigger_id=listener.last["trigger_id"], view=view)
    await slack.click_modal(ADA, "more")

    pushed = client.views_push(trigger_id=listener.last["trigger_id"], view=view)

    assert await error_of(pushed) == "push_limit_reached"
    assert len(slack.views(ADA)) == 3
    assert slack.views(ADA)[2]["previous_view_id"] == slack.views(ADA)[1]["id"]


async def test_a_push_needs_a_trigger_of_a_modal(client, opened, trigger, kit):
    await opened(kit.modal())

    pushed = client.views_push(trigger_id=await trigger(), view=kit.modal())

    assert await error_of(pushed) == "invalid_trigger_id"


async def test_a_stale_hash_is_refused(slack, client, opened, kit):
    view = await opened(kit.modal())
    await client.views_update(view_id=view["id"], hash=view["hash"], view=kit.modal())

    stale = client.views_update(view_id=view["id"], hash=view["hash"], view=kit.modal())

    assert await error_of(stale) == "hash_conflict"
    assert await error_of(client.views_update(view_id="V404", view=kit.modal())) == "not_found"
    assert slack.violations == []


async def test_what_was_entered_survives_an_update(slack, client, opened, kit, listener):
    note = kit.input("note", {"type": "plain_text_input"})
    picker = kit.actions({"type": "datepicker", "action_id": "day"}, block_id="days")
    view = await opened(kit.modal(note, picker))
    await slack.click_modal(ADA, "day", "2026-12-01")

    await client.views_update(view_id=view["id"], view=kit.modal(note, picker, kit.section("new")))

    (shown,) = slack.views(ADA)
    assert shown["state"]["values"]["days"]["day"]["selected_date"] == "2026-12-01"


async def test_what_is_required_is_asked_for_before_anything_is_sent(slack, opened, listener, kit):
    await opened(kit.modal(kit.input("when", {"type": "datetimepicker"})))
    heard = len(listener.heard)

    answer = await slack.submit(ADA)

    assert answer.shown == "errors"
    assert len(listener.heard) == heard
    assert slack.views(ADA)[0]["errors"] == {"when": "Please complete this required field."}


async def test_a_submission_carries_the_state_as_slack_writes_it(slack, opened, listener, kit):
    boxes = {"type": "checkboxes", "options": [kit.option("google"), kit.option("orange")]}
    await opened(
        kit.modal(
            kit.input("when", {"type": "datetimepicker"}),
            kit.input("who", boxes),
            kit.input("note", {"type": "plain_text_input"}, optional=True),
            private_metadata="alert:7",
        )
    )

    await slack.submit(ADA, {"when": 1_800_000_000, "who": ["orange"]})

    view = listener.last["view"]
    assert view["private_metadata"] == "alert:7"
    assert view["state"]["values"] == {
        "when": {"entered": {"type": "datetimepicker", "selected_date_time": 1_800_000_000}},
        "who": {"entered": {"type": "checkboxes", "selected_options": [kit.option("orange")]}},
        "note": {"entered": {"type": "plain_text_input", "value": None}},
    }
    assert slack.views(ADA) == []


async def test_errors_of_the_bot_stand_at_their_blocks(slack, opened, listener, kit):
    await opened(kit.modal(kit.input("when", {"type": "datetimepicker"})))
    listener.answer({"response_action": "errors", "errors": {"when": "That is in the past."}})

    answer = await slack.submit(ADA, {"when": 1_000_000_000})

    assert answer.shown == "errors"
    assert slack.views(ADA)[0]["errors"] == {"when": "That is in the past."}


@pytest.mark.parametrize(
    "body",
    [
        {"response_action": "errors", "errors": {"nowhere": "x"}},
        {"response_action": "errors", "errors": {}},
        {"response_action": "vanish"},
        {"response_action": "update", "view": {"type": "modal"}},
    ],
)
async def test_an_answer_that_slack_does_not_take_keeps_the_modal_open(
    slack, opened, listener, kit, body
):
    await opened(kit.modal(kit.input("note", {"type": "plain_text_input"})))
    listener.answer(body)

    await slack.submit(ADA, {"note": "x"})

    assert slack.views(ADA)[0]["errors"][""].startswith("We had some trouble")
    assert slack.violations[-1].method == "view_submission"


async def test_an_answer_may_update_push_and_clear(slack, opened, listener, kit):
    await opened(kit.modal())
    listener.answer({"response_action": "update", "view": kit.modal(callback_id="updated")})
    listener.answer({"response_action": "push", "view": kit.modal(callback_id="pushed")})
    listener.answer({"response_action": "clear"})

    await slack.submit(ADA)
    first = [view["callback_id"] for view in slack.views(ADA)]
    await slack.submit(ADA)
    second = [view["callback_id"] for view in slack.views(ADA)]
    await slack.submit(ADA)

    assert (first, second, slack.views(ADA)) == (["updated"], ["updated", "pushed"], [])


async def test_a_modal_that_is_not_answered_stays_and_says_so(slack, opened, listener, kit):
    await opened(kit.modal())
    listener.answer(status=500)

    answer = await slack.submit(ADA)

    assert answer.shown == "dispatch_failed"
    assert slack.views(ADA)[0]["errors"][""].startswith("We had some trouble")


async def test_a_closed_modal_is_told_where_the_bot_asked_for_it(slack, opened, listener, kit):
    await opened(kit.modal())
    heard = len(listener.heard)
    await slack.close_view(ADA)
    assert len(listener.heard) == heard

    await opened(kit.modal(notify_on_close=True))
    await slack.close_view(ADA)
    assert listener.last["type"] == "view_closed"


async def test_a_home_tab_is_published_for_one_person(slack, client, listener, kit):
    view = {"type": "home", "blocks": [kit.actions(kit.button("Retry", "retry", "4"))]}
    await client.views_publish(user_id=ADA, view=view)

    await slack.open_home(ADA)
    assert listener.last["event"]["tab"] == "home"
    await slack.click_home(ADA, "retry")

    assert listener.last["actions"][0]["value"] == "4"
    assert listener.last["view"]["type"] == "home"
    assert slack.home(LINUS) is None
