"""How servers word their bounces for people to read: whom such a text names, and why."""

from resolutions.mail.failure import Failure
from resolutions.mail.formats import carriers, exchange, gateways, servers, services
from resolutions.mail.formats.format import Format, several

FORMATS: dict[str, Format] = {
    **exchange.FORMATS,
    **gateways.FORMATS,
    **carriers.FORMATS,
    **services.FORMATS,
    **servers.FORMATS,
}
"""Tried in this order, the telling ones first; the first that finds a recipient is taken."""

READ_LIMIT = 32_768
"""Characters of the text for people that are looked at."""


def failures_in(text: str) -> list[Failure]:
    """Return the failures that a text for people tells of, if it has one of the known formats."""
    text = text[:READ_LIMIT]
    lower = text.lower()
    for entry, cues in _CUES:
        for cue in cues:
            if cue in lower:
                if failures := entry.failures_in(text):
                    return failures
                break
    return []


_CUES = [(entry, several(entry.cues)) for entry in FORMATS.values()]
