"""What the command line does with a store: quarantine and jobs. Returns lines for people."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from bot.app import Knowledge, make_sources, open_store, utc_now
from bot.settings.model import ReplaySettings, SettingsError, StoreSettings
from bot.store.sql.database import AwayError, cause_of
from bot.store.sql.migration import migrate
from bot.store.store import SqlStore
from handlers.errors import MalformedError
from handlers.http.outgoing import Outgoing
from handlers.provider import Provider, WebhookRequest
from handlers.store import Job, JobState, Quarantined
from handlers.webhooks import read

LIMIT = 1_000
PERSON = "command line"


class UpkeepError(Exception):
    """Something that cannot be done; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one body of the quarantine, in a line for people."""

    line: str
    understood: bool


def shown_database(settings: StoreSettings) -> str:
    """Return the database as it may be shown: the whole path, no password, no options."""
    if settings.database.file is not None:
        return f"sqlite:///{settings.database.file.absolute()}"
    try:
        url = make_url(settings.database.url.get_secret_value()).set(query={})
    except ArgumentError:
        return "an address that cannot be read"
    return url.render_as_string(hide_password=True)


@asynccontextmanager
async def opened(settings: StoreSettings) -> AsyncIterator[SqlStore]:
    """Open the store beside a bot that may be running.

    Raises SettingsError where there is none, and UpkeepError where it stops answering.
    """
    file = settings.database.file
    if file is not None and not file.exists():
        raise SettingsError(
            f"database.url: there is no file {file.absolute()}; name the one that the bot uses, or"
            " make it: bounce migrate"
        )
    knowledge = Knowledge.load(settings)
    try:
        async with open_store(settings, utc_now, knowledge, alone=False) as store:
            yield store
    except (SQLAlchemyError, AwayError) as error:
        raise UpkeepError(_trouble(error)) from error


async def migrate_database(settings: StoreSettings) -> str:
    """Bring the database up to date; return a line that says what was done.

    Raises SettingsError where there is no way.
    """
    try:
        return await migrate(settings.database.url.get_secret_value())
    except (OSError, ValueError) as error:
        raise SettingsError(f"database.url: {error}") from error
    except SQLAlchemyError as error:
        raise SettingsError(f"database.url: {_trouble(error)}") from error


async def list_quarantine(settings: StoreSettings, source: str) -> list[str]:
    """Return a line for each body in quarantine, the newest first."""
    async with opened(settings) as store:
        kept = await store.quarantine.newest(LIMIT, source)
    return _limited(
        [
            f"{one.id:>6}  {_time(one.received_at)}  {one.source}  {len(one.body):,} bytes  "
            f"{plain(one.why)}"
            for one in kept
        ]
    )


async def show_quarantine(settings: StoreSettings, number: int) -> Quarantined:
    """Return one body in quarantine; raises UpkeepError if it is not there."""
    async with opened(settings) as store:
        return await _kept(store, number)


async def replay_quarantine(settings: ReplaySettings, numbers: Sequence[int]) -> list[Replayed]:
    """Read bodies again, as if they had just come; without numbers all of them.

    What is understood now becomes events once and leaves the quarantine; the rest stays. Their
    signatures were checked when they came.
    """
    async with opened(settings) as store, Outgoing.open() as outgoing:
        sources = make_sources(settings, outgoing, utc_now)
        kept = [await _kept(store, number) for number in numbers]
        chosen = kept or await store.quarantine.newest(LIMIT)
        return [await _replayed(store, sources.get(one.source), one) for one in chosen]


async def _replayed(store: SqlStore, provider: Provider | None, one: Quarantined) -> Replayed:
    if provider is None:
        return Replayed(f"{one.id}: there is no source {one.source} any more; kept", False)
    request = _request(one)
    try:
        parsed = read(provider, request)
    except MalformedError as error:
        return Replayed(f"{one.id}: {error}; kept", False)
    if parsed.unusable:
        why = plain(parsed.unusable[0].why)
        return Replayed(f"{one.id}: still not understood: {why}; kept", False)
    new = await store.events.record(request, parsed)
    await store.quarantine.mark_replayed(one.id)
    return Replayed(f"{one.id}: understood, {new} new events", True)


async def list_jobs(settings: StoreSettings, states: Sequence[JobState]) -> list[str]:
    """Return a line for each job, the next to run first."""
    async with opened(settings) as store:
        jobs = await store.jobs.in_states(states, LIMIT)
    return _limited([_line(job) for job in jobs])


def _limited(lines: list[str]) -> list[str]:
    """Return the lines of a list, and that there may be more where it is full."""
    return [*lines, f"only {LIMIT:,} are shown"] if len(lines) >= LIMIT else lines


async def retry_job(settings: StoreSettings, number: int) -> str:
    """Let a dead job run again; raises UpkeepError if it is not dead."""
    async with opened(settings) as store:
        if await store.jobs.retry(number, PERSON):
            return f"job {number} runs again from where it stopped"
        raise UpkeepError(await _state(store, number, "only a dead job can be tried again"))


async def cancel_job(settings: StoreSettings, number: int) -> str:
    """Cancel a waiting job; raises UpkeepError if it runs already or ended."""
    async with opened(settings) as store:
        if await store.jobs.cancel(number, PERSON):
            return f"job {number} is cancelled"
        raise UpkeepError(await _state(store, number, "only a waiting job can be cancelled"))


async def _kept(store: SqlStore, number: int) -> Quarantined:
    one = await store.quarantine.get(number)
    if one is None:
        raise UpkeepError(f"nothing in quarantine has the number {number}: bounce quarantine list")
    return one


def _request(one: Quarantined) -> WebhookRequest:
    return WebhookRequest(
        source=one.source,
        method="POST",
        path=f"/hooks/{one.source}",
        headers=one.headers,
        query={},
        body=one.body,
        received_at=one.received_at,
    )


async def _state(store: SqlStore, number: int, why: str) -> str:
    job = await store.jobs.get(number)
    return f"there is no job {number}" if job is None else f"job {number} is {job.state}: {why}"


def _line(job: Job) -> str:
    alert = f"alert {job.alert_id}" if job.alert_id is not None else "no alert"
    when = _time(job.run_at) if job.run_at else "now"
    tried = f"{job.attempts} attempts" if job.attempts else ""
    words = [
        f"{job.id:>6}  {job.state:<9}  {when}  {job.name} by {job.by}, {alert}",
        tried,
        job.result,
    ]
    return "  ".join(word for word in words if word)


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


_INVALID = re.compile(
    r"\d+ validation errors? for [^\n]*\n(?P<field>\S[^\n]*)?\s*(?P<said>.+?) \[type=(?P<kind>\w+)",
    re.DOTALL,
)
_NAMED = re.compile(
    r"(?:[a-z]+\.)*(?P<name>[A-Z][A-Za-z]*(?:Error|Exception)): (?P<said>.*)", re.DOTALL
)
_SHAPE = re.compile(r"indices must be|object (?:is|has|does|cannot)|not supported between")
"""What Python says of a value that is of another kind than its reader takes it for."""

WHY_LIMIT = 200


def plain(why: str) -> str:
    """Return in a sentence what was wrong with a body, whatever words an error was kept in.

    >>> plain("KeyError: 'Type'")
    'the field Type is missing'
    """
    invalid, named = _INVALID.search(why), _NAMED.match(why)
    if invalid is not None:
        what = f"the field {invalid['field']}" if invalid["field"] else "the body"
        missing = invalid["kind"] == "missing"
        text = f"{what} is missing" if missing else f"{what} is not usable: {invalid['said']}"
    elif named is not None and named["name"] == "KeyError":
        text = f"the field {named['said'].strip(chr(39))} is missing"
    elif named is not None and _SHAPE.search(named["said"]):
        text = f"a field holds another kind of value than expected ({named['said']})"
    else:
        text = named["said"] if named is not None else why
    line = " ".join(text.split())
    return line if len(line) <= WHY_LIMIT else f"{line[: WHY_LIMIT - 1]}…"


def _trouble(error: Exception) -> str:
    """Return one line of what the database says."""
    return f"the database cannot be used now: {cause_of(error)}".splitlines()[0]
