"""Find a model and read it.

Stage 1 of 5.  In: the name of a library model, or a path to a Vensim (``.mdl``) or XMILE
(``.xmile``, ``.stmx``, ``.xml``) file.  Out: a ``Model``.  Refuses what is not such a file, with
what it is instead and what to do; a file is data, and nothing in it is executed.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loopscope.models.draft import Dialect, Draft, Entry
from loopscope.models.errors import ReadError, UnknownNameError, did_you_mean
from loopscope.models.names import key

if TYPE_CHECKING:
    from loopscope.models.model import Model

LIBRARY = Path(__file__).with_name("library")
SUFFIXES = {".mdl": "Vensim", ".xmile": "XMILE", ".stmx": "XMILE", ".xml": "XMILE"}
_KNOWN = ".mdl, .xmile, .stmx or .xml"


def library() -> tuple[str, ...]:
    """Return the names of the models that come with Loopscope, in alphabetical order."""
    return tuple(sorted(path.parent.name for path in LIBRARY.glob("*/model.mdl")))


def load(name_or_path: str | Path) -> Model:
    """Read a model.

    Parameters
    ----------
    name_or_path
        Name of a library model (case, spaces and underscores do not matter), or path to a
        ``.mdl``, ``.xmile``, ``.stmx`` or ``.xml`` file.  A name with one of these suffixes, or
        with a folder in it, is a path.

    Returns
    -------
    Model
        All variables by authored name, equations as sympy expressions.

    Raises
    ------
    UnknownNameError
        No library model has that name.
    ReadError
        There is no such file, or it cannot be read as Vensim or XMILE.
    UnsupportedError
        The file uses something that is not translated; ``places`` lists every place.
    UndefinedError
        An equation names a variable that does not exist.
    ModelError
        The model has nothing to simulate, or defines something twice.
    """
    from loopscope.models.translate import translate

    name, path = locate(name_or_path)
    data = _read_bytes(path)
    return translate(read(data, path, name))


def locate(name_or_path: str | Path) -> tuple[str, Path]:
    """Return the name and the path of a model; see ``load``.

    Raises
    ------
    UnknownNameError
        No library model has that name.
    """
    text = str(name_or_path)
    path = Path(text).expanduser()
    is_path = (
        isinstance(name_or_path, Path)
        or path.suffix.casefold() in SUFFIXES
        or len(path.parts) > 1
        or path.exists()
    )
    if is_path:
        inside = path.absolute().parent.parent == LIBRARY
        return path.parent.name if inside else path.stem, path
    names = {key(name): name for name in library()}
    found = names.get(key(text))
    if found is None:
        hint = did_you_mean(text, names.values())
        known = ", ".join(sorted(names.values())) or "none"
        msg = f"no library model named '{text}'{hint}; there are: {known}; or pass a {_KNOWN} file"
        raise UnknownNameError(msg)
    return found, LIBRARY / found / "model.mdl"


def read(data: bytes, path: Path, name: str) -> Draft:
    """Return the variables of a file with their equations as abstract syntax trees.

    Raises
    ------
    ReadError
        The bytes are not what the suffix promises, or not readable as Vensim or XMILE.
    """
    file = path.name
    dialect = SUFFIXES.get(path.suffix.casefold())
    if dialect is None:
        msg = f"{file}: '{path.suffix}' is no model file; pass a {_KNOWN} file"
        raise ReadError(msg)
    if not data.strip():
        msg = f"{file}: the file is empty; save the model again"
        raise ReadError(msg)
    is_xml = _looks_like_xml(data)
    if dialect == "Vensim" and is_xml:
        msg = (
            f"{file}: holds XML, not Vensim text; if it is XMILE, rename it to '{path.stem}.xmile'"
        )
        raise ReadError(msg)
    if dialect == "XMILE" and not is_xml:
        is_text = b"\0" not in data
        what = "text but no XML; if it is a Vensim model" if is_text else "binary data; if it is"
        ending = f", rename it to '{path.stem}.mdl'" if is_text else " a model, export it as XMILE"
        msg = f"{file}: holds {what}{ending}"
        raise ReadError(msg)
    sha256 = hashlib.sha256(data).hexdigest()
    reader = _read_vensim if dialect == "Vensim" else _read_xmile
    return reader(data, path, name, sha256)


def _read_vensim(data: bytes, path: Path, name: str, sha256: str) -> Draft:
    from loopscope.models import grammar, vensim

    file = path.name
    text, settings = vensim.split_file(_decode(data, file))
    text, macros = vensim.take_macros(text)
    entries: list[Entry] = []
    dimensions: set[str] = set()
    for statement in vensim.split_definitions(text, file):
        found = grammar.read_vensim(statement, file)
        if isinstance(found, Entry):
            entries.append(found)
        else:
            dimensions.update(key(word) for word in found)
    dialect: Dialect = "Vensim"
    return Draft(
        name=name,
        path=str(path),
        sha256=sha256,
        dialect=dialect,
        entries=tuple(entries),
        method=vensim.find_method(settings),
        macros=macros,
        dimensions=frozenset(dimensions),
        unit_words=vensim.unit_words(settings),
    )


def _read_xmile(data: bytes, path: Path, name: str, sha256: str) -> Draft:
    from dataclasses import replace

    from loopscope.models import grammar, xmile

    file = path.name
    tree = xmile.read_tree(data, file)
    clock = xmile.clock_equations(tree, file)
    behaviors = xmile.non_negative(tree)
    groups = xmile.groups(tree)
    units = next((node.get("time_units", "") for node in tree.find("sim_specs")), "")
    entries: list[Entry] = []
    told: dict[str, dict[str, Any]] = {}
    for tag, node in xmile.definitions(tree):
        if key(node.get("name", "")) in {key(word) for word in clock}:
            # What <sim_specs> says is what a run uses; only what is said of it is kept.
            told[key(node.get("name", ""))] = grammar.read_texts(node, tree)
            continue
        construct = xmile.obstacle(tree, tag, node)
        entry = grammar.read_xmile(tag, node, tree, behaviors, construct, file)
        entries.append(replace(entry, group=groups.get(key(entry.name), "")))
    saveper = [] if any(key(e.name) == "saveper" for e in entries) else [("SAVEPER", "TIME_STEP")]
    for word, equation in [*clock.items(), *saveper]:
        entry = grammar.read_clock(word, equation, units, file)
        entries.append(replace(entry, group=groups.get(key(word), ""), **told.get(key(word), {})))
    dialect: Dialect = "XMILE"
    return Draft(
        name=name,
        path=str(path),
        sha256=sha256,
        dialect=dialect,
        entries=tuple(entries),
        method=xmile.find_method(tree),
        time_units=units,
        macros=xmile.macro_names(tree),
        dimensions=xmile.dimension_names(tree),
        unit_words=xmile.unit_words(tree),
    )


def _read_bytes(path: Path) -> bytes:
    """Return the bytes of a file, or say what stands at the path instead."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        folder = path.parent
        near = (
            [p.name for p in folder.iterdir() if p.suffix.casefold() in SUFFIXES]
            if (folder.is_dir())
            else []
        )
        hint = did_you_mean(path.name, near) or did_you_mean(path.stem, library())
        where = f"in '{folder}'" if folder.is_dir() else f"because there is no folder '{folder}'"
        msg = f"no file '{path.name}' {where}{hint or '; check the path'}"
        raise ReadError(msg) from None
    except (IsADirectoryError, NotADirectoryError):
        msg = f"'{path}' is a folder; pass a {_KNOWN} file in it"
        raise ReadError(msg) from None
    except PermissionError:
        msg = f"'{path}' may not be read by you; change its permissions or copy it"
        raise ReadError(msg) from None
    except (OSError, ValueError) as error:
        msg = f"'{path}' cannot be read ({error}); check the path"
        raise ReadError(msg) from None


def _looks_like_xml(data: bytes) -> bool:
    head = data[:200].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").replace(b"\0", b"")
    return head.startswith((b"<?xml", b"<xmile", b"<!", b"<"))


def _decode(data: bytes, file: str) -> str:
    """Return the text of a Vensim file, in the encoding its first line names, else UTF-8."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif b"\0" in data:
        msg = f"{file}: holds binary data, not Vensim text; save the model as text (.mdl)"
        raise ReadError(msg)
    else:
        first = data.lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0].strip()
        named = first[1:].split(b"}")[0] if first.startswith(b"{") else b"utf-8"
        encoding = named.decode("ascii", "replace").strip() or "utf-8"
        if encoding.casefold() in {"utf-8", "utf8"}:
            encoding = "utf-8-sig"
    try:
        return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except LookupError:
        msg = f"{file}: its first line names '{encoding}', no known encoding; save it as UTF-8"
        raise ReadError(msg) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        msg = (
            f"{file}, line {line}: byte 0x{data[error.start]:02x} is not {encoding}; save it as "
            "UTF-8, or name its encoding on the first line, as in {windows-1252}"
        )
        raise ReadError(msg) from None
