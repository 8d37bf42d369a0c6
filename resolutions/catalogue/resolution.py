"""What is known about a reason: what it means, who acts, what to do, which buttons."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from resolutions.catalogue.family import COMPLAINT as COMPLAINT
from resolutions.catalogue.family import Family as Family
from resolutions.catalogue.family import FinalFor as FinalFor
from resolutions.catalogue.family import Severity as Severity
from resolutions.catalogue.texts import LOST
from resolutions.reason import Reason

KNOWN = Path(__file__).parents[1] / "knowledge" / "catalogue.toml"

HINTED_LIMIT = 16_384
"""Characters of replies in which hints are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A special case of a reason (greylisted, forwarded, null-mx ...) with words of its own.

    `owner` is empty where the same person acts as for the reason.
    """

    name: str
    title: str
    summary: str
    explanation: str
    steps: tuple[str, ...]
    owner: str = ""
    aliases: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hint:
    """A step that is given only where an expression is found in the reply of the server.

    Most name the way that one receiver or list has for senders.
    """

    reply: str
    step: str

    def fits(self, reply: str) -> bool:
        """Tell whether the reply is of the kind that the step is for."""
        return re.search(self.reply, reply, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """One table of the catalogue.

    `word` is the reason's id, or "complaint". `title` heads an alert ("Full mailboxes"),
    `summary` is half a sentence for a terminal ("the inbox is full"). `actions` are the words of
    `handlers.actions`, best first; those not registered are not shown. `aliases` are how people
    say it, `samples` replies that mean it, `checks` what a server admin looks at,
    `hints` the steps that only some replies call for.
    """

    word: str
    reason: Reason
    title: str
    summary: str
    explanation: str
    steps: tuple[str, ...]
    owner: str
    severity: Severity
    family: Family
    final_for: FinalFor
    actions: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    hints: tuple[Hint, ...] = ()
    variants: tuple[Variant, ...] = ()

    @property
    def lost(self) -> str:
        """Whether the address is lost, in a sentence."""
        return LOST[self.final_for]

    def special(self, variant: str) -> Self:
        """Return the resolution in the words of one of its variants; itself for any other word."""
        for special in self.variants:
            if special.name == variant:
                return replace(
                    self,
                    title=special.title,
                    summary=special.summary,
                    explanation=special.explanation,
                    steps=special.steps,
                    owner=special.owner or self.owner,
                    aliases=special.aliases or self.aliases,
                    samples=special.samples or self.samples,
                )
        return self

    def hinted(self, *replies: str) -> Self:
        """Return the resolution with the steps that hold for such replies before all others."""
        text = "\n".join(replies)[:HINTED_LIMIT]
        first = tuple(hint.step for hint in self.hints if hint.fits(text))
        return replace(self, steps=(*first, *self.steps)) if first else self


def tables(override: Path | None = None) -> dict[str, Any]:
    """Return the tables of the shipped catalogue with an operator's own keys, as they are written.

    Raises ValueError naming the file, the table and the key that cannot be used.
    """
    import tomllib  # a catalogue that is kept needs none

    shipped = tomllib.loads(KNOWN.read_text(encoding="utf-8"))
    if override is None:
        return shipped
    from resolutions.catalogue.override import overridden

    return overridden(shipped, override)


class Catalogue(Mapping[str, Resolution]):
    """The resolutions by word: the 25 reasons and "complaint"."""

    def __init__(self, resolutions: Mapping[str, Resolution]) -> None:
        self._resolutions = dict(resolutions)

    @classmethod
    def load(cls, override: Path | None = None) -> Self:
        """Return the shipped catalogue, single keys replaced by those of an operator's file.

        Raises ValueError naming the file, the table and the key that cannot be used.
        """
        return cls.made_of(tables(override))

    @classmethod
    def made_of(cls, tables: Mapping[str, Any]) -> Self:
        """Return the catalogue of such tables as `tables` returns."""
        return cls({word: _resolution(word, table) for word, table in tables.items()})

    def of(self, reason: Reason, *, complaint: bool = False) -> Resolution:
        """Return what is to be done about a reason, or about complaints."""
        return self._resolutions[COMPLAINT if complaint else reason.value]

    def __getitem__(self, word: str) -> Resolution:
        return self._resolutions[word]

    def __iter__(self) -> Iterator[str]:
        return iter(self._resolutions)

    def __len__(self) -> int:
        return len(self._resolutions)


def _resolution(word: str, table: Mapping[str, Any]) -> Resolution:
    return Resolution(
        word=word,
        reason=Reason.SPAM_RELATED if word == COMPLAINT else Reason(word),
        title=table["title"],
        summary=table["summary"],
        explanation=table["explanation"],
        steps=tuple(table["steps"]),
        owner=table["owner"],
        severity=Severity(table["severity"]),
        family=Family(table["family"]),
        final_for=FinalFor(table["final_for"]),
        actions=tuple(table["actions"]),
        aliases=tuple(table.get("aliases", ())),
        samples=tuple(table.get("samples", ())),
        checks=tuple(table.get("checks", ())),
        hints=tuple(Hint(hint["reply"], hint["step"]) for hint in table.get("hints", ())),
        variants=tuple(
            _variant(name, variant) for name, variant in table.get("variants", {}).items()
        ),
    )


def _variant(name: str, table: Mapping[str, Any]) -> Variant:
    return Variant(
        name=name,
        title=table["title"],
        summary=table["summary"],
        explanation=table["explanation"],
        steps=tuple(table["steps"]),
        owner=table.get("owner", ""),
        aliases=tuple(table.get("aliases", ())),
        samples=tuple(table.get("samples", ())),
    )
