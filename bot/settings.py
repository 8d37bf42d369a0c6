"""The settings: bounce.toml and the environment, checked once, at start.

What is unknown is refused with the nearest known key, so that a misspelt one is never silently
without effect.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.config_file import PREFIX, SettingsError, read_configuration
from handlers.actions import ACTIONS
from handlers.provider import SourceSettings
from handlers.providers import PROVIDERS
from handlers.tickets import TICKETS

__all__ = ["Settings", "SettingsError", "load_settings"]

CHANNEL = re.compile(r"[CGD][A-Z0-9]{2,20}")
SOURCE = re.compile(r"[a-z0-9_]{1,64}")
PERSON = re.compile(r"[USW][A-Z0-9]{2,20}")


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
    signing_secret: SecretStr = SecretStr("")
    app_token: SecretStr = SecretStr("")

    @field_validator("channel", "admin_channel")
    @classmethod
    def _is_an_id(cls, value: str) -> str:
        if value and not CHANNEL.fullmatch(value):
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

    @model_validator(mode="after")
    def _has_its_secret(self) -> Self:
        needed = "signing_secret" if self.mode == "http" else "app_token"
        if not getattr(self, needed).get_secret_value():
            raise SettingsError(_missing(("slack", needed), f" (mode {self.mode} needs it)"))
        return self


class ServerSettings(Table):
    """Where to listen. `body_limit` is the largest webhook in bytes."""

    host: str = "127.0.0.1"
    port: int = Field(3000, ge=0, le=65535)
    body_limit: int = Field(5 * 1024 * 1024, ge=1024, le=256 * 1024 * 1024)


class DatabaseSettings(Table):
    """Where everything is remembered."""

    url: SecretStr = SecretStr("sqlite:///bounce.db")

    @field_validator("url")
    @classmethod
    def _is_known(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("sqlite:///", "postgresql://", "postgres://")):
            raise PydanticCustomError(
                "bounce", "is neither sqlite:///FILE nor postgresql://USER:PASSWORD@HOST/NAME"
            )
        return value


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
        for name in value:
            if name not in known:
                raise SettingsError(_unknown(("tickets", name), known))
        checked = {
            name: check(TICKETS[name].Settings, value[name], ("tickets", name))
            for name in TICKETS
            if name in value
        }
        system = value.get("system", "")
        if system and system not in TICKETS:
            raise SettingsError(_unknown(("tickets", "system"), list(TICKETS), str(system)))
        if system and system not in checked:
            raise SettingsError(f"tickets.{system}: missing; add a table [tickets.{system}]")
        return {"system": system, "chosen": checked.get(system)}


class Settings(BaseSettings):
    """All settings; made by `load_settings`. Everything has a default but Slack and the sources."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    slack: SlackSettings
    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    alerts: AlertSettings = AlertSettings()
    retention: RetentionSettings = RetentionSettings()
    rules: RuleSettings = RuleSettings()
    resend: ResendSettings = ResendSettings()
    tickets: TicketSettings = TicketSettings()
    permissions: dict[str, tuple[str, ...]] = {}
    sources: dict[str, Any] = {}

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

    @field_validator("sources", mode="before")
    @classmethod
    def _check_sources(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {name: _source(name, table) for name, table in value.items()}

    @field_validator("permissions")
    @classmethod
    def _check_permissions(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for action, people in value.items():
            if action not in ACTIONS:
                raise SettingsError(_unknown(("permissions", action), list(ACTIONS)))
            for person in people:
                if not PERSON.fullmatch(person):
                    raise SettingsError(
                        f"permissions.{action}: {person!r} is no id of a person (U...) or a user"
                        " group (S...); copy it from Slack"
                    )
        return value


def load_settings(
    path: Path | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings of file and environment.

    Raises SettingsError: one line that names the key and the remedy.
    """
    return check(Settings, read_configuration(path, environment), ())


Model = TypeVar("Model", bound=BaseModel)


def check(model: type[Model], tables: Any, where: tuple[str, ...]) -> Model:
    """Return the checked model of a table at `where`; raises SettingsError for its first fault."""
    try:
        return model.model_validate(tables) if where else model(**tables)
    except ValidationError as error:
        found = sorted(error.errors(include_url=False), key=_misspelt_first)
        faults = [_explain(fault, model, where) for fault in found]
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise SettingsError(faults[0] + more) from None


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
        raise SettingsError(
            _missing((*where, "provider"), f"; known are {', '.join(sorted(PROVIDERS))}")
        )
    provider = PROVIDERS.get(table["provider"])
    if provider is None:
        raise SettingsError(_unknown((*where, "provider"), list(PROVIDERS), str(table["provider"])))
    return check(provider.Settings, table, where)


def _misspelt_first(fault: ErrorDetails) -> bool:
    """Order faults: a misspelt key is why another is missing."""
    return fault["type"] != "extra_forbidden"


def _explain(fault: ErrorDetails, model: type[BaseModel], where: tuple[str, ...]) -> str:
    place = (*where, *map(str, fault["loc"]))
    if fault["type"] == "missing":
        return _missing(place)
    if fault["type"] == "extra_forbidden":
        return _unknown(place, _keys(model, fault["loc"][:-1]))
    said = fault["msg"].removeprefix("Value error, ")
    hint = "" if ";" in said else f"; mend it in bounce.toml or in {_variable(place)}"
    return f"{'.'.join(place)}: {said}{hint}"


def _missing(place: tuple[str, ...], why: str = "") -> str:
    *table, key = place
    remedy = (
        f"set {key} in [{'.'.join(table)}] of bounce.toml"
        if table
        else f"add [{key}] to bounce.toml"
    )
    return f"{'.'.join(place)}: missing{why}; {remedy}, or {_variable(place)}"


def _unknown(place: tuple[str, ...], known: list[str], given: str = "") -> str:
    word = given or place[-1]
    near = get_close_matches(word, known, 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
    what = f"{given!r} is unknown" if given else f"unknown (also as {_variable(place)})"
    return f"{'.'.join(place)}: {what}; {hint}"


def _variable(place: tuple[str, ...]) -> str:
    return PREFIX + "__".join(part.upper() for part in place)


def _keys(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """Return the keys that are known at a place inside a model."""
    for part in place:
        field = model.model_fields.get(str(part))
        inner = _inner(field.annotation) if field else None
        if inner is None:
            return []
        model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _inner(annotation: Any) -> type[BaseModel] | None:
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
