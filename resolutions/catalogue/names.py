"""How people call the entries of the catalogue: exactly, inside other words, or misspelt."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from resolutions.catalogue.resolution import Resolution, Variant
from resolutions.catalogue.words import FILLER, looked_up, plain, telling

ASKED_LIMIT = 60
"""Characters up to which a question may be a misspelt name."""

ALIKE = 0.78
"""How alike two words must be to be taken for the same one misspelt (1.0 is equal)."""

JOINED_LENGTH = 6
"""Letters of the shortest name that is also known without its spaces."""


NAME_LENGTH = 6
"""Words of the longest name that is looked for inside others."""


@dataclass(frozen=True, slots=True)
class Name:
    """What an entry of the catalogue, or one of its variants, is called.

    `decides` tells that the name makes up most of what was asked, and nothing else does.
    """

    word: str
    variant: str
    spoken: str
    decides: bool = False


class Names:
    """Every name of a catalogue, in the plain form in which words are compared.

    `whole` are the names as they are, `joined` the long ones without their spaces.
    """

    def __init__(self, resolutions: Iterable[Resolution]) -> None:
        self.whole: dict[str, Name] = {}
        spoken = [(plain(name.spoken), name) for name in _all_names(resolutions)]
        for key, name in spoken:
            self.whole.setdefault(key, name)
        for key, name in spoken:
            if short := telling(key):
                self.whole.setdefault(short, name)
        self.joined = {
            key.replace(" ", ""): name
            for key, name in reversed(self.whole.items())
            if len(key) >= JOINED_LENGTH
        }

    def exact(self, words: str) -> Name | None:
        """Return what is called so, whatever its spelling with spaces, hyphens and capitals."""
        return looked_up(words, self.whole, self.joined)

    def inside(self, words: str) -> list[Name]:
        """Return the names that stand inside the words, the longest first."""
        asked = telling(plain(words)).split()
        by_entry: dict[tuple[str, str], _Inside] = {}
        for length in range(min(len(asked), NAME_LENGTH), 0, -1):
            for at in range(len(asked) - length + 1):
                name = self.whole.get(" ".join(asked[at : at + length]))
                if name is not None:
                    inside = by_entry.setdefault((name.word, name.variant), _Inside(name, length))
                    inside.places.update(range(at, at + length))
        return _decided(list(by_entry.values()), len(asked))

    def like(self, words: str) -> list[Name]:
        """Return the names that the words may be meant for: misspelt, or a part of them."""
        asked = plain(words)
        if not telling(asked) or len(asked) > ASKED_LIMIT:
            return []
        from difflib import get_close_matches

        near = [self.whole.get(self._spelt(asked)), self.whole.get(telling(self._spelt(asked)))]
        near += [self.whole[key] for key in get_close_matches(asked, self.whole, 3, ALIKE)]
        near += self._parts(set(telling(asked).split()))
        return list(dict.fromkeys(name for name in near if name is not None))

    def _spelt(self, asked: str) -> str:
        """Return the words with each unknown one replaced by the known one most like it."""
        from difflib import get_close_matches

        vocabulary = {word for key in self.whole for word in key.split()} | FILLER
        return " ".join(
            word
            if word in vocabulary
            else (get_close_matches(word, vocabulary, 1, ALIKE) or [word])[0]
            for word in asked.split()
        )

    def _parts(self, asked: set[str]) -> Iterator[Name]:
        """Yield the names that hold all the words that were asked for."""
        if asked:
            yield from (name for key, name in self.whole.items() if asked <= set(key.split()))


@lru_cache(2)
def names_of(resolutions: tuple[Resolution, ...]) -> Names:
    """Return the names of a catalogue's resolutions, worked out once."""
    return Names(resolutions)


def _all_names(resolutions: Iterable[Resolution]) -> Iterator[Name]:
    """Yield the names people know best first: the words, the titles, then the aliases."""
    entries = list(_entries(resolutions))
    yield from (Name(word, variant, variant or word) for word, variant, _ in entries)
    yield from (Name(word, variant, entry.title) for word, variant, entry in entries)
    for word, variant, entry in entries:
        yield from (Name(word, variant, alias) for alias in entry.aliases)


def _entries(
    resolutions: Iterable[Resolution],
) -> Iterator[tuple[str, str, Resolution | Variant]]:
    for resolution in resolutions:
        yield resolution.word, "", resolution
        for variant in resolution.variants:
            yield resolution.word, variant.name, variant


@dataclass(frozen=True, slots=True)
class _Inside:
    """A name that stands inside a question: its length, and the places of all such names."""

    name: Name
    length: int
    places: set[int] = field(default_factory=set)


def _decided(candidates: list[_Inside], asked: int) -> list[Name]:
    """Mark the first name as deciding if it covers most of the words and no other is as long."""
    names = [candidate.name for candidate in candidates]
    if not candidates or any(other.length == candidates[0].length for other in candidates[1:]):
        return names
    covered = 2 * len(candidates[0].places)
    if covered > asked or (covered == asked and candidates[0].length > 1):
        names[0] = replace(names[0], decides=True)
    return names
