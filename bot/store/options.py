"""How the store is to behave: times of posting and limits of the intake."""

from dataclasses import dataclass
from datetime import timedelta

from resolutions.operator import Operators


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When an alert is posted, updated and closed.

    `group_wait` passes before the first post; then each of `update_steps` before the next update,
    the last of them again and again; `close_after` without news closes it.
    """

    group_wait: timedelta = timedelta(seconds=10)
    update_steps: tuple[timedelta, ...] = (
        timedelta(seconds=30),
        timedelta(minutes=1),
        timedelta(minutes=2),
        timedelta(minutes=5),
        timedelta(minutes=15),
    )
    close_after: timedelta = timedelta(hours=24)

    def step(self, updates: int) -> timedelta:
        """Return the wait after so many updates."""
        return self.update_steps[min(updates, len(self.update_steps) - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much the intake writes at once and lets wait.

    A request over `group_bytes` or `group_rows` is a group of its own. `seconds` is how long a
    request waits for its commit: less than the shortest time-out of a provider (5 s).
    """

    group_rows: int = 1_000
    group_bytes: int = 4 * 1024 * 1024
    waiting_requests: int = 1_000
    waiting_bytes: int = 48 * 1024 * 1024
    seconds: float = 4.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long is kept what requests said (`raw`, and the quarantine), events, the audit log."""

    raw: timedelta = timedelta(days=30)
    events: timedelta = timedelta(days=90)
    audit: timedelta = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `SqlStore.open` needs to know beside the address of the database.

    Alerts are posted in `channel`, notes that belong to none in `admin_channel`. With `alone`, a
    second process on one SQLite file is refused: `serve` wants that, the command line does not.
    `own_clock` makes leases follow the clock of the process instead of PostgreSQL's (tests).
    """

    channel: str = ""
    admin_channel: str = ""
    operators: Operators | None = None
    timing: Timing = Timing()
    limits: Limits = Limits()
    retention: Retention = Retention()
    alone: bool = True
    own_clock: bool = False
