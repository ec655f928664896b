"""The errors a caller can repair: what happened, where, and the next move.

Every stage raises from here.  A mistake of the caller is a ``LoopscopeError``; a mistake of
ours stays an ``AssertionError`` or whatever Python raised, with its traceback.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class LoopscopeError(Exception):
    """Something the caller can repair.

    LoopscopeError
    |- ModelError              the model file or its equations
    |  |- ReadError              not readable as Vensim or XMILE
    |  |- UnsupportedError       valid, but something that is not translated
    |  |- UndefinedError         an equation names a variable that does not exist
    |  `- AlgebraicLoopError     variables that need each other at one instant
    |- RunError                a run that cannot be set up as asked
    |  `- UnknownNameError      a variable, scenario, case or output that does not exist
    |- LoopError               a loop, link or gain that does not exist
    |- StudyError              a sweep or study that cannot be run as written
    `- OutputError             a result that cannot be written where asked

    The message is one line.  All arguments are plain values, so errors pickle.
    """


class ModelError(LoopscopeError):
    """The model file or its equations."""


class ReadError(ModelError):
    """A file that cannot be read as Vensim or XMILE."""


class UnsupportedError(ModelError):
    """Valid, but uses something that is not translated.

    Parameters
    ----------
    message
        One line, the whole story.
    places
        Every (variable, construct) pair in the file that stands in the way.
    """

    def __init__(self, message: str, places: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message, places)
        self.message = message
        self.places = places

    def __str__(self) -> str:
        """Return the message alone; ``places`` is for programs."""
        return self.message


class UndefinedError(ModelError):
    """An equation names a variable that does not exist.

    Parameters
    ----------
    message
        One line, the whole story.
    places
        Every (variable, name that it uses, hint): the hint begins with "; did you mean", or is
        empty.
    """

    def __init__(self, message: str, places: tuple[tuple[str, str, str], ...] = ()) -> None:
        super().__init__(message, places)
        self.message = message
        self.places = places

    def __str__(self) -> str:
        """Return the message alone; ``places`` is for programs."""
        return self.message


class AlgebraicLoopError(ModelError):
    """Variables that need each other at one instant."""


class RunError(LoopscopeError):
    """A run that cannot be set up as asked."""


class UnknownNameError(RunError):
    """A variable, scenario, case, library model or output that does not exist."""


class LoopError(LoopscopeError):
    """A loop, link or gain that does not exist."""


class StudyError(LoopscopeError):
    """A sweep or study that cannot be run as written."""


class OutputError(LoopscopeError):
    """A result that cannot be written where asked."""


def shown(value: object, most: int = 60) -> str:
    """Return a value as it may stand in a message: on one line, not too long.

    Examples
    --------
    >>> shown([1, "x"])
    "[1, 'x']"
    """
    text = " ".join(repr(value).split())
    return text if len(text) <= most else text[: most - 3] + "..."


def did_you_mean(word: str, known: Iterable[str], *, most: int = 3) -> str:
    """Return a hint that names the nearest known words, or an empty string.

    Case does not matter in the comparison.

    Examples
    --------
    >>> did_you_mean("tightning", ["tightening", "amnesty cycles"])
    "; did you mean 'tightening'?"
    >>> did_you_mean("zzz", ["tightening"])
    ''
    """
    by_lower = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), by_lower, n=most, cutoff=0.6)
    if not near:
        return ""
    return "; did you mean " + " or ".join(f"'{by_lower[name]}'" for name in near) + "?"
