"""Wrong configuration is one line that names the key and the remedy."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from bot.settings.faults import check
from bot.settings.model import Settings, load_settings
from bot.settings.source import SettingsError, read_configuration
from bot.settings.storage import StoreSettings, load_some

EXAMPLE = Path(__file__).parents[3] / "bounce.example.toml"
GOOD = {
    "BOUNCE_SLACK__CHANNEL": "C01DELIV",
    "BOUNCE_SLACK__BOT_TOKEN": "xoxb-1",
    "BOUNCE_SLACK__SIGNING_SECRET": "secret",
}


def load(file: Path | None = None, **environment: str) -> Settings:
    return load_settings(file, {**GOOD, **environment})


def fault(tables: dict[str, Any]) -> str:
    slack = {"channel": "C01DELIV", "bot_token": "xoxb-1", "signing_secret": "s"}
    with pytest.raises(SettingsError) as caught:
        check(Settings, {"slack": slack, **tables}, ())
    return str(caught.value)


def test_the_environment_alone_is_enough(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    settings = load()

    assert settings.slack.bot_token.get_secret_value() == "xoxb-1"
    assert settings.server.port == 3000
    assert settings.sources == {}


def test_the_environment_wins_over_the_file(tmp_path):
    file = tmp_path / "bounce.toml"
    file.write_text('[server]\nport = 4000\nhost = "::1"\n')

    settings = load(file, BOUNCE_SERVER__PORT="5000")

    assert (settings.server.host, settings.server.port) == ("::1", 5000)


def test_bounce_config_names_the_file(tmp_path):
    file = tmp_path / "elsewhere.toml"
    file.write_text("[server]\nport = 4000\n")

    assert load(BOUNCE_CONFIG=str(file)).server.port == 4000


def test_a_secret_is_read_from_a_file(tmp_path):
    secret = tmp_path / "token"
    secret.write_text("xoxb-from-file\n")
    environment = {**GOOD, "BOUNCE_SLACK__BOT_TOKEN_FILE": str(secret)}
    del environment["BOUNCE_SLACK__BOT_TOKEN"]

    settings = load_settings(None, environment)

    assert settings.slack.bot_token.get_secret_value() == "xoxb-from-file"


def test_a_source_can_come_from_the_environment():
    settings = load(
        BOUNCE_SOURCES__SHOP__PROVIDER="mailgun", BOUNCE_SOURCES__SHOP__SECRETS='["one", "two"]'
    )

    assert settings.sources["shop"].provider == "mailgun"
    assert [secret.get_secret_value() for secret in settings.sources["shop"].secrets] == [
        "one",
        "two",
    ]


def test_variables_of_tests_are_no_settings():
    assert load(BOUNCE_TEST_POSTGRES="postgresql://x/y").server.port == 3000


def test_secrets_are_not_shown():
    settings = load(BOUNCE_DATABASE__URL="postgresql://user:hidden@db/bounce")

    assert "hidden" not in repr(settings)
    assert "xoxb-1" not in repr(settings)


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"slack": {}}, "slack.channel: missing; set channel in [slack]"),
        (
            {"slack": {"channel": "", "bot_token": "xoxb-1", "signing_secret": "s"}},
            "slack.channel: is no channel id",
        ),
        (
            {"slack": {"channel": "C01DELIV", "signing_secret": "s"}},
            "slack.bot_token: missing; set bot_token in [slack] of bounce.toml,"
            " or BOUNCE_SLACK__BOT_TOKEN",
        ),
        (
            {"slack": {"channel": "C01DELIV", "bot_token": "xoxb-1", "mode": "socket"}},
            "slack.app_token: missing (mode socket needs it)",
        ),
        (
            {"slack": {"channel": "#deliverability", "bot_token": "xoxb-1", "signing_secret": "s"}},
            "slack.channel: is no channel id; copy it from the bottom",
        ),
        (
            {"slack": {"channel": "C01DELIV", "bot_token": "xoxp-1", "signing_secret": "s"}},
            "slack.bot_token: does not begin with xoxb-",
        ),
        ({"alerts": {"grup_wait": 3}}, "alerts.grup_wait: unknown"),
        ({"alerts": {"grup_wait": 3}}, "did you mean group_wait?"),
        ({"allerts": {}}, "did you mean alerts?"),
        ({"server": {"port": "many"}}, "server.port: Input should be a valid integer"),
        (
            {"database": {"url": "mysql://x"}},
            "database.url: is neither sqlite:///FILE nor postgres",
        ),
        ({"sources": {"Shop!": {"provider": "ses"}}}, "sources.Shop!: a source's name is of a-z"),
        ({"sources": {"shop": {}}}, "sources.shop.provider: missing; known are"),
        ({"sources": {"shop": {"provider": "sendgird"}}}, "did you mean sendgrid?"),
        ({"sources": {"shop": {"provider": "ses"}}}, "sources.shop.topic_arns: missing"),
        (
            {"sources": {"shop": {"provider": "mailgun", "secret": "x"}}},
            "sources.shop.secret: unknown (also as BOUNCE_SOURCES__SHOP__SECRET);"
            " did you mean secrets?",
        ),
        ({"sources": {"shop": 3}}, "sources.shop: is no table"),
        (
            {"tickets": {"system": "emial"}},
            "tickets.system: 'emial' is unknown; did you mean email?",
        ),
        ({"tickets": {"system": "email"}}, "tickets.email: missing"),
        ({"permissions": {"deactivat": []}}, "did you mean deactivate?"),
        ({"permissions": {"resend": ["ada"]}}, "permissions.resend: 'ada' is no id of a person"),
    ],
)
def test_each_fault_names_its_key_and_the_remedy(tables, said):
    text = fault(tables)

    assert said in text
    assert "\n" not in text


def test_several_faults_are_counted():
    text = fault({"server": {"port": -1, "hots": "x"}})

    assert text.endswith("(and 1 more: bounce doctor names all)")


def test_an_unknown_variable_is_refused():
    with pytest.raises(SettingsError, match="did you mean channel"):
        load(BOUNCE_SLACK__CHANEL="C1")


def test_an_unreadable_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"missing\.toml: cannot be read"):
        load(tmp_path / "missing.toml")


def test_a_broken_file_is_named_with_its_line(tmp_path):
    file = tmp_path / "bounce.toml"
    file.write_text("[slack\n")

    with pytest.raises(SettingsError, match=r"bounce\.toml: not valid TOML.*line 1"):
        load(file)


def test_an_unreadable_secret_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"BOUNCE_SLACK__BOT_TOKEN_FILE: .* cannot be read"):
        load(BOUNCE_SLACK__BOT_TOKEN_FILE=str(tmp_path / "none"))


def test_the_example_is_valid_and_complete():
    tables = tomllib.loads(EXAMPLE.read_text("utf-8"))

    settings = check(Settings, read_configuration(EXAMPLE, {}), ())

    assert set(tables) == set(Settings.model_fields)
    for name in ("slack", "server", "database", "alerts", "retention"):
        assert set(tables[name]) == set(Settings.model_fields[name].annotation.model_fields)
    assert set(settings.sources) == {
        "newsletter",
        "shop",
        "receipts",
        "support",
        "mailserver",
        "crm",
    }


def test_every_fault_is_named_wherever_it_is():
    tables = {
        "slack": {"channel": "#general", "mode": "http"},
        "alerts": {"grup_wait": 3},
        "sources": {"shop": {"provider": "sendgird"}, "crm": {"provider": "ses"}},
        "tickets": {"system": "email", "email": {"host": "smtp.example"}, "jria": {}},
        "permissions": {"deactivat": [], "resend": ["ada"]},
    }

    with pytest.raises(SettingsError) as caught:
        check(Settings, tables, ())

    named = {fault.partition(":")[0] for fault in caught.value.faults}
    assert named >= {
        "alerts.grup_wait",
        "slack.channel",
        "slack.bot_token",
        "slack.signing_secret",
        "sources.shop.provider",
        "sources.crm.topic_arns",
        "tickets.jria",
        "tickets.email.to",
        "permissions.deactivat",
        "permissions.resend",
    }


def test_every_fault_of_the_environment_is_named(tmp_path):
    with pytest.raises(SettingsError) as caught:
        load(
            BOUNCE_SLACK__BOT_TOKEN_FILE=str(tmp_path / "none"),
            BOUNCE_SLACK__APP_TOKEN_FILE=str(tmp_path / "none"),
        )

    assert [fault.partition(":")[0] for fault in caught.value.faults] == [
        "BOUNCE_SLACK__APP_TOKEN_FILE",
        "BOUNCE_SLACK__BOT_TOKEN_FILE",
    ]


def test_a_file_that_is_not_there_is_named_beside_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SettingsError) as caught:
        load_settings(None, {})

    assert f"there is no bounce.toml in {tmp_path}" in caught.value.note
    assert str(caught.value).startswith("slack.channel: missing")


def test_relative_paths_start_from_the_folder_of_the_file(tmp_path, monkeypatch):
    folder = tmp_path / "etc"
    folder.mkdir()
    file = folder / "bounce.toml"
    file.write_text(
        '[database]\nurl = "sqlite:///data/bounce.db"\n'
        '[rules]\nfiles = ["ours.toml", "/srv/theirs.toml"]\ncatalogue = "words.toml"\n'
    )
    monkeypatch.chdir(tmp_path)

    settings = load(Path("etc/bounce.toml"))

    assert settings.database.file == folder / "data" / "bounce.db"
    assert settings.rules.files == (folder / "ours.toml", Path("/srv/theirs.toml"))
    assert settings.rules.catalogue == folder / "words.toml"


def test_a_certificate_s_path_starts_from_there_too(tmp_path):
    file = tmp_path / "bounce.toml"
    file.write_text('[sources.shop.certificates]\n"https://sns.example/cert.pem" = "cert.pem"\n')

    tables = read_configuration(file, {})

    certificates = tables["sources"]["shop"]["certificates"]
    assert certificates == {"https://sns.example/cert.pem": str(tmp_path / "cert.pem")}


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:////srv/bounce.db", "/srv/bounce.db"),
        ("sqlite:///bounce.db", "{folder}/bounce.db"),
        ("postgresql://bounce@db/bounce", None),
    ],
)
def test_only_a_relative_database_moves_with_the_file(tmp_path, url, file):
    (tmp_path / "bounce.toml").write_text("")

    database = load(tmp_path / "bounce.toml", BOUNCE_DATABASE__URL=url).database

    wanted = Path(file.format(folder=tmp_path)) if file else None
    assert database.file == wanted


def test_without_a_file_the_database_is_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert load().database.file == Path("bounce.db")


def test_the_store_alone_needs_nothing_of_slack_and_the_sources(tmp_path):
    file = tmp_path / "bounce.toml"
    file.write_text(
        '[sources.shop]\nprovider = "postmark"\nuser = "u"\n[alerts]\nclose_after = 60\n'
    )
    environment = {
        "BOUNCE_SLACK__BOT_TOKEN_FILE": "/nowhere",
        "BOUNCE_DATABASE__URL": "sqlite:///x",
    }

    settings = load_some(StoreSettings, file, environment)

    assert settings.database.file == tmp_path / "x"
    assert settings.alerts.close_after == 60
    assert settings.channels == ("", "")


def test_the_store_s_own_keys_are_checked_all_the_same():
    with pytest.raises(SettingsError, match=r"database\.ulr: unknown .* did you mean url"):
        load_some(StoreSettings, None, {"BOUNCE_DATABASE__ULR": "sqlite:///x"})
