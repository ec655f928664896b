"""Loops That Matter: whose share in the change of the stocks' rates is largest.

Stage 4 of 4.  In: loops and a run.  Out: a Dataset of one of the two forms, ``ltm_continuous``
(free of the time step) or ``ltm_discrete`` (as other programs compute it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from loopscope.loops.scores.link_scores import choose
from loopscope.models.errors import LoopError, did_you_mean

if TYPE_CHECKING:
    import xarray as xr

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.replay import Along

Form = Literal["continuous", "discrete"]
OPTIONS = ("attribution", "first", "flow", "labels")
"""What the discrete form can be asked for."""


def score(found: Loops, along: Along, *, form: Form = "continuous", **options: Any) -> xr.Dataset:
    """Return scores of Loops That Matter.

    Parameters
    ----------
    form
        "continuous": from rates and accelerations, exact, whatever the time step; not defined at
        jumps.  "discrete": from differences over each time step, for any model, as Stella and
        simlin do.
    options
        Of the discrete form only: see ``ltm_discrete.score``.

    Returns
    -------
    xarray.Dataset
        See ``record``; both forms have a dimensionless raw score.

    Raises
    ------
    LoopError
        An unknown form or option.
    """
    choose("form", form, get_args(Form))
    for option in options:
        if option not in OPTIONS:
            hint = did_you_mean(option, ("form", *OPTIONS))
            msg = (
                f"Loops That Matter has no option '{option}'{hint}; there are: form, "
                + ", ".join(OPTIONS)
            )
            raise LoopError(msg)
    if form == "discrete":
        from loopscope.loops.scores import ltm_discrete

        return ltm_discrete.score(found, along, **options)
    if options:
        named = ", ".join(f"{name}=" for name in options)
        msg = f"the continuous form has no {named}; remove it, or ask for form='discrete'"
        raise LoopError(msg)
    from loopscope.loops.scores import ltm_continuous

    return ltm_continuous.score(found, along)
