"""What is worked out of the knowledge is kept, and never believed when it may be another's."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.knowledge_cache import kept

VALUE = {"rules": ("mailbox full", 3, None, b"\x00", [1.5], frozenset({"a"}))}


class Maker:
    """Makes a value and counts how often it was asked."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> Any:
        self.made += 1
        return VALUE


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "rules.toml"
    file.write_text("a rule")
    return file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "bounce-desk"


@pytest.fixture
def make() -> Maker:
    return Maker()


def test_it_is_made_once(source: Path, folder: Path, make: Maker) -> None:
    assert kept("rules", [source], make) == VALUE

    assert kept("rules", [source], make) == VALUE
    assert make.made == 1
    [file] = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)


def test_it_is_made_anew_when_a_source_changes(source: Path, folder: Path, make: Maker) -> None:
    kept("rules", [source], make)
    source.write_text("another rule")

    kept("rules", [source], make)

    assert make.made == 2
    assert len([*folder.iterdir()]) == 1


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-10])


def _fill_with_noise(file: Path) -> None:
    file.write_bytes(b"\xff" * 100)


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _open_to_all(file: Path) -> None:
    file.chmod(0o666)


def _open_the_folder(file: Path) -> None:
    file.parent.chmod(0o777)


@pytest.mark.parametrize("spoil", [_cut, _fill_with_noise, _empty, _open_to_all, _open_the_folder])
def test_what_is_damaged_or_open_to_others_is_not_read(
    source: Path, folder: Path, make: Maker, spoil: Callable[[Path], None]
) -> None:
    kept("rules", [source], make)
    [file] = folder.iterdir()
    spoil(file)

    assert kept("rules", [source], make) == VALUE

    assert make.made == 2


def test_what_another_user_wrote_is_not_read(
    source: Path, folder: Path, make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept("rules", [source], make)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)

    assert kept("rules", [source], make) == VALUE

    assert make.made == 2


def test_where_nothing_can_be_written_it_is_made_each_time(
    source: Path, tmp_path: Path, make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(source))

    assert kept("rules", [source], make) == VALUE
    assert kept("rules", [source], make) == VALUE

    assert make.made == 2


def test_a_relative_directory_is_ignored(
    source: Path, tmp_path: Path, make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    monkeypatch.setenv("HOME", str(tmp_path))

    kept("rules", [source], make)

    assert [*(tmp_path / ".cache" / "bounce-desk").iterdir()]


def test_a_missing_source_is_for_the_maker_to_tell(folder: Path, tmp_path: Path) -> None:
    def make() -> Any:
        raise ValueError("no such file")

    with pytest.raises(ValueError, match="no such file"):
        kept("rules", [tmp_path / "absent.toml"], make)
