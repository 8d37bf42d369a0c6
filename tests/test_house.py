"""The house: names agree everywhere, registries list their folders, modules stay small."""

import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from handlers.actions import BUTTONS, TASKS
from handlers.providers import PROVIDERS
from handlers.tickets import TICKETS
from resolutions.catalogue.resolution import Catalogue
from resolutions.reason import Reason

ACTIONS = {**BUTTONS, **TASKS}
ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "handlers", "resolutions")
COMING = {"check_domain", "contact_recipient", "find_alternative", "pause"}
"""Words of the catalogue whose buttons are not built yet; they are not shown."""


def entries(folder: str) -> set[str]:
    """Return what stands in a folder: modules, and folders of modules."""
    paths = (ROOT / folder).iterdir()
    return {path.stem for path in paths if path.suffix == ".py" or path.is_dir()} - {
        "__init__",
        "__pycache__",
    }


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]


@pytest.mark.parametrize(
    ("folder", "registry"),
    [
        ("handlers/providers", PROVIDERS),
        ("handlers/actions", ACTIONS),
        ("handlers/tickets", TICKETS),
    ],
)
def test_a_folder_and_its_registry_list_the_same(folder, registry):
    package = folder.replace("/", ".")
    places = {word: f"{entry.__module__}." for word, entry in registry.items()}

    assert entries(folder) == set(registry)
    assert all(entry.name == word for word, entry in registry.items())
    assert all(place.startswith(f"{package}.{word}.") for word, place in places.items())


def test_each_provider_has_recordings():
    folder = ROOT / "tests" / "handlers" / "providers"

    recorded = {path.name for path in folder.iterdir() if list(path.glob("*.http"))}

    assert recorded == set(PROVIDERS)


def test_each_button_of_the_catalogue_is_known():
    words = {word for resolution in Catalogue.load().values() for word in resolution.actions}

    assert words - set(BUTTONS) == COMING


def test_the_catalogue_has_each_reason_and_the_complaint():
    assert set(Catalogue.load()) == {reason.value for reason in Reason} | {"complaint"}


def test_modules_stay_small():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sources()
        if (lines := path.read_text("utf-8").count("\n")) > 400
    }

    assert long == {}


def test_no_folder_holds_more_modules_than_can_be_taken_in():
    counts = Counter(str(path.parent.relative_to(ROOT)) for path in sources())

    assert {folder: count for folder, count in counts.items() if count > 20} == {}


def test_no_two_public_classes_have_one_name():
    named = Counter(
        name
        for path in sources()
        for name in re.findall(r"^class ([A-Z]\w*)", path.read_text("utf-8"), re.MULTILINE)
    )

    assert [name for name, count in named.items() if count > 1] == []


def test_every_module_opens_with_a_docstring():
    assert [path for path in sources() if not path.read_text("utf-8").startswith('"""')] == []


def test_init_modules_hold_a_docstring_only_but_for_the_registries():
    registries = {ROOT / "handlers" / name for name in ("providers", "actions", "tickets")}
    registries |= {ROOT / "resolutions" / "mail" / name for name in ("readers", "formats")}
    inits = [path for path in sources() if path.name == "__init__.py"]

    full = [path for path in inits if path.parent not in registries and _code(path)]

    assert full == []


def _code(path: Path) -> str:
    return re.sub(r'\A""".*?"""', "", path.read_text("utf-8"), flags=re.DOTALL).strip()


def test_no_exception_is_made_in_passing():
    marks = re.compile(r"#\s*(noqa|type:\s*ignore)")

    assert [path for path in sources() if marks.search(path.read_text("utf-8"))] == []


def test_one_module_prints():
    printing = [path for path in sources() if re.search(r"^\s*print\(", path.read_text(), re.M)]

    assert printing == [ROOT / "bot" / "cli" / "output.py"]


def test_bot_names_no_reason_provider_or_button():
    words = set(PROVIDERS) | set(ACTIONS) | {reason.value for reason in Reason if "-" in reason}
    quoted = re.compile(r'"([a-z_-]+)"|\b(Reason\.(?!UNKNOWN)[A-Z_]+)')
    common = {"resend", "dsn", "generic", "move", "stop", "cancel", "retry"}
    named = {
        f"{path.relative_to(ROOT)}: {member or word}"
        for path in (ROOT / "bot").rglob("*.py")
        if "sandbox" not in path.parts
        for word, member in quoted.findall(path.read_text("utf-8"))
        if member or word in words - common
    }

    assert named == set()


@pytest.mark.process
def test_what_knows_starts_without_what_speaks():
    script = (
        "import sys, resolutions.diagnosis.diagnose, resolutions.mail.read, resolutions.alert;"
        "print({'aiohttp', 'slack_sdk', 'sqlalchemy', 'pydantic'} & set(sys.modules))"
    )

    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True
    )

    assert found.stdout.strip() == "set()"


def test_every_version_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(name for extra in extras for name in extra)]
    pinned = {
        _plain(line.partition("==")[0])
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if "==" in line
    }

    assert {_plain(re.split(r"[\[>=<]", each)[0]) for each in wanted} <= pinned


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_no_package_index_is_named():
    assert "://" not in (ROOT / "constraints.txt").read_text("utf-8")
