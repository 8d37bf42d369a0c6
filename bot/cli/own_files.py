"""What the people who run this installation know: rule files, and a catalogue over ours."""

import gc
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar

from bot.settings.source import SettingsError, read_configuration

if TYPE_CHECKING:  # a question that is a name needs neither
    from resolutions.catalogue.resolution import Catalogue
    from resolutions.rules.rulebook import Rulebook

Loaded = TypeVar("Loaded")


class OwnFiles(NamedTuple):
    """The files that [rules] of the configuration names."""

    rules: tuple[Path, ...] = ()
    catalogue: Path | None = None

    @classmethod
    def of(cls, config: Path | None) -> Self:
        """Return the files of a configuration; raises SettingsError."""
        table = read_configuration(config, only=("rules",)).get("rules", {})
        files = table.get("files", []) if isinstance(table, dict) else None
        if not isinstance(files, list):
            raise SettingsError('rules.files: must be a list of files, e.g. files = ["own.toml"]')
        catalogue = table.get("catalogue")
        return cls(
            tuple(Path(str(name)) for name in files), Path(str(catalogue)) if catalogue else None
        )

    def rulebook(self) -> "Rulebook":
        """Return the own rules and the shipped ones behind them, read once a process.

        Raises SettingsError.
        """
        return _rulebook(self.rules)

    def resolutions(self) -> "Catalogue":
        """Return the shipped catalogue with the own changes; raises SettingsError."""
        from bot.kept_knowledge import catalogue

        return _usable(partial(catalogue, self.catalogue))


@cache
def _rulebook(files: tuple[Path, ...]) -> "Rulebook":
    """Read a rulebook; meanwhile nothing becomes garbage in cycles, so nobody looks for it."""
    from bot.kept_knowledge import rulebook

    looking = gc.isenabled()
    gc.disable()
    try:
        return _usable(partial(rulebook, files))
    finally:
        if looking:
            gc.enable()


def _usable(load: Callable[[], Loaded]) -> Loaded:
    try:
        return load()
    except (OSError, ValueError) as error:
        raise SettingsError(f"rules: {error}; mend the file or leave it out") from error
