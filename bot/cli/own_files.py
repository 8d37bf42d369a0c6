"""What the people who run this installation know: rule files, and a catalogue over ours."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from bot.settings.source import SettingsError, read_configuration, rules_read

if TYPE_CHECKING:  # a question that is a name needs neither
    from resolutions.catalogue.resolution import Catalogue
    from resolutions.rules.rulebook import Rulebook


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

        with rules_read():
            return catalogue(self.catalogue)


@cache
def _rulebook(files: tuple[Path, ...]) -> "Rulebook":
    from bot.kept_knowledge import rulebook

    with rules_read():
        return rulebook(files)
