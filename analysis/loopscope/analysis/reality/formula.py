"""An expression in a model's variables, and its value along runs.

In: text in the syntax of a Vensim equation.  Out: ``Formula``: the variables it needs, and its
value over arrays.  The text is data: it is parsed by the grammar of model files and evaluated by
walking the tree; nothing in it is executed.  Refuses functions with a memory and lookups, whose
value is not a matter of one instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from loopscope.models.errors import RunError, UnknownNameError, did_you_mean
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Mapping

    import sympy as sp

    from loopscope.models.engine.prepared import Prepared

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """An expression that can be evaluated along a run.

    Attributes
    ----------
    needs
        Authored names of the variables in it; ``Time`` is not among them.
    unit
        Unit of the variable where the expression is one variable; empty otherwise.
    expression
        None where the expression is the one variable that ``needs`` names.
    """

    text: str
    needs: tuple[str, ...]
    unit: str = ""
    expression: sp.Expr | None = None

    def along(self, values: Mapping[str, Numbers], time: Numbers) -> Numbers:
        """Return the value at saved times.

        Parameters
        ----------
        values
            By authored name, dims (time,) or (run, time).
        time
            Saved times, dims (time,).

        Returns
        -------
        numpy.ndarray
            Dims as the values; NaN or infinite where arithmetic is.  One operation over the
            whole array for each node of the expression.
        """
        shape = np.broadcast_shapes(time.shape, *(values[name].shape for name in self.needs))
        needed = {name: values[name] for name in self.needs}
        if self.expression is None:
            found = needed[self.needs[0]]
        else:
            found = _value(self.expression, needed, time)
        return np.broadcast_to(np.asarray(found, dtype=np.float64), shape)


def _value(expression: sp.Expr, values: Mapping[str, Numbers], time: Numbers) -> Any:
    from loopscope.models.arrays import Arrays
    from loopscope.models.model import TIME, symbol_of

    return Arrays({TIME: time} | {symbol_of(name): one for name, one in values.items()}).of(
        expression
    )


def read_formula(text: str, prepared: Prepared) -> Formula:
    """Read an expression in the variables of a model.

    Raises
    ------
    UnknownNameError
        A name that the model does not have; the message names the nearest.
    RunError
        Not an expression, or one that cannot be evaluated at one instant.

    Examples
    --------
    >>> from loopscope.models.engine.simulate import prepared_of
    >>> model = prepared_of("migration_policy")
    >>> read_formula("legal migrants / (natives + 1)", model).needs
    ('natives', 'legal migrants')
    """
    plain = {key(name): facts for name, facts in prepared.variables.items()}.get(key(text))
    if plain is not None and plain.kind != "lookup":
        return Formula(text=text, needs=(plain.name,), unit=plain.units)
    expression, undefined, obstacles = _parsed(text, prepared)
    if undefined:
        hint = did_you_mean(undefined[0], prepared.variables)
        hint = hint or f"; 'loopscope describe {prepared.name}' lists the variables"
        msg = f"{prepared.name}: no variable named '{undefined[0]}' in '{text}'{hint}"
        raise UnknownNameError(msg)
    if obstacles:
        msg = f"'{text}' cannot be evaluated at one instant: it uses {obstacles[0]}"
        raise RunError(msg)
    names = [str(symbol.name) for symbol in expression.free_symbols]
    return Formula(
        text=text,
        needs=tuple(name for name in prepared.variables if name in names),
        expression=expression,
    )


def _parsed(text: str, prepared: Prepared) -> tuple[sp.Expr, list[str], list[str]]:
    """Return an expression, the names in it that are unknown, and what cannot be evaluated."""
    import sympy as sp

    from loopscope.models import functions as sd
    from loopscope.models import remembering
    from loopscope.models.draft import Entry, Statement
    from loopscope.models.errors import ReadError
    from loopscope.models.expressions import NODES
    from loopscope.models.grammar import read_vensim
    from loopscope.models.model import TIME, symbol_of
    from loopscope.models.reading import Equation, File

    unreadable = f"'{text}' is not an expression; check its operators and parentheses"
    if not text.strip() or any(sign in text for sign in "~|=\n"):
        raise RunError(unreadable)
    try:
        entry = read_vensim(Statement(line=1, text=f"the expression = {text}"), "expression")
    except ReadError:
        raise RunError(unreadable) from None
    if not isinstance(entry, Entry) or entry.kind != "equation" or entry.construct:
        raise RunError(unreadable)
    file = File(
        nodes=NODES,
        names={key(name): name for name in prepared.variables},
        tables={key(name): name for name in prepared.of_kind("lookup")},
        reserved={"time": TIME},
        step=symbol_of(prepared.clock["time_step"]),
    )
    expression = Equation(file, "the expression").read(entry.syntax)
    obstacles = [construct for _, construct in file.obstacles]
    unfit = (remembering.Remembering, sd.RandomUniform, sd.Table)
    obstacles += [f"'{type(part).__name__}'" for part in expression.atoms(*unfit)]
    if expression.has(sp.I, sp.nan, sp.zoo):
        obstacles.append("a division by zero, or the root or logarithm of a negative number")
    return expression, [name.replace("_", " ") for _, name in file.undefined], obstacles
