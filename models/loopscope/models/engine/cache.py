"""What is kept between processes: plain bytes in a folder of the user's own.

Stage 4 of 5.  In: a key and bytes.  Out: the same bytes, or nothing.  A cache that cannot be
used is not an error: the work is done again.

Every entry carries its own hash, so a truncated or changed file counts as absent.  No pickles.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path

ENTRIES = 1000
"""Entries kept; the least recently written go first."""

SUFFIX = ".loopscope"
"""End of the name of every file here."""

DIGEST = hashlib.sha256().digest_size


def key_of(*parts: str) -> str:
    """Return a file name that differs whenever a part differs."""
    joined = hashlib.sha256()
    for part in parts:
        data = part.encode()
        joined.update(len(data).to_bytes(8, "little"))
        joined.update(data)
    return joined.hexdigest()


@cache
def source_digest() -> str:
    """Return a hash of this room's code and of the libraries an entry depends on.

    So a changed translator or emitter never meets its old results.
    """
    from importlib.metadata import version

    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.parent.rglob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    for library in ("llvmlite", "pysd", "sympy"):
        digest.update(f"{library} {version(library)}".encode())
    return digest.hexdigest()


@cache
def folder() -> Path | None:
    """Return the cache folder, private to the user, or None when there can be none.

    ``LOOPSCOPE_CACHE`` names another folder; an empty value switches the cache off.
    """
    chosen = os.environ.get("LOOPSCOPE_CACHE")
    if chosen == "":
        return None
    if chosen is None:
        from platformdirs import user_cache_path

        path = user_cache_path("loopscope", appauthor=False) / "kernels"
    else:
        path = Path(chosen)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = path.stat()
    except OSError:
        return None
    if hasattr(os, "getuid") and (facts.st_uid != os.getuid() or facts.st_mode & 0o022):
        return None  # somebody else could put machine code there
    return path


def read(name: str) -> bytes | None:
    """Return an entry, or None when it is absent or damaged."""
    place = folder()
    if place is None:
        return None
    try:
        data = (place / (name + SUFFIX)).read_bytes()
    except OSError:
        return None
    body = data[DIGEST:]
    return body if hashlib.sha256(body).digest() == data[:DIGEST] else None


def write(name: str, body: bytes) -> None:
    """Store an entry whole or not at all."""
    place = folder()
    if place is None:
        return
    try:
        handle, temporary = tempfile.mkstemp(suffix=SUFFIX, dir=place)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(body).digest() + body)
            Path(temporary).replace(place / (name + SUFFIX))
        except OSError:
            Path(temporary).unlink(missing_ok=True)
        _prune(place)
    except OSError:
        return


def _prune(place: Path) -> None:
    # The folder may be one that holds other files, too.
    entries = list(place.glob("*" + SUFFIX))
    if len(entries) > ENTRIES:
        entries.sort(key=lambda path: path.stat().st_mtime)
        for path in entries[: len(entries) - ENTRIES]:
            path.unlink(missing_ok=True)
