"""The rules, the likeness and the catalogue: read once as long as none of their files changes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bot.knowledge_cache import kept
from resolutions.catalogue.resolution import KNOWN, Catalogue, tables
from resolutions.diagnosis import classifier
from resolutions.diagnosis.classifier import Likeness, Model
from resolutions.rules.rulebook import Rulebook


def rulebook(own: Sequence[Path] = ()) -> Rulebook:
    """Return the shipped rules after those of the operator's own files.

    Raises ValueError naming the file and the entry that cannot be used.
    """
    Likeness.keep = _kept_likeness
    return Rulebook(kept("rules", Rulebook.sources(own), lambda: _compiled(own)))


def catalogue(own: Path | None = None) -> Catalogue:
    """Return the shipped catalogue with the changes of an operator's own file.

    Raises ValueError naming the file, the table and the key that cannot be used.
    """
    sources = (KNOWN, KNOWN.parents[1] / "catalogue" / "override.py", *filter(None, [own]))
    return Catalogue.made_of(kept("catalogue", sources, lambda: tables(own)))


def _kept_likeness(make: Callable[[], Model]) -> Model:
    model: Model = kept("likeness", (classifier.FILE, Path(classifier.__file__)), make)
    return model


def _compiled(own: Sequence[Path]) -> tuple[Any, ...]:
    from resolutions.rules.compiled import compiled_files  # kept rules need no TOML

    return tuple(compiled_files(own))
