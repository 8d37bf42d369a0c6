"""The manifest of the Slack app: as it is for Socket Mode, or for a public address."""

import copy
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

EVENTS_PATH = "/slack/events"
REMEDY = "give the public address of your TLS proxy, such as https://bounce.example.com"


def manifest(url: str = "") -> str:
    """Return the manifest for Socket Mode, or for a public address (https).

    Raises ValueError, with the remedy, for an address that Slack would not call, and for a file
    that was emptied: a shell does so before `bounce manifest > manifest.yml` runs.
    """
    text = _file().read_text("utf-8")
    if not text.strip():
        raise ValueError(
            f"{_file()} is empty: git checkout it, and write to a file of another name"
        )
    if not url:
        return text
    app = _with_address(yaml.safe_load(text), events_address(url))
    return yaml.safe_dump(app, sort_keys=False, allow_unicode=True, width=100)


def load_manifest() -> dict[str, Any]:
    """Return the manifest for Socket Mode as a dictionary."""
    app: dict[str, Any] = yaml.safe_load(_file().read_text("utf-8"))
    return app


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


def _file() -> Path:
    """Return where the manifest is: in the package `bot` in a wheel, else at the root."""
    installed = Path(__file__).parents[1] / "manifest.yml"
    return installed if installed.exists() else Path(__file__).parents[2] / "manifest.yml"


def _with_address(app: dict[str, Any], address: str) -> dict[str, Any]:
    app = copy.deepcopy(app)
    for command in app["features"]["slash_commands"]:
        command["url"] = address
    settings = app["settings"]
    settings["event_subscriptions"] = {"request_url": address, **settings["event_subscriptions"]}
    settings["interactivity"]["request_url"] = address
    settings["socket_mode_enabled"] = False
    return app
