"""The explanations of all names, kept ready: most questions are one, and it is answered at once."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import resolutions
from bot.cli.text.layout import wrapped
from bot.knowledge_cache import kept
from resolutions.catalogue.words import looked_up

if TYPE_CHECKING:
    from bot.cli.own_files import OwnFiles

KNOWLEDGE = Path(resolutions.__file__).parent


def ready(words: str, own: "OwnFiles") -> str | None:
    """Return the explanation of a name, None for all other words; raises SettingsError."""
    whole, joined, meanings = kept("explanations", _sources(own), lambda: _worked_out(own))
    entry = looked_up(words, whole, joined)
    if entry is None:
        return None
    meaning, because = entry
    return f"{meanings[meaning]}\n{why(because)}"


def why(because: str) -> str:
    """Return what follows the meaning: what of the question led to it."""
    return "\n" + wrapped(f"Why this one: {because}.")


def _sources(own: "OwnFiles") -> Iterator[Path]:
    yield KNOWLEDGE / "knowledge" / "catalogue.toml"
    if own.catalogue is not None:
        yield own.catalogue
    for folder in (Path(__file__).parent, KNOWLEDGE / "catalogue"):
        yield from (file for file in folder.iterdir() if file.suffix == ".py")


def _worked_out(own: "OwnFiles") -> Any:
    """Return for each name which meaning it has and why, and the meanings as they are shown."""
    from bot.cli.text.explanation import meaning
    from resolutions.catalogue.explain import named
    from resolutions.catalogue.names import Name, Names

    catalogue = own.resolutions()
    names = Names(catalogue.values())
    meanings: dict[str, str] = {}

    def entry(name: Name) -> tuple[str, str]:
        place = f"{name.word}/{name.variant}"
        answer = named(name, catalogue)
        if place not in meanings and answer.resolution is not None:
            meanings[place] = "\n".join(meaning(answer.resolution))
        return place, answer.because

    whole = {key: entry(name) for key, name in names.whole.items()}
    joined = {key: entry(name) for key, name in names.joined.items()}
    return whole, joined, meanings
