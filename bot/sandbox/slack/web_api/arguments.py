"""The arguments of a Web API call, whichever way they came: query, form or JSON."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.sandbox.slack.api_error import ApiError

TRUE = {"1", "true", "True"}
FALSE = {"0", "false", "False", ""}


class Arguments:
    """Arguments by name; a missing or misshapen one raises ApiError as Slack words it."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = {name: value for name, value in given.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        return name in self.given

    def text(self, name: str, default: str | None = None) -> str:
        """Return a string; without a default it is required."""
        value = self.given.get(name, default)
        if value is None or (default is None and value == ""):
            raise _missing(name)
        if isinstance(value, bool | dict | list):
            raise _misshapen(f"must be a string: {name}")
        return str(value)

    def flag(self, name: str) -> bool:
        """Return a boolean, false where it is missing."""
        value = self.given.get(name, False)
        if isinstance(value, bool):
            return value
        if str(value) in TRUE | FALSE:
            return str(value) in TRUE
        raise _misshapen(f"must be a boolean: {name}")

    def number(self, name: str, default: int | None = None) -> int:
        """Return a whole number; without a default it is required."""
        value = self.given.get(name, default)
        if value is None:
            raise _missing(name)
        try:
            return int(value)
        except (TypeError, ValueError):
            raise _misshapen(f"must be an integer: {name}") from None

    def value(self, name: str, broken: str = "invalid_json") -> Any:
        """Return JSON, which may come as such or as a string; None where it is missing."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise ApiError(broken) from None

    def listed(self, name: str, broken: str = "invalid_json") -> list[Any]:
        """Return a list, empty where it is missing."""
        value = self.value(name, broken)
        if value is None:
            return []
        if not isinstance(value, list):
            raise ApiError(broken)
        return value


async def read_arguments(request: web.Request) -> tuple[Arguments, str]:
    """Return the arguments of a request and the token it carries.

    Raises ApiError: invalid_json, invalid_form_data or invalid_post_type.
    """
    given: dict[str, Any] = dict(request.query)
    if request.method == "POST":
        given.update(await _body(request))
    header = request.headers.get("Authorization", "")
    token = header.removeprefix("Bearer ").strip() if header.startswith("Bearer ") else ""
    return Arguments(given), token or str(given.get("token") or "")


async def read_upload(request: web.Request) -> bytes:
    """Return the bytes of an uploaded file, which come as they are or as the file of a form."""
    if request.content_type != "multipart/form-data":
        return await request.read()
    for field in (await request.post()).values():
        if isinstance(field, web.FileField):
            return field.file.read()
    return b""


async def _body(request: web.Request) -> dict[str, Any]:
    if not request.body_exists:
        return {}
    if request.content_type == "application/json":
        return _object(await request.read())
    if request.content_type in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        return dict(await request.post())
    if await request.read():
        raise ApiError("invalid_post_type")
    return {}


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        raise ApiError("invalid_json") from None
    if not isinstance(value, dict):
        raise ApiError("json_not_object")
    return value


def _missing(name: str) -> ApiError:
    return _misshapen(f"missing required field: {name}")


def _misshapen(what: str) -> ApiError:
    return ApiError("invalid_arguments", [f"[ERROR] {what}"])
