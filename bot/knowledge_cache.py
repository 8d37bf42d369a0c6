"""What is worked out of the files of the knowledge, kept from one run to the next.

Reading the rules from TOML takes some hundred times as long as a short command should. So what
comes of it is kept beside: plain values in Python's own `marshal` form, in the user's cache
directory. It is only ever a copy: what is missing, stale, damaged or not surely our own is made
anew, and what cannot be written is not kept. Nothing of it is an error.
"""

import marshal
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

FOLDER = "bounce-desk"
OTHERS = stat.S_IRWXG | stat.S_IRWXO
"""What anybody but the owner may do: `marshal` is not safe with what a stranger has written."""


def kept(name: str, sources: Iterable[Path], make: Callable[[], Any]) -> Any:
    """Return what `make` returned when the sources were as they are now, or what it returns.

    Its value is plain: None, numbers, text, bytes, and tuples, lists, sets and dicts of these.
    `sources` are all files on which the value depends, the modules that make it among them; one
    that changed its size or time makes it stale. What `make` raises is raised.
    """
    try:
        fingerprint = _fingerprint(sources)
    except OSError:
        return make()  # it says best which file is missing
    path = _path(name, fingerprint)
    if path is None:
        return make()
    with suppress(OSError, EOFError, ValueError, TypeError):
        of, value = marshal.loads(_read(path))
        if of == fingerprint:
            return value
    value = make()
    with suppress(OSError):
        _write(path, marshal.dumps((fingerprint, value)))
    return value


Fingerprint = tuple[tuple[str, int, int], ...]
"""Each source's path, size and time of change in nanoseconds."""


def _fingerprint(sources: Iterable[Path]) -> Fingerprint:
    return tuple(_stamps(sources))


def _stamps(sources: Iterable[Path]) -> Iterator[tuple[str, int, int]]:
    for source in sources:
        seen = source.stat()
        yield os.path.abspath(source), seen.st_size, seen.st_mtime_ns


def _path(name: str, fingerprint: Fingerprint) -> Path | None:
    """Return where a value is kept; None where nobody's own directory can be told."""
    if not hasattr(os, "geteuid"):
        return None
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # the XDG specification: a relative one is to be ignored
        base = os.path.expanduser("~/.cache")
    paths = "\n".join([sys.implementation.cache_tag or "", *(path for path, _, _ in fingerprint)])
    file = f"{name}-{zlib.crc32(paths.encode(errors='surrogateescape')):08x}"
    return Path(base, FOLDER, file) if os.path.isabs(base) else None


def _read(path: Path) -> bytes:
    """Return the bytes of a file that nobody else can have written; raises OSError."""
    _check_own(path.parent.stat())
    with path.open("rb") as file:
        _check_own(os.fstat(file.fileno()))
        return file.read()


def _write(path: Path, data: bytes) -> None:
    """Write a file for the owner alone, at once or not at all; raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_own(path.parent.stat())
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _check_own(seen: os.stat_result) -> None:
    if seen.st_uid != os.geteuid() or seen.st_mode & OTHERS:
        raise PermissionError("it may have been written by somebody else")
