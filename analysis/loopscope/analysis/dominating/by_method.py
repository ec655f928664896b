"""Dominance by other methods than the one of the sweep, on a sample of its runs.

In: a sweep, or a ``Bench``.  Out: for each method how probable each loop's dominance is, and how
often two methods name the same loop.  The runs are simulated again and scored by ``loops.score``;
of each method the tracked loop of largest relative score is compared, and nothing else: shares of
two methods have no common scale.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.dominating.bench import Bench, bench_of
from loopscope.analysis.dominating.ensemble import ACTIVE, ensemble_of, leading
from loopscope.analysis.dominating.intervals import interval
from loopscope.models.errors import LoopError, StudyError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.analysis.dominating.ensemble import Places

    Numbers = NDArray[np.float64]

METHODS = ("ltm", "influence", "pathway", "impact")
"""Compared unless said: those that need one simulation."""

RUNS = 32


def dominance_by_method(
    source: xr.Dataset | Bench,
    methods: Sequence[str] = METHODS,
    *,
    runs: int = RUNS,
    seed: int = 0,
    level: float = 0.95,
    scenario: str | None = None,
    model: Any = None,
    progress: Callable[[str], None] | None = None,
) -> xr.Dataset:
    """Return how probable each loop's dominance is by several methods.

    Parameters
    ----------
    source
        A sweep, a sample of whose runs is made again; or a ``Bench``, in whose ranges points are
        drawn evenly.
    methods
        Of ``loops.compare_methods``, such as "pathway", "influence" or "ltm discrete".
    runs, seed
        How many runs are taken, and the seed by which.
    level
        Coverage of the Wilson intervals.

    Returns
    -------
    xarray.Dataset
        ``probability`` with ``_low`` and ``_high``, dims (by, time, loop): among the runs of
        which a method says something; NaN where it says nothing of any.  ``said`` (by, time):
        of how many it does.  ``agreement`` (by, other): of all runs and times of which both say
        something, the share in which they name the same loop.  ``attrs``: ``compared``, in words;
        ``skipped``, JSON, why a method is missing.

    Raises
    ------
    StudyError
        An unknown method, no run, or no method that can read the model.

    Notes
    -----
    Knock-out simulates again once a loop, Ford's test once a loop and interval, run by run.
    """
    import xarray as xr

    from loopscope.loops.compare import ASKED
    from loopscope.models.engine.simulate import simulate

    names = list(dict.fromkeys([methods] if isinstance(methods, str) else methods))
    for name in names:
        if name not in ASKED:
            msg = f"no method named '{name}'{did_you_mean(name, ASKED)}; there are: "
            raise StudyError(msg + ", ".join(ASKED))
    if not names:
        msg = f"no method was asked for; there are: {', '.join(ASKED)}"
        raise StudyError(msg)
    bench, values, labels = _sample(source, runs, seed, scenario, model)
    request = {name: one for name, one in bench.request.items() if name != "parameters"}
    given = {
        **dict(bench.request.get("parameters") or {}),
        **{name: values[:, place] for place, name in enumerate(bench.parameters)},
    }
    scenario_ = request.pop("scenario", None)
    graph = bench.found.graph
    tracked = [bench.found[one] for one in bench.tracked]
    chosen = bench.found.holding([loop.nodes for loop in tracked])
    run = simulate(graph.model, scenario_, parameters=given, **request)
    time = np.asarray(run["time"].values, dtype=np.float64)
    leaders: dict[str, Places] = {}
    skipped: dict[str, str] = {}
    for name in names:
        if progress is not None:
            progress(ASKED[name].title)
        try:
            of = run
            if name == "ltm discrete":
                steps = {**request, "saveper": run.attrs["dt"]}
                of = simulate(graph.model, scenario_, parameters=given, **steps)
            leaders[name] = _leaders(chosen, of, name, bench.tracked, time)
        except LoopError as error:
            skipped[name] = str(error)
    if not leaders:
        msg = "no method can read these runs: " + "; ".join(skipped.values())
        raise StudyError(msg)
    kept = list(leaders)
    found = np.stack([leaders[name] for name in kept])
    says = found >= 0
    said = says.sum(axis=1)
    hits = (found[..., None] == np.arange(len(bench.tracked))).sum(axis=1)
    share = np.where(said[..., None] > 0, hits / np.maximum(said, 1)[..., None], np.nan)
    low, high = interval(np.nan_to_num(share), np.broadcast_to(said[..., None], share.shape), level)
    dims = ("by", "time", "loop")
    return xr.Dataset(
        {
            "probability": (dims, share),
            "probability_low": (dims, low),
            "probability_high": (dims, high),
            "said": (dims[:2], said),
            "agreement": (("by", "other"), _agreement(found, says)),
        },
        coords={
            "by": kept,
            "title": ("by", [ASKED[name].title for name in kept]),
            "other": kept,
            "time": ("time", time, {"units": graph.model.clock.units}),
            "loop": np.array(bench.tracked, dtype=np.str_),
            "loop_name": ("loop", np.array([loop.name for loop in tracked], dtype=np.str_)),
        },
        attrs={
            "runs": len(values),
            "sampled": json.dumps(labels),
            "skipped": json.dumps(skipped),
            "compared": f"which of the {len(tracked)} tracked loops each method ranks first, in "
            f"{len(values)} runs; tracked are {len(tracked)} of {bench.found.statement}",
        },
    )


def _sample(
    source: xr.Dataset | Bench, runs: int, seed: int, scenario: str | None, model: Any
) -> tuple[Bench, Numbers, list[int]]:
    """Return a bench, the values of some runs, and which runs of the sweep they are."""
    draw = np.random.default_rng(seed)
    if runs < 1:
        msg = f"at least one run is needed, got {runs}"
        raise StudyError(msg)
    if isinstance(source, Bench):
        return source, draw.uniform(source.low, source.high, (runs, len(source.low))), []
    ensemble = ensemble_of(source, scenario)
    sound = np.flatnonzero(~ensemble.failed)
    if not len(sound):
        msg = "every run of the sweep has failed, so there is none to score"
        raise StudyError(msg)
    rows = np.sort(draw.choice(sound, min(runs, len(sound)), replace=False))
    return bench_of(ensemble, model), ensemble.inputs[rows], rows.tolist()


def _leaders(
    chosen: Any, run: xr.Dataset, name: str, tracked: tuple[str, ...], time: Numbers
) -> Places:
    """Return the loop that a method ranks first, dims (run, time); a code below 0 for none."""
    from loopscope.loops import score
    from loopscope.loops.compare import ASKED, flat

    asked = ASKED[name]
    parts = [run]
    if name == "behaviour":  # it tests patterns of one run
        parts = [run.isel(run=row) for row in range(run.sizes["run"])]
    scored = [flat(score(chosen, part, asked.method, **asked.options)) for part in parts]
    relative = np.concatenate([_relative(one, tracked, time) for one in scored])
    shape = relative.shape[:2]
    return leading(relative, np.full(shape, ACTIVE), np.zeros(shape, dtype=bool))


def _relative(scores: xr.Dataset, tracked: tuple[str, ...], time: Numbers) -> Numbers:
    found = scores["relative"].sel(time=time, method="nearest").sel(loop=list(tracked))
    values = np.asarray(found.transpose(..., "time", "loop").values, dtype=np.float64)
    return values.reshape(-1, *values.shape[-2:])


def _agreement(found: NDArray[np.int16], says: NDArray[np.bool_]) -> Numbers:
    both = says[:, None] & says[None]
    same = (found[:, None] == found[None]) & both
    count = both.sum(axis=(2, 3))
    return np.where(count > 0, same.sum(axis=(2, 3)) / np.maximum(count, 1), np.nan)
