"""Which study a word on the command line means.

Beside stage 1.  In: a word, and perhaps a model.  Out: what ``analysis.sweep`` takes.
"""

from __future__ import annotations

from pathlib import Path

from loopscope.analysis.study.files import studies
from loopscope.models.errors import UnknownNameError, did_you_mean
from loopscope.models.names import key
from loopscope.models.source import library, locate

ENDING = ".toml"


def chosen(study: str, model: str | None = None) -> tuple[str | Path, str | None]:
    """Return the model and its study, or a study's file and None.

    Parameters
    ----------
    study
        A ``.toml`` file; the name of a study that comes with ``model`` or, without one, with any
        model of the library; or both in one, "model/study".

    Raises
    ------
    UnknownNameError
        No study of that name; the message lists those that there are.

    Examples
    --------
    >>> chosen("teacup.mdl/cooling")
    ('teacup.mdl', 'cooling')
    """
    if model is not None:
        return model, study
    path = Path(study).expanduser()
    if path.suffix.casefold() == ENDING or path.is_file():
        return path, None
    home, slash, name = study.rpartition("/")
    if slash:
        return home, name
    known = {f"{one}/{own}": (one, own) for one in library() for own in studies(locate(one)[1])}
    found = [pair for pair in known.values() if key(pair[1]) == key(study)]
    if len(found) == 1:
        return found[0]
    if found:
        several = ", ".join("/".join(pair) for pair in found)
        msg = f"several models come with a study '{study}'; say which: {several}"
        raise UnknownNameError(msg)
    hint = did_you_mean(study, [own for _, own in known.values()])
    hint = hint or (f"; there are: {', '.join(known)}" if known else "")
    msg = (
        f"no study named '{study}' comes with a model of the library{hint}; or name its .toml file"
    )
    raise UnknownNameError(msg)
