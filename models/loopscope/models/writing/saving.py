"""Write a model back: the public functions.

Stage 1 of 5, the other way.  In: a ``Model``, a path.  Out: a Vensim or an XMILE file that gives
the same run, and what is different in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from loopscope.models.errors import OutputError
from loopscope.models.files import target, write_text
from loopscope.models.writing.vensim_file import vensim_file
from loopscope.models.writing.view import View
from loopscope.models.writing.xmile_file import xmile_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.models.model import Model
    from loopscope.models.writing.written import Written

FORMATS = {".xmile": xmile_file, ".stmx": xmile_file, ".xml": xmile_file, ".mdl": vensim_file}
"""What writes a file, by its ending."""


def write(model: Model, path: str | Path, *, view: View | Sequence[View] | None = None) -> Written:
    """Write a model as a Vensim or an XMILE file.

    Parameters
    ----------
    path
        Ends in ``.mdl`` (Vensim), or in ``.xmile``, ``.stmx`` or ``.xml`` (XMILE).
    view
        Pictures of it; none by default.

    Returns
    -------
    Written
        The text of the file, and what is different in it: what a dialect has no words for is said
        by others that give the same run.

    Raises
    ------
    UnsupportedError
        Something can not be said in that dialect; ``places`` lists every (variable, construct).
        Nothing is written.
    OutputError
        The path is that of the file the model was read from, its ending is not known, or it cannot
        be written.

    Notes
    -----
    Linear in the size of the equations.  Written whole or not at all.

    Examples
    --------
    >>> from loopscope.models import load, write
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "copy.xmile")
    ...     written = write(load("migration_policy"), path)
    ...     len(load(path).stocks) == len(load("migration_policy").stocks)
    True
    """
    found = checked(model, path)
    views = () if view is None else (view,) if isinstance(view, View) else tuple(view)
    made = written(model, found, views)
    write_text(found, made.text)
    return made


def written(model: Model, path: Path, views: Sequence[View] = ()) -> Written:
    """Return what ``write`` puts into a file, without writing it."""
    return FORMATS[path.suffix.casefold()](model, views)


def checked(model: Model, path: str | Path) -> Path:
    """Return the file a model will be written to; see ``write`` for what is raised."""
    found = target(path, tuple(FORMATS))
    if model.path and Path(model.path).resolve() == found:
        msg = f"'{path}' is the file the model was read from; choose another name"
        raise OutputError(msg)
    return found
