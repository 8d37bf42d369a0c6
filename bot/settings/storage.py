"""The settings of the store: all that the commands beside the bot need.

A configuration is bounce.toml and the environment, checked once, at start. What is unknown is
refused with the nearest known key, so that a misspelt one is never silently without effect.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError

from bot.settings.faults import check
from bot.settings.source import (
    DATABASE,
    SQLITE,
    SettingsError,
    configuration_file,
    read_configuration,
)
from bot.store.options import Retention, Timing


class Table(BaseModel):
    """A table of the file; frozen, and nothing unknown in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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

    @property
    def timing(self) -> Timing:
        """The same times, as the store takes them."""
        return Timing(
            group_wait=timedelta(seconds=self.group_wait),
            update_steps=tuple(timedelta(seconds=step) for step in self.update_steps),
            close_after=timedelta(seconds=self.close_after),
        )


class RetentionSettings(Table):
    """For how many days what is kept is kept."""

    raw_days: int = Field(30, ge=1)
    event_days: int = Field(90, ge=1)
    audit_days: int = Field(365, ge=1)

    @property
    def periods(self) -> Retention:
        """The same days, as the store takes them."""
        return Retention(
            raw=timedelta(days=self.raw_days),
            events=timedelta(days=self.event_days),
            audit=timedelta(days=self.audit_days),
        )


class RuleSettings(Table):
    """The operator's own knowledge: rule files, tried first, and a catalogue over ours."""

    files: tuple[Path, ...] = ()
    catalogue: Path | None = None


class StoreSettings(Table):
    """What the commands beside the bot need of the settings: no token of Slack is among it."""

    database: DatabaseSettings = DatabaseSettings()
    alerts: AlertSettings = AlertSettings()
    retention: RetentionSettings = RetentionSettings()
    rules: RuleSettings = RuleSettings()

    @property
    def channels(self) -> tuple[str, str]:
        """The channels of alerts and of what concerns the bot; empty where only the bot posts."""
        return "", ""


Chosen = TypeVar("Chosen", bound=StoreSettings)


def load_some(
    model: type[Chosen], path: Path | None = None, environment: Mapping[str, str] | None = None
) -> Chosen:
    """Return a part of the settings; what else the configuration holds is not looked at."""
    return load(model, path, environment, frozenset(model.model_fields))


def load(
    model: type[Chosen],
    path: Path | None,
    environment: Mapping[str, str] | None,
    only: frozenset[str] | None,
) -> Chosen:
    """Return the settings of file and environment, of the tables in `only` if it is given.

    Raises SettingsError, which names each fault's key and the remedy.
    """
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
