"""All settings: what the bot needs of Slack, the sources, the tickets, the people."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from bot.settings.faults import check, missing, unknown, unless
from bot.settings.source import SettingsError
from bot.settings.storage import StoreSettings, Table, load
from handlers.actions import BUTTONS
from handlers.provider import SourceSettings
from handlers.providers import PROVIDERS
from handlers.tickets import TICKETS

CHANNEL = re.compile(r"[CGD][A-Z0-9]{2,20}")
SOURCE = re.compile(r"[a-z0-9_]{1,64}")
PERSON = re.compile(r"[USW][A-Z0-9]{2,20}")
NEEDED = {"http": "signing_secret", "socket": "app_token"}
"""What each mode of Slack needs beside the bot token."""


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


class ReplaySettings(StoreSettings):
    """What is needed beside the store to read again what the sources sent."""

    sources: dict[str, Any] = Field(default_factory=dict)

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
    permissions: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @property
    def channels(self) -> tuple[str, str]:
        """The channels of alerts and of what concerns the bot."""
        return self.slack.channel, self.slack.admin_channel or self.slack.channel

    @field_validator("permissions")
    @classmethod
    def _check_permissions(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        known = list(BUTTONS)
        faults = [unknown(("permissions", name), known) for name in value if name not in known]
        faults += [
            f"permissions.{action}: {person!r} is no id of a person (U...) or a user"
            " group (S...); copy it from Slack"
            for action, people in value.items()
            for person in people
            if not PERSON.fullmatch(person)
        ]
        return unless(faults, value)


def load_settings(
    path: Path | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings of file and environment.

    Raises SettingsError, which names each fault's key and the remedy.
    """
    return load(Settings, path, environment, None)


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
