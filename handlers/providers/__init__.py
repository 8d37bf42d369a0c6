"""The registry of providers: one line for each."""

from handlers.provider import Provider

PROVIDERS: dict[str, type[Provider]] = {}
