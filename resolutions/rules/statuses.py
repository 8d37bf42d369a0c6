"""What enhanced status codes and reply codes mean when the words of a reply say nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from resolutions.reason import Reason

KNOWLEDGE = Path(__file__).parents[1] / "knowledge"


class Meaning(NamedTuple):
    """What a code means, and whether it says so precisely."""

    reason: Reason
    precise: bool


PlainStatuses = tuple[Mapping[str, tuple[str, bool]], Mapping[str, tuple[str, bool]]]
"""The reasons of statuses and of codes, and whether these are precise, in plain values."""


@dataclass(frozen=True, slots=True)
class Statuses:
    """What enhanced status codes and reply codes mean when the words say nothing."""

    statuses: Mapping[str, Meaning]
    codes: Mapping[str, Meaning]

    @classmethod
    def load(cls) -> "Statuses":
        """Return the shipped tables."""
        return cls.restored(read_statuses())

    @classmethod
    def restored(cls, plain: PlainStatuses) -> "Statuses":
        """Return the tables of which these are the plain values."""
        statuses, codes = (
            {code: Meaning(Reason(reason), precise) for code, (reason, precise) in table.items()}
            for table in plain
        )
        return cls(statuses, codes)

    def of_status(self, status: str) -> Meaning | None:
        """Return what an enhanced status means, e.g. "5.2.2"; with its class where that matters."""
        return self.statuses.get(status) or self.statuses.get(status[2:])

    def of_code(self, code: str) -> Meaning | None:
        """Return what a reply code means, e.g. "552"."""
        return self.codes.get(code)


def read(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file; raises ValueError that names the file."""
    import tomllib  # kept rules need none

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def read_statuses() -> PlainStatuses:
    """Return what the shipped file says of statuses and of codes."""
    data = read(KNOWLEDGE / "statuses.toml")
    precise, vague = _meanings(data["precise"], True), _meanings(data["vague"], False)
    return {**precise, **vague}, _meanings(data["codes"], False)


def _meanings(table: Mapping[str, list[str]], precise: bool) -> dict[str, tuple[str, bool]]:
    return {code: (reason, precise) for reason, codes in table.items() for code in codes}
