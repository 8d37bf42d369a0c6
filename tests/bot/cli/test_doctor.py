"""The doctor looks at everything a running bot needs, and says what to do about each finding."""

import base64
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bot.cli.doctor import State, examine
from bot.sandbox.stand_in import SlackStandIn
from bot.settings.faults import check
from bot.settings.model import Settings
from bot.slack.manifest import bot_scopes
from bot.store.sql.migration import migrate

PUBLIC_KEY = (
    ec.generate_private_key(ec.SECP256R1())
    .public_key()
    .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
)
CHANNEL, TOKEN, APP_TOKEN = "C01DELIV", "xoxb-good", "xapp-good"


@pytest.fixture
async def slack():
    standin = SlackStandIn(signing_secret="s", bot_token=TOKEN, app_token=APP_TOKEN)
    async with standin:
        yield standin


@pytest.fixture
def examined(slack, tmp_path):
    """Return the findings of a configuration by their part."""

    async def examined(**tables):
        given = {
            "channel": CHANNEL,
            "bot_token": TOKEN,
            "signing_secret": "s",
            "base_url": slack.base_url,
            **tables.pop("slack", {}),
        }
        database = {"url": f"sqlite:///{tmp_path}/bounce.db"}
        settings = check(Settings, {"slack": given, "database": database, **tables}, ())
        return {one.part: one async for one in examine(settings, bot_scopes())}

    return examined


@asynccontextmanager
async def served(status):
    """Serve an address that answers everything with a status."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


POSTMARK = {"provider": "postmark", "user": "u", "password": "p"}


async def test_all_is_well(examined):
    async with served(200) as sender:
        found = await examined(
            sources={"shop": POSTMARK},
            resend={"webhook": {"url": sender, "secret": "whsec_Ym91bmNl", "allow_private": True}},
        )

    assert {one.state for one in found.values()} <= {State.OK, State.WARNING}
    assert found["slack token"].state is State.OK
    assert found["slack channel"].text == "#deliverability, a member"
    assert found["database"].state is State.OK
    assert found["resend"].state is State.OK


async def test_a_wrong_token_names_the_key(examined):
    found = await examined(slack={"bot_token": "xoxb-wrong"}, sources={"shop": POSTMARK})

    assert found["slack token"].state is State.FAULT
    assert "BOUNCE_SLACK__BOT_TOKEN" in found["slack token"].text


async def test_missing_scopes_are_named(examined):
    scopes = frozenset(bot_scopes()) - {"files:write"}
    standin = SlackStandIn(signing_secret="s", bot_token=TOKEN, scopes=scopes)

    async with standin:
        found = await examined(slack={"base_url": standin.base_url}, sources={"shop": POSTMARK})

    assert found["slack token"].state is State.FAULT
    assert "files:write" in found["slack token"].text


async def test_an_unknown_channel_is_a_fault(examined):
    found = await examined(slack={"channel": "C0UNKNOWN"}, sources={"shop": POSTMARK})

    assert found["slack channel"].state is State.FAULT
    assert "slack.channel" in found["slack channel"].text


async def test_a_channel_without_us_asks_for_an_invitation(slack, examined):
    slack.workspace.channels[CHANNEL].is_member = False

    found = await examined(sources={"shop": POSTMARK})

    assert found["slack channel"].state is State.WARNING
    assert "/invite" in found["slack channel"].text


async def test_socket_mode_needs_its_token(examined):
    good = {"mode": "socket", "app_token": APP_TOKEN}

    assert (await examined(slack=good))["slack app token"].state is State.OK
    wrong = await examined(slack={**good, "app_token": "xapp-wrong"})
    assert wrong["slack app token"].state is State.FAULT


async def test_no_sources_and_nothing_to_act_with_is_said(examined):
    found = await examined()

    assert found["sources"].state is State.FAULT
    assert found["resend"].state is found["tickets"].state is State.WARNING


async def test_a_source_without_an_api_flags_here_only(examined):
    found = await examined(sources={"shop": POSTMARK})

    assert found["source shop"].state is State.WARNING
    assert "[sources.shop.api]" in found["source shop"].text


async def test_an_api_that_refuses_our_key_is_a_fault(examined):
    async with served(401) as vendor:
        api = {"token": "t", "base_url": vendor, "allow_private": True}
        found = await examined(sources={"shop": {**POSTMARK, "api": api}})

    assert found["source shop"].state is State.FAULT
    assert "401" in found["source shop"].text


async def test_a_database_that_does_not_open_is_a_fault(examined, tmp_path):
    url = f"sqlite:///{tmp_path}/missing/bounce.db"

    found = await examined(database={"url": url}, sources={"shop": POSTMARK})

    assert found["database"].state is State.FAULT
    assert found["database"].text.startswith("database.url:")


async def test_a_slack_that_does_not_answer_is_said_so(examined):
    async with served(503) as nobody:
        away = {"base_url": f"{nobody}/", "mode": "socket", "app_token": APP_TOKEN}
        found = await examined(slack=away, sources={"shop": POSTMARK})

    assert found["slack token"].state is State.FAULT
    assert {"slack channel", "slack app token"}.isdisjoint(found)


async def test_what_a_wrong_token_explains_is_not_found_twice(examined):
    found = await examined(slack={"bot_token": "xoxb-wrong"}, sources={"shop": POSTMARK})

    assert "slack channel" not in found


async def test_an_account_that_shall_only_be_flagged_here_is_well(examined):
    key = base64.b64encode(PUBLIC_KEY).decode()
    sendgrid = {"provider": "sendgrid", "public_key": key, "api": {"key": "k", "inactive": "store"}}

    found = await examined(sources={"shop": sendgrid})

    assert found["source shop"].state is State.OK
    assert "as [sources.shop.api] says" in found["source shop"].text


async def test_a_source_that_has_no_api_misses_none(examined):
    found = await examined(sources={"mx": {"provider": "dsn", "user": "u", "password": "p"}})

    assert found["source mx"].state is State.OK
    assert "[sources.mx.api]" not in found["source mx"].text


async def test_own_rules_that_cannot_be_used_are_a_fault_of_their_own(examined, tmp_path):
    (tmp_path / "ours.toml").write_text("[[rule]]\nid = 3\n")

    found = await examined(rules={"files": [str(tmp_path / "ours.toml")]})

    assert found["rules"].state is State.FAULT
    assert "ours.toml" in found["rules"].text
    assert found["database"].state is State.OK


async def test_a_database_not_made_yet_is_left_to_the_bot(examined, tmp_path):
    found = await examined(sources={"shop": POSTMARK})

    assert found["database"].state is State.OK
    assert "the bot will make" in found["database"].text
    assert not (tmp_path / "bounce.db").exists()


async def test_a_database_that_opens_is_well(examined, tmp_path):
    await migrate(f"sqlite:///{tmp_path}/bounce.db")

    found = await examined(sources={"shop": POSTMARK})

    assert found["database"].state is State.OK
    assert "up to date" in found["database"].text
