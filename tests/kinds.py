"""Kinds of tests: what they need marks them, and a run can leave kinds out (`-m "not slow"`).

`browser` and `postgres` are found by the fixtures that a test asks for, and `process` is written
beside a test that starts a process; one that starts a process without it fails. Each of the three
makes a test `slow`, as does the mark itself.
"""

import gc
import os
import sys
from collections.abc import Generator, Iterator, Sequence

import pytest

STRICT = os.environ.get("BOUNCE_TEST_STRICT") == "1"
APART = ("browser", "postgres", "process")
"""The kinds that need more than this process."""

STARTS = {"subprocess.Popen", "os.fork", "os.posix_spawn"}
_started: list[str] = []


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by what it needs."""
    for item in items:
        for kind in _needed(item):
            item.add_marker(kind)
        if any(item.get_closest_marker(kind) for kind in APART):
            item.add_marker("slow")


def _needed(item: pytest.Item) -> Iterator[str]:
    fixtures = getattr(item, "fixturenames", ())
    if "browser" in fixtures:
        yield "browser"
    callspec = getattr(item, "callspec", None)
    on_postgres = callspec is not None and "postgresql" in callspec.params.values()
    if on_postgres or ("postgres" in fixtures and "database_url" not in fixtures):
        yield "postgres"


def pytest_report_collectionfinish(items: Sequence[pytest.Item]) -> str:
    """Say how many tests are of which kind."""
    counts = {kind: _count(items, kind) for kind in ("slow", *APART)}
    share = (counts["browser"] + counts["process"]) / max(len(items), 1)
    kinds = ", ".join(f"{number} {kind}" for kind, number in counts.items())
    return f"{kinds}; {share:.1%} need a browser or a process"


def _count(items: Sequence[pytest.Item], kind: str) -> int:
    return sum(item.get_closest_marker(kind) is not None for item in items)


def pytest_collection_finish() -> None:
    """Take the tests themselves for no garbage: to look through all of them again takes long."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a skip a failure where the tests are to be complete."""
    report = yield
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped although BOUNCE_TEST_STRICT=1: {report.longrepr}"
    return report


def pytest_configure() -> None:
    """Listen for processes that tests start."""
    sys.addaudithook(lambda event, _: _started.append(event) if event in STARTS else None)


@pytest.fixture(autouse=True)
def processes_are_marked(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that starts a process and does not say so."""
    _started.clear()
    yield
    if _started and not any(request.node.get_closest_marker(kind) for kind in APART):
        pytest.fail("it starts a process: mark it with pytest.mark.process")
