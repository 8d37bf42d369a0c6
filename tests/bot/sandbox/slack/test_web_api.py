"""The Web API: tokens, scopes, arguments, messages."""

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

CHANNEL, ADA, LINUS = "C01DELIV", "U01ADA", "U02LINUS"
POST = "chat.postMessage"


async def error_of(call):
    with pytest.raises(SlackApiError) as refusal:
        await call
    return refusal.value.response["error"]


@pytest.fixture
def ask(slack, session):
    """Call a method by hand and return the answer's JSON."""

    async def ask(method, *, verb="POST", **how):
        how.setdefault("headers", {"Authorization": "Bearer xoxb-good"})
        async with session.request(verb, f"{slack.base_url}{method}", **how) as response:
            return await response.json()

    return ask


@pytest.mark.parametrize(
    ("token", "error"),
    [("", "not_authed"), ("xoxb-bad", "invalid_auth"), ("xapp-good", "not_allowed_token_type")],
)
async def test_only_the_bot_token_may_post(slack, ask, token, error):
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    answer = await ask(POST, headers=headers, json={"channel": CHANNEL, "text": "x"})

    assert (answer["ok"], answer["error"]) == (False, error)
    assert slack.messages(CHANNEL) == []
    assert [violation.error for violation in slack.violations] == [error]


async def test_the_app_token_is_for_socket_mode_alone(client):
    assert await error_of(client.apps_connections_open(app_token="xoxb-good")) == (
        "not_allowed_token_type"
    )
    opened = await client.apps_connections_open(app_token="xapp-good")
    assert opened["url"].startswith("ws://127.0.0.1:")


async def test_a_missing_scope_says_which(slack, session):
    manifest = {"oauth_config": {"scopes": {"bot": ["chat:write"]}}}
    async with type(slack)(signing_secret="s", bot_token="xoxb-few", manifest=manifest) as few:
        client = AsyncWebClient(token="xoxb-few", base_url=few.base_url, session=session)
        with pytest.raises(SlackApiError) as refusal:
            await client.users_info(user=ADA)

    assert refusal.value.response["error"] == "missing_scope"
    assert refusal.value.response["needed"] == "users:read"
    assert refusal.value.response["provided"] == "chat:write"


@pytest.mark.parametrize(
    ("verb", "how"),
    [
        ("GET", {"params": {"channel": CHANNEL, "text": "hello"}}),
        ("POST", {"params": {"channel": CHANNEL, "text": "hello"}}),
        ("POST", {"data": {"channel": CHANNEL, "text": "hello"}}),
        ("POST", {"json": {"channel": CHANNEL, "text": "hello"}}),
    ],
    ids=["query of a GET", "query of a POST", "form", "JSON"],
)
async def test_arguments_come_in_any_of_four_ways(slack, ask, verb, how):
    answer = await ask(POST, verb=verb, **how)

    assert answer["ok"]
    assert [message["text"] for message in slack.messages(CHANNEL)] == ["hello"]


async def test_a_token_may_be_an_argument(ask):
    answer = await ask("auth.test", headers={}, data={"token": "xoxb-good"})

    assert answer["user_id"] == "U01BOUNCE"


async def test_blocks_in_a_form_are_json_in_a_string(slack, ask):
    blocks = '[{"type": "divider"}]'

    assert (await ask(POST, data={"channel": CHANNEL, "text": "x", "blocks": blocks}))["ok"]
    assert slack.messages(CHANNEL)[0]["blocks"][0]["type"] == "divider"


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, "invalid_json"),
        ({"data": b"[]", "headers": {"Content-Type": "application/json"}}, "json_not_object"),
        ({"data": b"x", "headers": {"Content-Type": "text/plain"}}, "invalid_post_type"),
    ],
)
async def test_a_body_that_cannot_be_read_is_named(ask, how, error):
    how["headers"]["Authorization"] = "Bearer xoxb-good"

    assert (await ask(POST, **how))["error"] == error


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"channel": CHANNEL}, "no_text"),
        ({"channel": "C404", "text": "x"}, "channel_not_found"),
        ({"text": "x"}, "invalid_arguments"),
        ({"channel": CHANNEL, "text": "x", "blocks": "["}, "invalid_blocks_format"),
        ({"channel": CHANNEL, "text": "x", "thread_ts": "1.1"}, "thread_not_found"),
        ({"channel": CHANNEL, "text": "x", "metadata": "nothing"}, "invalid_metadata_format"),
    ],
)
async def test_a_post_that_slack_refuses_is_refused_and_recorded(slack, ask, given, error):
    assert (await ask(POST, json=given))["error"] == error
    assert slack.violations[0].error == error


async def test_an_unknown_method_is_said_to_be_one(ask):
    answer = await ask("chat.shout")

    assert (answer["error"], answer["req_method"]) == ("unknown_method", "chat.shout")


async def test_every_message_has_its_own_time_stamp(slack, client, clock):
    slack.rates.burst = 5

    stamps = [(await client.chat_postMessage(channel=CHANNEL, text="x"))["ts"] for _ in range(5)]

    assert sorted(set(stamps)) == stamps
    assert stamps[0].startswith(f"{int(clock.now.timestamp())}.")


async def test_metadata_is_kept_and_shown_to_whom_asks(client):
    metadata = {"event_type": "bounce_desk_post", "event_payload": {"key": "alert:7"}}
    await client.chat_postMessage(channel=CHANNEL, text="x", metadata=metadata)

    plain = await client.conversations_history(channel=CHANNEL)
    whole = await client.conversations_history(channel=CHANNEL, include_all_metadata=True)

    assert "metadata" not in plain["messages"][0]
    assert whole["messages"][0]["metadata"] == metadata


async def test_an_update_without_blocks_takes_them_away(slack, client, kit):
    posted = await client.chat_postMessage(channel=CHANNEL, text="x", blocks=[kit.section("one")])

    await client.chat_update(channel=CHANNEL, ts=posted["ts"], text="only text")

    (message,) = slack.messages(CHANNEL)
    assert message["text"] == "only text"
    assert "blocks" not in message
    assert "edited" in message


async def test_an_update_wants_the_id_of_the_channel(client):
    posted = await client.chat_postMessage(channel="#deliverability", text="x")

    assert posted["channel"] == CHANNEL
    updated = client.chat_update(channel="#deliverability", ts=posted["ts"], text="y")
    assert await error_of(updated) == "channel_not_found"


async def test_a_bot_changes_its_own_messages_only(slack, client):
    ts = slack.say(ADA, CHANNEL, "mine")

    changed = client.chat_update(channel=CHANNEL, ts=ts, text="yours")
    assert await error_of(changed) == "cant_update_message"
    deleted = client.chat_delete(channel=CHANNEL, ts=ts)
    assert await error_of(deleted) == "cant_delete_message"


async def test_a_deleted_message_is_gone(slack, client):
    posted = await client.chat_postMessage(channel=CHANNEL, text="x")

    await client.chat_delete(channel=CHANNEL, ts=posted["ts"])

    assert slack.messages(CHANNEL) == []
    link = client.chat_getPermalink(channel=CHANNEL, message_ts=posted["ts"])
    assert await error_of(link) == "message_not_found"


async def test_replies_stand_in_the_thread_and_in_the_channel_only_if_sent_there(
    slack, client, clock
):
    parent = (await client.chat_postMessage(channel=CHANNEL, text="alert"))["ts"]
    for text, broadcast in (("quiet", False), ("loud", True)):
        clock.advance(1)
        await client.chat_postMessage(
            channel=CHANNEL, text=text, thread_ts=parent, reply_broadcast=broadcast
        )

    assert [message["text"] for message in slack.messages(CHANNEL)] == ["alert", "loud"]
    assert [message["text"] for message in slack.replies(CHANNEL, parent)] == ["quiet", "loud"]
    answer = await client.conversations_replies(channel=CHANNEL, ts=parent)
    assert answer["messages"][0]["reply_count"] == 2
    assert answer["messages"][2]["subtype"] == "thread_broadcast"


async def test_an_ephemeral_message_is_seen_by_one_person(slack, client):
    sent = await client.chat_postEphemeral(channel=CHANNEL, user=ADA, text="for you")

    assert [message["text"] for message in slack.messages(CHANNEL, ADA)] == ["for you"]
    assert slack.messages(CHANNEL, LINUS) == []
    assert (await client.conversations_history(channel=CHANNEL))["messages"] == []
    changed = client.chat_update(channel=CHANNEL, ts=sent["message_ts"], text="x")
    assert await error_of(changed) == "message_not_found"


async def test_a_conversation_with_the_bot_is_between_two(slack, client, listener, kit):
    direct = (await client.conversations_open(users=ADA))["channel"]["id"]
    blocks = [kit.actions(kit.button("Go", "go"))]
    posted = await client.chat_postMessage(channel=direct, text="x", blocks=blocks)

    whispered = client.chat_postEphemeral(channel=direct, user=LINUS, text="x")
    assert await error_of(whispered) == "user_not_in_channel"
    with pytest.raises(LookupError):
        await slack.click(LINUS, direct, posted["ts"], "go")
    await slack.click(ADA, direct, posted["ts"], "go")
    assert listener.last["user"]["id"] == ADA


async def test_history_is_given_in_pages(slack, client):
    for number in range(5):
        slack.say(ADA, CHANNEL, str(number))

    first = await client.conversations_history(channel=CHANNEL, limit=3)
    cursor = first["response_metadata"]["next_cursor"]
    second = await client.conversations_history(channel=CHANNEL, limit=3, cursor=cursor)

    assert [message["text"] for message in first["messages"]] == ["4", "3", "2"]
    assert [message["text"] for message in second["messages"]] == ["1", "0"]
    assert not second["has_more"]


async def test_people_and_groups_are_known(client):
    person = (await client.users_info(user=LINUS))["user"]
    group = await client.usergroups_users_list(usergroup="S01ADMIN")

    assert (person["real_name"], person["tz"]) == ("Linus", "Europe/Helsinki")
    assert group["users"] == [ADA]
    unknown = client.usergroups_users_list(usergroup="S404")
    assert await error_of(unknown) == "no_such_subteam"


async def test_a_reaction_is_added_once(slack, client):
    ts = slack.say(ADA, CHANNEL, "x")
    await client.reactions_add(channel=CHANNEL, timestamp=ts, name="eyes")

    again = client.reactions_add(channel=CHANNEL, timestamp=ts, name="eyes")

    assert await error_of(again) == "already_reacted"
    assert slack.violations == []
