"""The rulebook, compiled once for as long as no rule file changes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.knowledge_cache import kept
from resolutions.rules.rulebook import Rulebook


def rulebook(own: Sequence[Path] = ()) -> Rulebook:
    """Return the shipped rules after those of the operator's own files.

    Raises ValueError naming the file and the entry that cannot be used.
    """
    return Rulebook(kept("rules", Rulebook.sources(own), lambda: _compiled(own)))


def _compiled(own: Sequence[Path]) -> tuple[Any, ...]:
    from resolutions.rules.compiled import compiled_files  # kept rules need no TOML

    return tuple(compiled_files(own))
