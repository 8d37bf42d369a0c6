"""The wheel is complete: what it holds alone answers, migrates and runs the demo."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """Build the wheel and unpack it where nothing of the checkout is."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    place = folder / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    return place


@pytest.fixture
def python(unpacked, tmp_path):
    """Run Python in an empty folder, with what the wheel holds before the checkout."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(unpacked)},
            check=False,
        )

    return run


@pytest.fixture
def bounce(python, unpacked):
    """Run the command of the unpacked wheel."""
    assert python("-c", "import bot; print(bot.__file__)").stdout.startswith(str(unpacked))
    return lambda *arguments: python("-m", "bot.cli.main", *arguments)


def test_explain_answers_from_the_wheel(bounce):
    done = bounce("explain", "quota")

    assert done.returncode == 0, done.stderr
    assert "Quota issues" in done.stdout or "quota-issues" in done.stdout


def test_the_manifest_is_in_the_wheel(bounce):
    done = bounce("manifest")

    assert done.returncode == 0, done.stderr
    assert "/bounce" in done.stdout


def test_the_demo_runs_from_the_wheel(bounce):
    done = bounce("demo", "--once", "--port", "0", "--json")

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert len(report["alerts"]) >= 12
    assert len({alert["source"] for alert in report["alerts"]}) >= 6
    assert report["violations"] == []
