"""Where the configuration comes from: bounce.toml and the environment, put together.

Plain dictionaries, before anything is checked: `bounce explain` reads its rule files here without
loading what checks the rest.
"""

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PREFIX = "BOUNCE_"
DEFAULT = Path("bounce.toml")
OURS = ("BOUNCE_CONFIG",)
FREE = "BOUNCE_TEST_"
"""Variables that are no settings."""

SQLITE = "sqlite:///"
DATABASE = f"{SQLITE}bounce.db"
"""The database where none is named."""


class SettingsError(Exception):
    """The configuration cannot be used; each fault is a line that names the key and the remedy.

    As text it is one line: the first fault, and how many there are beside. `note` is what
    explains them together, such as a file that is not there.
    """

    def __init__(self, *faults: str, note: str = "") -> None:
        super().__init__(*faults)
        self.faults = faults
        self.note = note

    def __str__(self) -> str:
        others = len(self.faults) - 1
        more = f"and {others} more: bounce doctor names all" if others else ""
        beside = "; ".join(filter(None, (self.note, more)))
        return f"{self.faults[0]} ({beside})" if beside else self.faults[0]


@contextmanager
def rules_read() -> Iterator[None]:
    """Say of an error while rules and catalogue are read, the own files among them, what to do."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise SettingsError(f"rules: {error}; mend the file or leave it out") from error


def read_configuration(
    path: Path | None,
    environment: Mapping[str, str] | None = None,
    only: Collection[str] | None = None,
) -> dict[str, Any]:
    """Return the tables of the file with what the environment says instead or beside.

    Without a path BOUNCE_CONFIG names the file, else ./bounce.toml is read if there is one. Where
    there is a file, relative paths start from its folder. With `only`, no other tables are looked
    at. Raises SettingsError for a file that cannot be read.
    """
    environment = os.environ if environment is None else environment
    file = configuration_file(path, environment)
    wanted = _wanted(only)
    tables = _read_file(file) if file else {}
    tables = {name: table for name, table in tables.items() if wanted(name)}
    tables = _merged(tables, _read_environment(environment, wanted))
    return _anchored(tables, file.absolute().parent) if file else tables


def configuration_file(path: Path | None, environment: Mapping[str, str]) -> Path | None:
    """Return the file that is read, None where there is none."""
    if path is not None:
        return path
    if named := environment.get("BOUNCE_CONFIG"):
        return Path(named)
    return DEFAULT if DEFAULT.exists() else None


def _wanted(only: Collection[str] | None) -> Callable[[str], bool]:
    return lambda name: only is None or name in only


def _read_file(path: Path) -> dict[str, Any]:
    import tomllib  # where there is a file; a command that needs none starts without

    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(
            f"{path}: cannot be read ({error.strerror}); check --config or BOUNCE_CONFIG"
        ) from error
    except ValueError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}; mend that line") from error


def _read_environment(
    environment: Mapping[str, str], wanted: Callable[[str], bool]
) -> dict[str, Any]:
    """Return the settings among the variables: BOUNCE_SLACK__CHANNEL is channel in [slack].

    Raises SettingsError with all that is wrong with them.
    """
    tables: dict[str, Any] = {}
    faults: list[str] = []
    for name, value in sorted(environment.items()):
        if not name.startswith(PREFIX) or name in OURS or name.startswith(FREE):
            continue
        if not wanted(name.removeprefix(PREFIX).lower().partition("__")[0]):
            continue
        try:
            if name.endswith("_FILE"):
                name, value = name.removesuffix("_FILE"), _read_secret(name, value)
            _put(tables, name, value)
        except SettingsError as error:
            faults += error.faults
    if faults:
        raise SettingsError(*faults)
    return tables


def _put(tables: dict[str, Any], name: str, value: str) -> None:
    place = tables
    *outer, last = name.removeprefix(PREFIX).lower().split("__")
    for part in outer:
        place = place.setdefault(part, {})
        if not isinstance(place, dict):
            raise SettingsError(
                f"{name}: stands beside a variable without the last part; remove one"
            )
    place[last] = _value(value)


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
        import json

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


# Relative paths

_PATHS = (("rules", "files"), ("rules", "catalogue"), ("sources", "*", "certificates"))
"""Keys that name files; `*` is any table."""


def _anchored(tables: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the tables with every relative path starting from a folder."""
    database = tables.get("database", {})
    if isinstance(database, dict):
        url = database.get("url", DATABASE)
        tables = {**tables, "database": {**database, "url": _anchored_url(url, folder)}}
    for place in _PATHS:
        tables = _at(tables, place, folder)
    return tables


def _anchored_url(url: Any, folder: Path) -> Any:
    """Return the address of an SQLite file with its whole path; any other as it is."""
    if not isinstance(url, str) or not url.startswith(SQLITE):
        return url
    name = url.removeprefix(SQLITE)
    return url if name[:1] in {"", "/", ":"} else f"{SQLITE}{folder / name}"


def _at(value: Any, place: tuple[str, ...], folder: Path) -> Any:
    if not place:
        return _anchored_path(value, folder)
    if not isinstance(value, dict):
        return value
    names = list(value) if place[0] == "*" else [name for name in value if name == place[0]]
    return {**value, **{name: _at(value[name], place[1:], folder) for name in names}}


def _anchored_path(value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_anchored_path(each, folder) for each in value]
    if isinstance(value, dict):
        return {key: _anchored_path(each, folder) for key, each in value.items()}
    return str(folder / value) if isinstance(value, str) and value else value
