"""The settings: bounce.toml and the environment, checked once, at start.

What is unknown is refused with the nearest known key, so that a misspelt one is never silently
without effect.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.settings.faults import check, missing, unknown, unless
from bot.settings.source import (
    DATABASE,
    SQLITE,
    SettingsError,
    configuration_file,
    read_configuration,
)
from handlers.actions import ACTIONS
from handlers.provider import SourceSettings
from handlers.providers import PROVIDERS
from handlers.tickets import TICKETS

__all__ = [
    "ReplaySettings",
    "Settings",
    "SettingsError",
    "StoreSettings",
    "check",
    "load_settings",
    "load_some",
]

CHANNEL = re.compile(r"[CGD][A-Z0-9]{2,20}")
SOURCE = re.compile(r"[a-z0-9_]{1,64}")
PERSON = re.compile(r"[USW][A-Z0-9]{2,20}")
NEEDED = {"http": "signing_secret", "socket": "app_token"}
"""What each mode of Slack needs beside the bot token."""


class Table(BaseModel):
    """A table of the file; frozen, and nothing unknown in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SlackSettings(Table):
    """How to reach Slack: where alerts go, and the three secrets."""

    channel: str
    admin_channel: str = ""
    mode: Literal["http", "socket"] = "http"
    base_url: str = "https://slack.com/api/"
    bot_token: SecretStr
    signing_secret: SecretStr = Field(SecretStr(""), validate_default=True)
    app_token: SecretStr = Field(SecretStr(""), validate_default=True)

    @field_validator("channel", "admin_channel")
    @classmethod
    def _is_an_id(cls, value: str, info: ValidationInfo) -> str:
        if (value or info.field_name == "channel") and not CHANNEL.fullmatch(value):
            raise PydanticCustomError(
                "bounce",
                "is no channel id; copy it from the bottom of the channel's details in Slack",
            )
        return value

    @field_validator("base_url")
    @classmethod
    def _ends_with_slash(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise PydanticCustomError("bounce", "is no address; leave it out to use Slack's own")
        return value if value.endswith("/") else f"{value}/"

    @field_validator("bot_token", "app_token")
    @classmethod
    def _is_a_token(cls, value: SecretStr, info: Any) -> SecretStr:
        start = "xoxb-" if info.field_name == "bot_token" else "xapp-"
        given = value.get_secret_value()
        if (given or start == "xoxb-") and not given.startswith(start):
            raise PydanticCustomError(
                "bounce",
                f"does not begin with {start}; copy it from the app's page at api.slack.com",
            )
        return value

    @field_validator("signing_secret", "app_token")
    @classmethod
    def _is_there(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        mode, name = info.data.get("mode", ""), str(info.field_name)
        if name == NEEDED.get(mode) and not value.get_secret_value():
            return unless([missing(("slack", name), f" (mode {mode} needs it)")], value)
        return value


class ServerSettings(Table):
    """Where to listen. `body_limit` is the largest webhook in bytes."""

    host: str = "127.0.0.1"
    port: int = Field(3000, ge=0, le=65535)
    body_limit: int = Field(5 * 1024 * 1024, ge=1024, le=256 * 1024 * 1024)


class DatabaseSettings(Table):
    """Where everything is remembered."""

    url: SecretStr = SecretStr(DATABASE)

    @field_validator("url")
    @classmethod
    def _is_known(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("sqlite:///", "postgresql://", "postgres://")):
            raise PydanticCustomError(
                "bounce", "is neither sqlite:///FILE nor postgresql://USER:PASSWORD@HOST/NAME"
            )
        return value

    @property
    def file(self) -> Path | None:
        """The SQLite file, None for PostgreSQL."""
        url = self.url.get_secret_value()
        return Path(url.removeprefix(SQLITE).partition("?")[0]) if url.startswith(SQLITE) else None


class AlertSettings(Table):
    """When alerts are posted and updated, in seconds, and whether addresses are shown whole."""

    group_wait: float = Field(10, ge=0, le=3_600)
    update_steps: tuple[float, ...] = Field((30, 60, 120, 300, 900), min_length=1)
    close_after: float = Field(86_400, ge=60)
    show_addresses: Literal["masked", "full"] = "masked"


class RetentionSettings(Table):
    """For how many days what is kept is kept."""

    raw_days: int = Field(30, ge=1)
    event_days: int = Field(90, ge=1)
    audit_days: int = Field(365, ge=1)


class RuleSettings(Table):
    """The operator's own knowledge: rule files, tried first, and a catalogue over ours."""

    files: tuple[Path, ...] = ()
    catalogue: Path | None = None


class ResendWebhook(Table):
    """The user's own sender, called with a signed webhook (Standard Webhooks)."""

    url: str = Field(pattern=r"^https?://[^\s/]+(/\S*)?$")
    secret: SecretStr
    allow_private: bool = False


class ResendSettings(Table):
    """The ways to send an email again, beside a provider's stored copy."""

    webhook: ResendWebhook | None = None


class TicketSettings(Table):
    """Which ticket system is used; `chosen` are its checked settings, None where there is none."""

    model_config = ConfigDict(extra="allow", frozen=True)

    system: str = ""
    chosen: Any = Field(None, exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _check(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        known = ["system", *TICKETS]
        faults = [unknown(("tickets", name), known) for name in value if name not in known]
        checked = {}
        for name in (name for name in TICKETS if name in value):
            try:
                checked[name] = check(TICKETS[name].Settings, value[name], ("tickets", name))
            except SettingsError as error:
                faults += error.faults
        system = value.get("system", "")
        if system and system not in TICKETS:
            faults.append(unknown(("tickets", "system"), list(TICKETS), str(system)))
        elif system and system not in value:
            faults.append(f"tickets.{system}: missing; add a table [tickets.{system}]")
        return unless(faults, {"system": system, "chosen": checked.get(system)})


class StoreSettings(BaseSettings):
    """What the commands beside the bot need of the settings: no token of Slack is among it."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    database: DatabaseSettings = DatabaseSettings()
    alerts: AlertSettings = AlertSettings()
    retention: RetentionSettings = RetentionSettings()
    rules: RuleSettings = RuleSettings()

    @property
    def channels(self) -> tuple[str, str]:
        """The channels of alerts and of what concerns the bot; empty where only the bot posts."""
        return "", ""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what `read_configuration` put together, and nothing beside it."""
        return (init_settings,)


class ReplaySettings(StoreSettings):
    """What is needed beside the store to read again what the sources sent."""

    sources: dict[str, Any] = {}

    @field_validator("sources", mode="before")
    @classmethod
    def _check_sources(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        checked: dict[str, SourceSettings] = {}
        faults: list[str] = []
        for name, table in value.items():
            try:
                checked[name] = _source(name, table)
            except SettingsError as error:
                faults += error.faults
        return unless(faults, checked)


class Settings(ReplaySettings):
    """All settings; made by `load_settings`. Everything has a default but Slack and the sources."""

    slack: SlackSettings
    server: ServerSettings = ServerSettings()
    resend: ResendSettings = ResendSettings()
    tickets: TicketSettings = TicketSettings()
    permissions: dict[str, tuple[str, ...]] = {}

    @property
    def channels(self) -> tuple[str, str]:
        """The channels of alerts and of what concerns the bot."""
        return self.slack.channel, self.slack.admin_channel or self.slack.channel

    @field_validator("permissions")
    @classmethod
    def _check_permissions(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        known = list(ACTIONS)
        faults = [unknown(("permissions", name), known) for name in value if name not in known]
        faults += [
            f"permissions.{action}: {person!r} is no id of a person (U...) or a user"
            " group (S...); copy it from Slack"
            for action, people in value.items()
            for person in people
            if not PERSON.fullmatch(person)
        ]
        return unless(faults, value)


Chosen = TypeVar("Chosen", bound=StoreSettings)


def load_settings(
    path: Path | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings of file and environment.

    Raises SettingsError, which names each fault's key and the remedy.
    """
    return _load(Settings, path, environment, None)


def load_some(
    model: type[Chosen], path: Path | None = None, environment: Mapping[str, str] | None = None
) -> Chosen:
    """Return a part of the settings; what else the configuration holds is not looked at."""
    return _load(model, path, environment, frozenset(model.model_fields))


def _load(
    model: type[Chosen],
    path: Path | None,
    environment: Mapping[str, str] | None,
    only: frozenset[str] | None,
) -> Chosen:
    environment = os.environ if environment is None else environment
    tables = read_configuration(path, environment, only)
    if "slack" in model.model_fields:
        tables.setdefault("slack", {})
    try:
        return check(model, tables, ())
    except SettingsError as error:
        if configuration_file(path, environment) is not None:
            raise
        note = f"there is no bounce.toml in {Path.cwd()}, and --config names no other file"
        raise SettingsError(*error.faults, note=note) from None


def _source(name: Any, table: Any) -> SourceSettings:
    where = ("sources", str(name))
    if not SOURCE.fullmatch(str(name)):
        raise SettingsError(
            f"sources.{name}: a source's name is of a-z, 0-9 and _; it is part of its address"
        )
    if not isinstance(table, Mapping):
        raise SettingsError(
            f"sources.{name}: is no table; write [sources.{name}] and its keys below"
        )
    if "provider" not in table:
        known = f"; known are {', '.join(sorted(PROVIDERS))}"
        raise SettingsError(missing((*where, "provider"), known))
    provider = PROVIDERS.get(str(table["provider"]))
    if provider is None:
        raise SettingsError(unknown((*where, "provider"), list(PROVIDERS), str(table["provider"])))
    return check(provider.Settings, table, where)
