"""Log lines as JSON, one a line, on stderr; addresses in them are shortened."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from sqlalchemy.exc import OperationalError

from bot.store.sql.database import cause_of
from handlers.errors import PermanentError, TemporaryError
from resolutions.masking import mask

ADDRESS = re.compile(r"[^\s<>()\[\]\",;:'=]{1,64}@[\w.\-]{1,190}\w")
"""What looks like an email address; bounded, so that no text can make it run away."""

TEXT_LIMIT = 16_384
WHY_LIMIT = 500
QUIET = (
    "aiohttp",
    "aiosqlite",
    "alembic",
    "asyncio",
    "mail.log",
    "slack_bolt",
    "slack_sdk",
    "sqlalchemy",
)
"""Libraries whose warnings are enough."""


OUTSIDE = (OSError, ClientError, SlackApiError, TemporaryError, PermanentError, OperationalError)
"""Trouble that is no bug of ours: its words are enough, a traceback would hide them."""

REPEAT_SECONDS = 60.0
"""How long a warning that says the same again is only counted."""

REMEMBERED = 200
"""Warnings that are remembered for it."""


def set_up_logs(level: int = logging.INFO, stream: Any = None) -> None:
    """Let every logger write JSON lines to the stream (stderr), from `level` on."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    handler.addFilter(RepeatedWarnings())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


class JsonLines(logging.Formatter):
    """One JSON object a record: time, level, logger, text, what `extra` holds, and an error.

    Of trouble outside `why` tells, of any other error the traceback.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; it never holds a whole address."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return json.dumps({"at": at, **entry_of(record)})


class RepeatedWarnings(logging.Filter):
    """Lets a warning pass once a minute; the next one tells how often it was `repeated` between.

    What is tried again every second (Slack does not answer) would else fill the log.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is to be written."""
        if record.levelno < logging.WARNING:
            return True
        key = json.dumps(entry_of(record))
        since, repeated = self._seen.pop(key, (-REPEAT_SECONDS, 0))
        if record.created - since < REPEAT_SECONDS:
            self._seen[key] = since, repeated + 1
            return False
        if len(self._seen) >= REMEMBERED:
            del self._seen[next(iter(self._seen))]
        self._seen[key] = record.created, 0
        if repeated:
            record.repeated = repeated
        return True


def entry_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return what a record says, without its time."""
    entry: dict[str, Any] = {
        "level": record.levelname.lower(),
        "logger": record.name,
        "text": record.getMessage(),
        **{key: value for key, value in vars(record).items() if key not in _OWN},
    }
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, OUTSIDE):
        entry.setdefault("why", _why(error))
    elif record.exc_info and error is not None:
        entry["traceback"] = _FORMATTER.formatException(record.exc_info)
    return {key: shortened(value) for key, value in entry.items()}


def shortened(value: Any) -> Any:
    """Return a value that may be logged: a number as it is, everything else as text, masked."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return ADDRESS.sub(lambda found: mask(found[0]), str(value)[:TEXT_LIMIT])


def _why(error: BaseException) -> str:
    """Return one line: what went wrong, without the statement that the database was given."""
    cause = cause_of(error)
    return f"{type(cause).__name__}: {' '.join(str(cause).split())}"[:WHY_LIMIT]


_FORMATTER = logging.Formatter()
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
