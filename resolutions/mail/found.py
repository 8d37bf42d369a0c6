"""What was found in a mail, before it is made a report of."""

from dataclasses import dataclass, field

from resolutions.mail.failure import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found in a mail: its failures, and the headers of the message that failed."""

    failures: list[Failure]
    original: dict[str, str] = field(default_factory=dict)
    envelope_id: str = ""
