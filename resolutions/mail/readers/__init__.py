"""The ways in which a mail says that it was not delivered, a module each.

A reader returns what a mail says of each recipient, nothing where the mail is not of its kind.
"""

from collections.abc import Callable

from resolutions.mail.failure import Failure
from resolutions.mail.mail import Mail
from resolutions.mail.readers import (
    arf,
    dsn,
    free_text,
    known_format,
    no_bounce,
    receipt,
    ses_notification,
)

Reader = Callable[[Mail], list[Failure]]

READERS: tuple[Reader, ...] = (
    receipt.read,
    dsn.read,
    arf.read,
    ses_notification.read,
    dsn.read_in_text,
    known_format.read,
)
"""Tried in this order: the first that finds anything has understood the mail."""

GUESSES: tuple[Reader, ...] = (free_text.read, no_bounce.read)
"""Tried behind them, where the mail does not merely pass on one that is understood."""
