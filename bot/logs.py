"""Log lines as JSON, one a line, on stderr; addresses in them are shortened."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

from resolutions.masking import mask

ADDRESS = re.compile(r"[^\s<>()\[\]\",;:'=]{1,64}@[\w.\-]{1,190}\w")
"""What looks like an email address; bounded, so that no text can make it run away."""

TEXT_LIMIT = 16_384
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


def set_up_logs(level: int = logging.INFO, stream: Any = None) -> None:
    """Let every logger write JSON lines to the stream (stderr), from `level` on."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


class JsonLines(logging.Formatter):
    """One JSON object a record: time, level, logger, text, what `extra` holds, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; it never holds a whole address."""
        entry: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "text": record.getMessage(),
            **{key: value for key, value in vars(record).items() if key not in _OWN},
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps({key: shortened(value) for key, value in entry.items()})


def shortened(value: Any) -> Any:
    """Return a value that may be logged: a number as it is, everything else as text, masked."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return ADDRESS.sub(lambda found: mask(found[0]), str(value)[:TEXT_LIMIT])


_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
