"""The Slack app's manifest keeps to Slack's rules, and everything it announces is heard."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from bot.slack.listeners import COMMANDS, EVENTS, SHORTCUTS
from bot.slack.manifest import bot_scopes, load_manifest, manifest

ROOT = Path(__file__).parents[1]
URL = "https://bounce.example.com"
SCOPES = {
    "channels:history",
    "channels:read",
    "chat:write",
    "chat:write.public",
    "commands",
    "files:write",
    "usergroups:read",
    "users:read",
}


@pytest.fixture(params=["", URL], ids=["socket", "http"])
def app(request):
    return yaml.safe_load(manifest(request.param))


def test_what_people_read_is_as_long_as_slack_allows(app):
    about = app["display_information"]

    assert set(about) == {"name", "description", "long_description", "background_color"}
    assert 1 <= len(about["name"]) <= 35
    assert 1 <= len(about["description"]) <= 140
    assert 175 <= len(about["long_description"]) <= 4_000
    assert re.fullmatch(r"#([0-9a-f]{3}|[0-9a-f]{6})", about["background_color"])


def test_the_schema_is_the_second(app):
    assert app["_metadata"]["major_version"] == 2
    assert set(app) == {"_metadata", "display_information", "features", "oauth_config", "settings"}


def test_the_bot_has_a_home_and_a_name(app):
    features = app["features"]

    assert set(features) == {"app_home", "bot_user", "slash_commands", "shortcuts"}
    assert features["app_home"]["home_tab_enabled"] is True
    assert len(features["bot_user"]["display_name"]) <= 80
    assert features["bot_user"]["always_online"] is True


def test_commands_are_within_the_limits(app):
    for command in app["features"]["slash_commands"]:
        assert set(command) <= {"command", "description", "usage_hint", "should_escape", "url"}
        assert re.fullmatch(r"/[a-z]{1,31}", command["command"])
        assert 1 <= len(command["description"]) <= 2_000
        assert len(command["usage_hint"]) <= 1_000


def test_shortcuts_are_within_the_limits(app):
    shortcuts = app["features"]["shortcuts"]

    assert {shortcut["type"] for shortcut in shortcuts} == {"message", "global"}
    for shortcut in shortcuts:
        assert set(shortcut) == {"name", "type", "callback_id", "description"}
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["callback_id"]) <= 255
        assert len(shortcut["description"]) <= 150


def test_only_needed_scopes_are_asked_for(app):
    assert set(app["oauth_config"]["scopes"]["bot"]) == SCOPES == set(bot_scopes())


def test_every_command_has_a_listener_and_the_other_way_round(app):
    assert {one["command"] for one in app["features"]["slash_commands"]} == set(COMMANDS)


def test_every_shortcut_has_a_listener_and_the_other_way_round(app):
    assert {one["callback_id"] for one in app["features"]["shortcuts"]} == set(SHORTCUTS)


def test_every_event_has_a_listener_and_the_other_way_round(app):
    assert set(app["settings"]["event_subscriptions"]["bot_events"]) == set(EVENTS)


def test_socket_mode_names_no_address():
    app = load_manifest()

    assert app["settings"]["socket_mode_enabled"] is True
    assert "url" not in app["features"]["slash_commands"][0]
    assert "request_url" not in app["settings"]["interactivity"]
    assert "request_url" not in app["settings"]["event_subscriptions"]


def test_a_public_address_is_named_wherever_slack_asks():
    app = yaml.safe_load(manifest(f"{URL}/"))

    address = f"{URL}/slack/events"
    assert app["settings"]["socket_mode_enabled"] is False
    assert app["settings"]["interactivity"] == {"is_enabled": True, "request_url": address}
    assert app["settings"]["event_subscriptions"]["request_url"] == address
    assert [one["url"] for one in app["features"]["slash_commands"]] == [address]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://bounce.example.com", "https only"),
        ("bounce.example.com", "https only"),
        ("https://localhost:3000", "cannot reach"),
        ("https://", "cannot reach"),
        ("https://[::1", "no address"),
        ("https://a.example:port", "no address"),
        ("https://bounce.example.com/?x=1", "no user name"),
        ("https://user:word@bounce.example.com", "no user name"),
        ('https://bounce.example.com"\n', "cannot reach"),
    ],
)
def test_an_address_that_slack_would_not_call_is_refused_with_the_remedy(url, why):
    with pytest.raises(ValueError, match=why) as refusal:
        manifest(url)

    assert "https://bounce.example.com" in str(refusal.value)


def test_the_file_is_at_the_root_and_travels_in_the_wheel():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())

    wheel = settings["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {"manifest.yml": "bot/manifest.yml"}
    assert manifest() == (ROOT / "manifest.yml").read_text()
