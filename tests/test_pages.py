"""The pages for people: what they link to and name exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "findings").glob("*.md")]
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
NAMED = re.compile(r"`((?:bot|handlers|resolutions|tests|training|docs)/[\w/.-]+)`")
INVENTED = {"acme", "acme.py", "take.py", "NAME.py"}
"""What pages tell people to make."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_links_to_and_names_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    linked = [page.parent / target for target in LINK.findall(text)]
    named = [ROOT / path for path in NAMED.findall(text) if Path(path).name not in INVENTED]

    missing = [path for path in linked + named if not there(path)]

    assert missing == []


def test_every_finding_is_listed_and_every_decision_has_its_place() -> None:
    findings = {path.name for path in (ROOT / "findings").glob("*.sh")}
    decisions = {path.name for path in (ROOT / "docs" / "adr").glob("0*.md")}

    assert (
        set(re.findall(r"\(([\w-]+\.sh)\)", (ROOT / "findings/README.md").read_text())) == findings
    )
    assert (
        set(re.findall(r"\((0[\w-]+\.md)\)", (ROOT / "docs/adr/README.md").read_text()))
        == decisions
    )


def there(path: Path) -> bool:
    return path.exists() or path.with_suffix(".py").exists()
