"""The manifest of the Slack app: as it is for Socket Mode, or for a public address.

The file is YAML in its plainest form: mappings, lists, and values on one line each.
"""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

EVENTS_PATH = "/slack/events"
REMEDY = "give the public address of your TLS proxy, such as https://bounce.example.com"


def manifest(url: str = "") -> str:
    """Return the manifest for Socket Mode, or for a public address (https).

    Raises ValueError, with the remedy, for an address that Slack would not call.
    """
    text = _file().read_text("utf-8")
    if not url:
        return text
    return "\n".join(_written(_with_address(read(text), events_address(url)))) + "\n"


def load_manifest() -> dict[str, Any]:
    """Return the manifest for Socket Mode as a dictionary."""
    return read(_file().read_text("utf-8"))


def bot_scopes() -> list[str]:
    """Return the scopes that the bot token needs."""
    scopes: list[str] = load_manifest()["oauth_config"]["scopes"]["bot"]
    return scopes


def events_address(url: str) -> str:
    """Return where Slack is to send everything; raises ValueError with the remedy.

    >>> events_address("https://bounce.example.com/")
    'https://bounce.example.com/slack/events'
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(f"{url!r} is no address: {REMEDY}") from None
    if parts.scheme != "https":
        raise ValueError(f"Slack sends to https only, not to {url!r}: {REMEDY}")
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host):
        raise ValueError(f"Slack cannot reach {host or url!r}: {REMEDY}")
    if parts.username or parts.query or parts.fragment:
        raise ValueError(f"no user name, query or fragment in the address: {REMEDY}")
    path = parts.path.rstrip("/").removesuffix(EVENTS_PATH)
    return f"https://{host}{f':{port}' if port else ''}{path}{EVENTS_PATH}"


def read(text: str) -> dict[str, Any]:
    """Return the mapping that a plain YAML text holds; ValueError names a line it cannot read.

    >>> read("a:\\n  - b: 1 # one\\n    c: true\\n  - d")
    {'a': [{'b': 1, 'c': True}, 'd']}
    """
    lines = [line for number, raw in enumerate(text.splitlines(), 1) for line in _line(number, raw)]
    value, rest = _block(lines, lines[0][1] if lines else 0)
    if rest or not isinstance(value, dict):
        where = f"line {rest[0][0]}" if rest else "the whole"
        raise ValueError(f"the manifest cannot be read: {where} is not where it belongs")
    return value


Line = tuple[int, int, str]
"""Number, indent, and what stands there."""

_COMMENT = re.compile(r"(?:^|\s+)#.*$")
_QUOTED = re.compile(r'^((?:- )?(?:[\w.]+: )?)("(?:[^"\\]|\\.)*")\s*(?:#.*)?$')
_PAIR = re.compile(r"([\w./]+):(?:\s+(.*))?$")


def _file() -> Path:
    """Return where the manifest is: beside this module in a wheel, else at the root."""
    installed = Path(__file__).with_name("manifest.yml")
    return installed if installed.exists() else Path(__file__).parents[1] / "manifest.yml"


def _line(number: int, raw: str) -> Iterator[Line]:
    """Give a line without its comment; an item of a list is its dash and what stands behind."""
    indent = len(raw) - len(raw.lstrip(" "))
    said = raw.strip()
    quoted = _QUOTED.match(said)
    said = quoted[1] + quoted[2] if quoted else _COMMENT.sub("", said).rstrip()
    while said.startswith("- "):
        yield number, indent, "-"
        behind = said[2:].lstrip()
        indent, said = indent + len(said) - len(behind), behind
    if said:
        yield number, indent, said


def _block(lines: list[Line], indent: int) -> tuple[Any, list[Line]]:
    """Return the value that begins at this indent, and the lines behind it."""
    if lines and lines[0][2] == "-":
        return _list(lines, indent)
    if lines and not _PAIR.match(lines[0][2]):
        return _scalar(lines[0][2]), lines[1:]
    found: dict[str, Any] = {}
    while lines and lines[0][1] == indent and (pair := _PAIR.match(lines[0][2])):
        number, key, rest = lines[0][0], pair[1], lines[1:]
        if key in found:
            raise ValueError(f"the manifest cannot be read: line {number} says {key} again")
        if pair[2]:
            found[key], lines = _scalar(pair[2]), rest
        else:
            found[key], lines = _block(rest, rest[0][1] if rest else 0)
    return found, lines


def _list(lines: list[Line], indent: int) -> tuple[list[Any], list[Line]]:
    found = []
    while lines and lines[0][1] == indent and lines[0][2] == "-":
        rest = lines[1:]
        value, lines = _block(rest, rest[0][1] if rest else 0)
        found.append(value)
    return found, lines


def _scalar(said: str) -> Any:
    if said in {"true", "false"} or said.startswith('"') or re.fullmatch(r"\d+", said):
        return json.loads(said)
    return said


def _with_address(app: dict[str, Any], address: str) -> dict[str, Any]:
    app = copy.deepcopy(app)
    for command in app["features"]["slash_commands"]:
        command["url"] = address
    settings = app["settings"]
    settings["event_subscriptions"] = {"request_url": address, **settings["event_subscriptions"]}
    settings["interactivity"]["request_url"] = address
    settings["socket_mode_enabled"] = False
    return app


def _written(value: Any, indent: int = 0) -> Iterator[str]:
    """Give the lines of YAML that `read` reads back."""
    pad = " " * indent
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, dict | list):
                yield f"{pad}{key}:"
                yield from _written(inner, indent + 2)
            else:
                yield f"{pad}{key}: {json.dumps(inner, ensure_ascii=False)}"
        return
    for item in value:
        first, *more = _written(item, 0) if isinstance(item, dict) else [json.dumps(item)]
        yield f"{pad}- {first}"
        yield from (f"{pad}  {line}" for line in more)
