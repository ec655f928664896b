"""Which methods there are, what each needs, and which a design allows.

Stage 2 of 5.  In: a name and a sample.  Out: a ``Method`` and the sample as that method may use it,
or an error that says which design to use instead.  Nothing is applied where its assumptions are
known not to hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.models.errors import StudyError, did_you_mean, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.analysis.indices.sample import Sample, Settings

    Numbers = NDArray[np.float64]

SAMPLED = ("sobol sequence", "latin hypercube", "halton", "random", "grid", "file")
"""Designs whose runs are a sample of the inputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One way to measure sensitivity.

    Attributes
    ----------
    name, title
        As it is asked for, and as a person reads it.
    main
        The index by which parameters are ranked.
    designs
        Kinds of design that it works on.
    design
        The kind to use where another was used.
    grouped
        Whether indices are of groups of parameters, so that correlations within one are right.
    whole
        Whether it needs every run of the design.
    runs, each
        Fewest runs: so many, and so many more for each parameter.
    unit
        What is counted: "base rows", "trajectories", "runs".
    gives
        Names of its indices.
    """

    name: str
    title: str
    main: str
    designs: tuple[str, ...]
    design: str
    grouped: bool = False
    whole: bool = False
    runs: int = 0
    each: int = 0
    unit: str = "runs"
    gives: tuple[str, ...] = ()

    def least(self, sample: Sample) -> int:
        """Return the fewest runs that give an index at all."""
        return self.runs * sample.step + self.each * len(sample.parameters)

    def estimate(self, sample: Sample, values: Numbers, settings: Settings) -> dict[str, Numbers]:
        """Return its indices, first dim column."""
        module: Any = import_module(f"loopscope.analysis.indices.{self.name}")
        found: dict[str, Numbers] = module.estimate(sample, values, settings)
        return found


def _with_ends(*names: str) -> tuple[str, ...]:
    return tuple(name + end for name in names for end in ("", "_low", "_high"))


METHODS = {
    one.name: one
    for one in (
        Method(
            name="sobol", title="Sobol indices", main="total", designs=("saltelli",),
            design="saltelli", grouped=True, runs=16, unit="base rows",
            gives=_with_ends("first", "total", "second"),
        ),
        Method(
            name="fast", title="FAST indices", main="total", designs=("fast",), design="fast",
            whole=True, each=65, gives=("first", "total"),
        ),
        Method(
            name="morris", title="Morris measures", main="mu_star", designs=("morris",),
            design="morris", runs=4, unit="trajectories",
            gives=("mu", *_with_ends("mu_star"), "sigma"),
        ),
        Method(
            name="prcc", title="partial rank correlations", main="prcc",
            designs=(*SAMPLED, "saltelli"), design="latin hypercube", runs=20, each=2,
            gives=(*_with_ends("prcc"), "prcc_p"),
        ),
        Method(
            name="pawn", title="PAWN indices", main="pawn", designs=(*SAMPLED, "saltelli"),
            design="latin hypercube", runs=100,
            gives=("pawn", "pawn_mean", "pawn_min", "pawn_max", "pawn_noise"),
        ),
        Method(
            name="delta", title="delta indices", main="delta", designs=(*SAMPLED, "saltelli"),
            design="latin hypercube", runs=100, gives=_with_ends("delta"),
        ),
        Method(
            name="regional", title="regional distances", main="distance",
            designs=(*SAMPLED, "saltelli"), design="latin hypercube", runs=40,
            gives=("distance", "distance_p", "direction"),
        ),
        Method(
            name="local", title="local sensitivities", main="effect",
            designs=(*SAMPLED, "saltelli", "fast", "morris", "one at a time"),
            design="latin hypercube", gives=("derivative", "elasticity", "effect"),
        ),
    )
}  # fmt: skip

BY_DESIGN = {"saltelli": ("sobol",), "morris": ("morris",), "fast": ("fast",)}
"""What is computed where no method is named; a sample gives ``prcc`` and ``pawn``."""


def chosen(given: Any, sample: Sample, *, conditional: bool) -> tuple[Method, ...]:
    """Return the methods that were asked for, or that suit the design.

    Raises
    ------
    StudyError
        An unknown method.
    """
    if given is None:
        if conditional:
            names: tuple[str, ...] = ("regional",)
        elif sample.kind == "one at a time":
            names = ("local",)
        else:
            names = BY_DESIGN.get(sample.kind, ("prcc", "pawn"))
    else:
        names = (given,) if isinstance(given, str) else tuple(given)
    found = []
    for name in names:
        key = str(name).strip().casefold()
        if key not in METHODS:
            hint = did_you_mean(key, METHODS)
            msg = f"no method {shown(name)}; there are {', '.join(METHODS)}{hint}"
            raise StudyError(msg)
        found.append(METHODS[key])
    if conditional and any(one.name != "regional" for one in found):
        msg = "a condition is what method='regional' compares; leave the method out, or name that"
        raise StudyError(msg)
    if len(found) > 1 and METHODS["local"] in found:
        msg = "method 'local' looks at one point, and not at the runs of a sweep: ask for it alone"
        raise StudyError(msg)
    if not found:
        msg = f"no method named; there are {', '.join(METHODS)}"
        raise StudyError(msg)
    return tuple(dict.fromkeys(found))


def allowed(method: Method, sample: Sample) -> tuple[str, ...]:
    """Check that a design fits a method, and return what must be said of the result.

    Raises
    ------
    StudyError
        It does not fit, with the design to use instead; inputs are correlated where they must not
        be; there are too few runs.
    """
    if sample.kind not in method.designs:
        msg = (
            f"{method.title} cannot be computed from a design of kind '{sample.kind}'; they need "
            f"design kind '{method.design}': set it in the study's [design] and sweep again"
        )
        others = [one.name for one in METHODS.values() if sample.kind in one.designs]
        if others:
            msg += f", or use method {' or '.join(repr(one) for one in others)}"
        raise StudyError(msg)
    if method.name == "local":
        return ()
    notes = _correlated(method, sample)
    if method.name != "sobol" and sample.kind == "saltelli":
        notes.append(
            f"{method.title} are of the two independent samples of the Saltelli design; its other "
            "rows repeat their values"
        )
    used = independent(method, sample)
    if used.runs < method.least(used):
        step = used.step if method.unit != "runs" else 1
        msg = (
            f"{method.title} need at least {method.least(used) // step} {method.unit} for "
            f"{len(sample.parameters)} parameters, and there are {used.runs // step}; "
            "sweep with more runs"
        )
        raise StudyError(msg)
    same = used.constants()
    if same:
        listed = ", ".join(f"'{name}'" for name in same)
        notes.append(f"one value in all runs, so nothing can be said of it: {listed}")
    return tuple(notes)


def rows_of(method: Method, sample: Sample) -> NDArray[np.int64] | None:
    """Return the runs that a method uses; None for all."""
    if method.name == "sobol" or sample.kind != "saltelli":
        return None
    first = np.arange(0, sample.runs, sample.step)
    return np.sort(np.concatenate([first, first + sample.step - 1]))


def independent(method: Method, sample: Sample) -> Sample:
    """Return the sample that a method uses."""
    from dataclasses import replace

    rows = rows_of(method, sample)
    return sample if rows is None else replace(sample.kept(rows), kind="random")


def _correlated(method: Method, sample: Sample) -> list[str]:
    """Refuse correlated inputs, or say what they do to the result."""
    group = dict(zip(sample.parameters, sample.groups, strict=True))
    across = [
        (one, other, rank)
        for one, other, rank in sample.correlations
        if not (method.grouped and group.get(one) == group.get(other))
    ]
    if not across:
        return []
    one, other, rank = across[0]
    pair = f"'{one}' and '{other}' (rank correlation {rank:g})"
    if method.designs[0] not in SAMPLED:
        msg = f"{method.title} are of independent inputs, and {pair} are not; "
        msg += (
            "put both into one group of the design"
            if method.grouped
            else "use method 'prcc', 'pawn' or 'regional' with design kind 'latin hypercube'"
        )
        raise StudyError(msg)
    if method.name == "prcc":
        return [f"correlated inputs: {pair}; each coefficient is what is left with the other held"]
    return [f"correlated inputs: {pair}; a parameter may seem to matter because the other does"]
