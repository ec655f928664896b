"""What the result of a study consists of, before anything is computed.

Stage 2 of 5.  In: a ``Settled`` study.  Out: its ``Template``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.study.keeping import label_of
from loopscope.analysis.sweeping.template import Coord, Template, Variable

if TYPE_CHECKING:
    from loopscope.analysis.study.metrics import SettledMetric
    from loopscope.analysis.study.settled import Settled
    from loopscope.analysis.sweeping.following import Following

NUMBER, SHORT = np.dtype(np.float64), np.dtype(np.float32)


def template_of(settled: Settled, following: Following | None) -> Template:
    """Return dims, types and attributes of all that is computed of a study.

    ``following`` is about its tracked loops; None where there are none.
    """
    prepared = settled.prepared
    units = prepared.clock["units"]
    kind = SHORT if settled.precision == "single" else NUMBER
    variables = {"inputs": Variable(("run", "parameter"), NUMBER)}
    for name in settled.series:
        attrs = {"units": prepared.variables[name].units, "role": "series"}
        variables[label_of(name)] = Variable(("run", "time"), kind, attrs)
    for metric in settled.metrics:
        variables[metric.name] = Variable(("run",), NUMBER, _metric_attrs(settled, metric))
    coords = {
        "time": Coord(("time",), np.asarray(settled.times, dtype=np.float64), {"units": units}),
        "parameter": Coord(("parameter",), _words(settled.parameters)),
        "unit": Coord(("parameter",), _words(settled.units)),
    }
    variables["failed_at"] = Variable(("run",), NUMBER, {"units": units})
    variables["failed_in"] = Variable(("run",), np.dtype(np.int32), {}, -1)
    attrs = {
        "model": settled.model_name,
        "model_sha256": settled.model_sha256,
        "variables": json.dumps(prepared.all_computed),
    }
    if following is not None:
        _loops(settled, following, variables, coords, attrs)
    return Template(variables, coords, attrs)


def _loops(
    settled: Settled,
    following: Following,
    variables: dict[str, Variable],
    coords: dict[str, Coord],
    attrs: dict[str, str],
) -> None:
    """Add what is said of tracked loops."""
    from loopscope.analysis.sweeping.following import checked
    from loopscope.loops.batch.scoring import WORDS
    from loopscope.loops.scores.ltm_continuous import NOT_FOR, SOURCE

    units = {"units": settled.prepared.clock["units"]}
    dim = "time"
    if not np.array_equal(following.time, settled.times):
        dim = "loop_time"
        coords[dim] = Coord((dim,), following.time, units)
    loops = following.loops
    coords["loop"] = Coord(("loop",), _words(settled.loops))
    coords["loop_name"] = Coord(("loop",), _words(tuple(loop.name for loop in loops)))
    coords["polarity"] = Coord(("loop",), _words(tuple(loop.polarity for loop in loops)))
    coords["partition"] = Coord(("loop",), following.partitions)
    states: tuple[str, ...] = ("run", dim)
    if len(following.numbers) > 1:
        states = (*states, "partition_number")
        numbers = np.array(following.numbers, dtype=np.int64)
        coords["partition_number"] = Coord(("partition_number",), numbers)
    share = {
        "units": "1", "role": "share", "long_name": "relative loop score, Loops That Matter",
        "not_for": NOT_FOR, "source": SOURCE,
    }  # fmt: skip
    flags = {"flag_values": list(range(len(WORDS))), "flag_meanings": " ".join(WORDS)}
    at = following.time[checked(len(following.time))].tolist()
    covered = {
        "units": "1", "checked_at": at,
        "long_name": "least share of all loops of the partition that scores are compared with",
    }  # fmt: skip
    variables["relative"] = Variable(("run", dim, "loop"), SHORT, share)
    variables["state"] = Variable(states, np.dtype(np.int8), flags, 0)
    variables["coverage"] = Variable(("run",), NUMBER, covered)
    attrs["jumps"] = ", ".join(following.jumps)


def _metric_attrs(settled: Settled, metric: SettledMetric) -> dict[str, Any]:
    attrs: dict[str, Any] = {"role": "metric", "metric": metric.metric, "units": metric.units}
    if metric.of:
        attrs["of"] = metric.of
    if metric.loop:
        attrs["loop"] = metric.loop
    if metric.metric == "mode":
        from loopscope.analysis.behaviour.classifying import MODES

        attrs["labels"] = json.dumps(MODES)
    if metric.metric == "dominant loop":
        attrs["labels"] = json.dumps(settled.loops)
    return attrs


def _words(words: tuple[str, ...]) -> np.ndarray[Any, np.dtype[np.str_]]:
    return np.array(words, dtype=np.str_)
