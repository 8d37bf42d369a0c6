"""Socket Mode: the stand-in against Slack's own client and Bolt."""

import asyncio

import pytest
import pytest_asyncio
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

CHANNEL, ADA = "C01DELIV", "U01ADA"


@pytest.fixture
def app(client, kit):
    async def authorize():
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token="xoxb-good")

    app = AsyncApp(client=client, authorize=authorize, signing_secret="unused")

    @app.command("/bounce")
    async def answer(ack, command):
        await ack(f"you said {command['text']}")

    @app.action("resend")
    async def open_modal(ack, body, client):
        await ack()
        view = kit.modal(kit.input("note", {"type": "plain_text_input"}))
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("resend")
    async def check(ack, view):
        note = view["state"]["values"]["note"]["entered"]["value"]
        if note == "wrong":
            await ack(response_action="errors", errors={"note": "Not that."})
        else:
            await ack()

    return app


@pytest_asyncio.fixture(loop_scope="session")
async def connected(slack, app, client):
    slack.dispatcher.url = ""
    handler = AsyncSocketModeHandler(app, "xapp-good", web_client=client)
    await handler.connect_async()
    await slack.socket_mode.ready.wait()
    yield slack
    await handler.close_async()
    await handler.client.aiohttp_client_session.close()


async def settle(slack, condition):
    """Wait for the changes of the stand-in until something holds."""
    async with asyncio.timeout(5):
        while not condition():
            await slack.workspace.changed()


async def test_a_command_and_its_answer_pass_through_the_socket(connected):
    answer = await connected.command(ADA, CHANNEL, "help")

    assert answer.shown == ""
    assert [m["text"] for m in connected.ephemeral(CHANNEL, ADA)] == ["you said help"]


async def test_a_click_opens_a_modal_whose_errors_come_back(connected, client, kit):
    blocks = [kit.actions(kit.button("Resend", "resend", "7"))]
    ts = (await client.chat_postMessage(channel=CHANNEL, text="x", blocks=blocks))["ts"]

    await connected.click(ADA, CHANNEL, ts, "resend")
    await settle(connected, lambda: connected.views(ADA))
    wrong = await connected.submit(ADA, {"note": "wrong"})
    errors = connected.views(ADA)[0]["errors"]
    await connected.submit(ADA, {"note": "right"})

    assert wrong.shown == "errors"
    assert errors == {"note": "Not that."}
    assert connected.views(ADA) == []
    assert connected.violations == []


async def test_without_a_connection_nothing_is_delivered(slack):
    slack.dispatcher.url = ""

    answer = await slack.command(ADA, CHANNEL, "help")

    assert answer.shown == "dispatch_failed"


async def test_a_ticket_is_good_for_one_connection(slack, client, session):
    address = (await client.apps_connections_open(app_token="xapp-good"))["url"]

    async with session.ws_connect(address) as socket:
        hello = await socket.receive_json()
        assert hello["type"] == "hello"
        async with session.get(address.replace("ws:", "http:")) as again:
            assert again.status == 403


async def test_an_eleventh_connection_is_turned_away(slack, client, session):
    sockets = []
    for _ in range(11):
        address = (await client.apps_connections_open(app_token="xapp-good"))["url"]
        sockets.append(await session.ws_connect(address))

    greetings = [(await socket.receive_json()) for socket in sockets]

    assert [greeting["type"] for greeting in greetings] == ["hello"] * 10 + ["disconnect"]
    assert greetings[-1]["reason"] == "too_many_websockets"
    for socket in sockets:
        await socket.close()


async def test_an_envelope_is_acked_by_its_id(slack, client, session):
    slack.dispatcher.url = ""
    address = (await client.apps_connections_open(app_token="xapp-good"))["url"]
    async with session.ws_connect(address) as socket:
        await socket.receive_json()
        typing = asyncio.create_task(slack.command(ADA, CHANNEL, "help"))
        envelope = await socket.receive_json()
        await socket.send_str("no JSON")
        await socket.send_json({"envelope_id": "another"})
        await socket.send_json(
            {"envelope_id": envelope["envelope_id"], "payload": {"text": "hello"}}
        )
        await typing

    assert envelope["type"] == "slash_commands"
    assert envelope["accepts_response_payload"] is True
    assert [message["text"] for message in slack.ephemeral(CHANNEL, ADA)] == ["hello"]


async def test_an_event_that_is_not_acked_is_sent_again_and_says_so(slack, client, session):
    slack.dispatcher.url = ""
    slack.dispatcher.ack_seconds = 0.05
    address = (await client.apps_connections_open(app_token="xapp-good"))["url"]
    async with session.ws_connect(address) as socket:
        await socket.receive_json()
        opening = asyncio.create_task(slack.open_home(ADA))
        first, second = await socket.receive_json(), await socket.receive_json()
        await socket.send_json({"envelope_id": second["envelope_id"]})
        answer = await opening

    assert answer.shown == ""
    assert first["payload"]["event_id"] == second["payload"]["event_id"]
    assert first["envelope_id"] != second["envelope_id"]
    assert (second["retry_attempt"], second["retry_reason"]) == (1, "http_timeout")


async def test_a_connection_that_is_to_be_renewed_is_renewed(connected):
    await connected.socket_mode.refresh()
    await connected.socket_mode.ready.wait()

    assert (await connected.command(ADA, CHANNEL, "help")).shown == ""
