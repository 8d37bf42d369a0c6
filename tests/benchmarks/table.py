"""What a benchmark measured, and how it is printed."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

HEAD = ("what", "measured", "baseline", "ratio", "wanted", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One number. `wanted` is at least, or with `most` at most, what product and ratio shall be.

    A baseline is measured in the same run, on the same machine; with `of_baseline` the wanted
    number is the ratio to it.
    """

    what: str
    measured: float
    unit: str
    wanted: float | None = None
    most: bool = False
    baseline: float | None = None
    of_baseline: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The number measured by that of the baseline."""
        return self.measured / self.baseline if self.baseline else None

    @property
    def verdict(self) -> str:
        """Return "ok", "short", or nothing where nothing is wanted."""
        value = self.ratio if self.of_baseline else self.measured
        if self.wanted is None or value is None:
            return ""
        return "ok" if (value <= self.wanted if self.most else value >= self.wanted) else "short"

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as it is printed."""
        sign = "at most" if self.most else "at least"
        unit = "x" if self.of_baseline else f" {self.unit}"
        wanted = "" if self.wanted is None else f"{sign} {number(self.wanted)}{unit}"
        return (
            self.what,
            f"{number(self.measured)} {self.unit}",
            "" if self.baseline is None else f"{number(self.baseline)} {self.unit}",
            "" if self.ratio is None else f"{self.ratio:.1f}",
            wanted,
            f"{self.verdict}  {self.note}".strip(),
        )


def show(rows: Sequence[Row]) -> None:
    """Print a table."""
    cells = [HEAD, *(row.cells for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(HEAD) - 1)]
    for line in cells:
        padded = [text.ljust(width) for text, width in zip(line, widths, strict=False)]
        sys.stdout.write("  ".join([*padded, line[-1]]).rstrip() + "\n")
    sys.stdout.flush()


def number(value: float) -> str:
    """Return a number as people read it.

    >>> number(31234.5), number(4.25), number(0.018)
    ('31,234', '4.2', '0.018')
    """
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.3f}"


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value below which a part of the values lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]
