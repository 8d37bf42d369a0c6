"""The words that a catalogue sorts its reasons by: who acts, how loud, what is lost."""

from enum import StrEnum

COMPLAINT = "complaint"
"""The table for complaints, which are no reason of a bounce."""


class Family(StrEnum):
    """Who must act, and so which bounces belong together in one alert."""

    LIST = "list"  # the address
    RECEIVER = "receiver"  # one operator refuses or fails
    OURS = "ours"  # our message or our set-up


class Severity(StrEnum):
    """How loud an alert is."""

    INFO = "info"
    NOTICE = "notice"
    URGENT = "urgent"


class FinalFor(StrEnum):
    """What a permanent failure with the reason condemns."""

    ADDRESS = "address"
    MESSAGE = "message"
    UNTIL_MENDED = "until mended"
    NOTHING = "nothing"
