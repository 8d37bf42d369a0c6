"""Where the configuration comes from: bounce.toml and the environment, put together.

Plain dictionaries, before anything is checked: `bounce explain` reads its rule files here without
loading what checks the rest.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PREFIX = "BOUNCE_"
DEFAULT = Path("bounce.toml")
OURS = ("BOUNCE_CONFIG",)
FREE = "BOUNCE_TEST_"
"""Variables that are no settings."""


class SettingsError(Exception):
    """The configuration cannot be used; one line that names the key and the remedy."""


def read_configuration(
    path: Path | None, environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the tables of the file with what the environment says instead or beside.

    Without a path BOUNCE_CONFIG names the file, else ./bounce.toml is read if there is one. Raises
    SettingsError for a file that cannot be read.
    """
    environment = os.environ if environment is None else environment
    tables = _read_file(path or _named(environment))
    return _merged(tables, _read_environment(environment))


def _named(environment: Mapping[str, str]) -> Path | None:
    if named := environment.get("BOUNCE_CONFIG"):
        return Path(named)
    return DEFAULT if DEFAULT.exists() else None


def _read_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(
            f"{path}: cannot be read ({error.strerror}); check --config or BOUNCE_CONFIG"
        ) from error
    except ValueError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}; mend that line") from error


def _read_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings among the variables: BOUNCE_SLACK__CHANNEL is channel in [slack]."""
    tables: dict[str, Any] = {}
    for name, value in sorted(environment.items()):
        if not name.startswith(PREFIX) or name in OURS or name.startswith(FREE):
            continue
        if name.endswith("_FILE"):
            name, value = name.removesuffix("_FILE"), _read_secret(name, value)
        place = tables
        *outer, last = name.removeprefix(PREFIX).lower().split("__")
        for part in outer:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise SettingsError(
                    f"{name}: stands beside a variable without the last part; remove one"
                )
        place[last] = _value(value)
    return tables


def _read_secret(name: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no text in UTF-8"
        raise SettingsError(
            f"{name}: {path} cannot be read ({why}); check path and owner"
        ) from error


def _value(text: str) -> Any:
    """Return lists and tables as such; everything else stays text, to be read by its setting."""
    if text[:1] in {"[", "{"}:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _merged(tables: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(tables)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            value = _merged(below, value)
        merged[key] = value
    return merged
