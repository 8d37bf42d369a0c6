"""`bounce doctor`: looks at all that a running bot needs; each finding says what to do about it."""

import argparse
import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.accounts import make_sources, make_tickets
from bot.cli.command import USAGE
from bot.cli.output import complain, tell
from bot.foundation import Knowledge, open_store, utc_now
from bot.settings.model import Settings, load_settings
from bot.settings.source import SettingsError, configuration_file
from bot.slack.clients import answering_client, open_session
from bot.slack.manifest import bot_scopes
from handlers.errors import PermanentError, TemporaryError, UncertainError
from handlers.http.outgoing import Call, Outgoing
from handlers.http.signing import signature_headers
from handlers.provider import Provider, SourceSettings
from handlers.slack.permalinks import refusal
from handlers.tickets import TICKETS
from resolutions.operator import Operators

NOBODY = "bounce-desk-doctor@example.invalid"
"""An address that nobody has (RFC 2606): looking it up shows whether a key works."""

TROUBLE = (PermanentError, TemporaryError, UncertainError)
REACHABLE = tuple(range(200, 300)) + tuple(range(400, 429)) + tuple(range(430, 500))
TOKEN_PART, CHANNEL_PART, APP_PART = "slack token", "slack channel", "slack app token"
AWAY = "away"
"""Stands for Slack's word of refusal where it did not answer."""

REMEDIES = {
    "invalid_auth": "set BOUNCE_SLACK__BOT_TOKEN to the token of OAuth & Permissions",
    "not_authed": "set BOUNCE_SLACK__BOT_TOKEN to the token of OAuth & Permissions",
    "account_inactive": "the app was removed: install it again and set the new token",
    "token_revoked": "install the app again and set the new token",
    "channel_not_found": "slack.channel must be the id of a channel that the app can see",
    "missing_scope": "add the scope and install the app again",
}


class State(StrEnum):
    """A `fault` keeps Bounce Desk from its work, a `warning` takes a feature away."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen of one part, in a line for people."""

    part: str
    state: State
    text: str
    refused: str = ""  # Slack's word, where it did not let us look


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the words of the command: none."""
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Tell every finding as it comes; every fault of the configuration if it cannot be used."""
    try:
        settings = load_settings(chosen.config)
    except SettingsError as error:
        for fault in [*filter(None, [error.note]), *error.faults]:
            complain(fault)
        return USAGE
    file = configuration_file(chosen.config, os.environ)
    return asyncio.run(_tell_all(settings, f"from {file}" if file else "from variables alone"))


async def _tell_all(settings: Settings, origin: str) -> int:
    code = 0
    async for finding in examine(settings, bot_scopes(), origin):
        tell(f"{finding.state:<8} {finding.part}: {finding.text}")
        if finding.state is State.FAULT:
            code = 1
    return code


async def examine(
    settings: Settings, scopes: Collection[str], origin: str = ""
) -> AsyncIterator[Finding]:
    """Yield a finding for each part; `scopes` are the bot scopes that the manifest asks for.

    `origin` tells where the settings come from. What one fault explains is not found twice.
    """
    where = f" ({origin})" if origin else ""
    yield Finding("settings", State.OK, f"every key is known and has a usable value{where}")
    async with open_session() as session, Outgoing.open() as outgoing:
        async for finding in _slack(settings, session, scopes):
            yield finding
        yield _rules(settings)
        yield await _database(settings)
        for name, provider in make_sources(settings, outgoing, utc_now).items():
            yield await _source(name, provider)
        if not settings.sources:
            text = "none; add a [sources.NAME] table for each account that sends bounces"
            yield Finding("sources", State.FAULT, text)
        yield await _resend(settings, outgoing)
        yield await _tickets(settings, outgoing)


async def _slack(
    settings: Settings, session: aiohttp.ClientSession, scopes: Collection[str]
) -> AsyncIterator[Finding]:
    client = answering_client(settings.slack, session)
    token = await _asked(lambda: _token(client, scopes), TOKEN_PART)
    yield token
    if not token.refused:
        yield await _asked(lambda: _channel(client, settings.slack.channel), CHANNEL_PART)
    if settings.slack.mode == "socket" and token.refused != AWAY:
        yield await _asked(lambda: _socket(settings, session), APP_PART)


async def _asked(ask: Callable[[], Awaitable[Finding]], part: str) -> Finding:
    """Ask Slack, and turn its refusal into a finding."""
    try:
        return await ask()
    except SlackApiError as error:
        word = refusal(error)
        remedy = REMEDIES.get(word, "look the word up at api.slack.com/methods")
        if part == APP_PART:
            remedy = "set BOUNCE_SLACK__APP_TOKEN to an app-level token of Basic Information"
        text = f"Slack says {word or 'nothing'}; {remedy}"
        return Finding(part, State.FAULT, text, word or AWAY)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        why = (
            f"Slack does not answer ({type(error).__name__}); check slack.base_url and the network"
        )
        return Finding(part, State.FAULT, why, AWAY)


async def _token(client: AsyncWebClient, scopes: Collection[str]) -> Finding:
    answer = await client.auth_test()
    granted = {scope.strip() for scope in _header(answer, "x-oauth-scopes").split(",")}
    missing = sorted(set(scopes) - granted)
    who = f"{answer.get('user')} in {answer.get('team')}"
    if missing and granted != {""}:
        text = f"{who}, without the scopes {', '.join(missing)}; add them and install the app again"
        return Finding(TOKEN_PART, State.FAULT, text)
    return Finding(TOKEN_PART, State.OK, f"known as {who}, all scopes granted")


def _header(answer: Any, name: str) -> str:
    headers = {str(key).lower(): value for key, value in dict(answer.headers).items()}
    value = headers.get(name, "")
    return ",".join(value) if isinstance(value, list) else str(value)


async def _channel(client: AsyncWebClient, channel: str) -> Finding:
    try:
        answer = await client.conversations_info(channel=channel)
    except SlackApiError as error:
        if refusal(error) == "missing_scope":
            text = f"{channel} cannot be looked at without channels:read; the first alert will tell"
            return Finding(CHANNEL_PART, State.WARNING, text)
        raise
    conversation = answer["channel"]
    name = f"#{conversation.get('name')}"
    if conversation.get("is_archived"):
        text = f"{name} is archived; unarchive it or set slack.channel to another"
        return Finding(CHANNEL_PART, State.FAULT, text)
    if not conversation.get("is_member"):
        text = f"not a member of {name}; invite the app there: /invite @Bounce Desk"
        return Finding(CHANNEL_PART, State.WARNING, text)
    return Finding(CHANNEL_PART, State.OK, f"{name}, a member")


async def _socket(settings: Settings, session: aiohttp.ClientSession) -> Finding:
    token = settings.slack.app_token.get_secret_value()
    client = AsyncWebClient(token=token, base_url=settings.slack.base_url, session=session)
    await client.apps_connections_open(app_token=token)
    return Finding(APP_PART, State.OK, "Socket Mode can be opened")


def _rules(settings: Settings) -> Finding:
    try:
        knowledge = Knowledge.load(settings)
    except SettingsError as error:
        return Finding("rules", State.FAULT, str(error).removeprefix("rules: "))
    own = len(settings.rules.files)
    text = f"{len(knowledge.rulebook.rules):,}, {own or 'no'} files of your own among them"
    return Finding("rules", State.OK, text)


async def _database(settings: Settings) -> Finding:
    part, file = "database", settings.database.file
    if file is not None and not file.exists() and file.parent.is_dir():
        if os.access(file.parent, os.W_OK):
            return Finding(part, State.OK, f"the bot will make {file.absolute()} at its start")
        text = f"database.url: {file.absolute().parent} cannot be written to by this user"
        return Finding(part, State.FAULT, f"{text}; give the folder to the user of the bot")
    try:
        async with open_store(settings, utc_now, Operators.load(), alone=False) as store:
            await store.health.sources()
    except SettingsError as error:
        return Finding(part, State.FAULT, str(error))
    kind = settings.database.url.get_secret_value().partition(":")[0]
    place = f" ({file.absolute()})" if file is not None else ""
    return Finding(part, State.OK, f"{kind} opens, its tables are up to date{place}")


async def _source(name: str, provider: Provider) -> Finding:
    part = f"source {name}"
    about = f"{provider.name}, webhook at /hooks/{name}"
    suppressing = provider.suppressing
    if suppressing is None:
        return _flagged_here(part, about, name, provider.settings)
    try:
        await suppressing.suppression_of(NOBODY)
    except TROUBLE as error:
        text = f"{about}; its API refuses: {error}; check [sources.{name}.api]"
        return Finding(part, State.FAULT, text)
    return Finding(part, State.OK, f"{about}; flagging reaches {suppressing.suppression_list}")


def _flagged_here(part: str, about: str, name: str, given: SourceSettings) -> Finding:
    """Tell why flagging does not reach the provider: it cannot, it shall not, or no key is set."""
    stays = f"{about}; flagging stays in Bounce Desk"
    if "api" not in type(given).model_fields:
        return Finding(part, State.OK, f"{stays}: nothing else is known of such a source")
    if getattr(given, "api", None) is not None:
        return Finding(part, State.OK, f"{stays}, as [sources.{name}.api] says")
    return Finding(part, State.WARNING, f"{stays}: there is no [sources.{name}.api]")


async def _resend(settings: Settings, outgoing: Outgoing) -> Finding:
    webhook = settings.resend.webhook
    if webhook is None:
        text = "no [resend.webhook]: only providers with a stored copy can send again"
        return Finding("resend", State.WARNING, text)
    call = Call(
        method="HEAD", url=webhook.url, expected=REACHABLE, allow_private=webhook.allow_private
    )
    try:
        signature_headers(webhook.secret, "doctor", utc_now(), b"")
        await outgoing.send(call)
    except TROUBLE as error:
        return Finding("resend", State.FAULT, f"{error}; check [resend.webhook]")
    return Finding("resend", State.OK, "the sender answers at resend.webhook.url")


async def _tickets(settings: Settings, outgoing: Outgoing) -> Finding:
    system = make_tickets(settings, outgoing)
    if system is None:
        known = " or ".join(f'"{name}"' for name in TICKETS)
        text = f"no ticket system: set system = {known} in [tickets]"
        return Finding("tickets", State.WARNING, text)
    try:
        return Finding("tickets", State.OK, await system.check())
    except TROUBLE as error:
        return Finding(
            "tickets", State.FAULT, f"{error}; check [tickets.{settings.tickets.system}]"
        )
