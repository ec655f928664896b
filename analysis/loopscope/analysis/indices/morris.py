"""Morris screening: elementary effects along trajectories.

Stage 3 of 5.  In: outcomes of a Morris design.  Out: for each outcome and parameter the mean effect
of moving it over its range (``mu``), the mean size of it (``mu_star``), and how much it depends on
where the others stand (``sigma``), all in the unit of the outcome.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.indices.bootstrap import interval, weights_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.analysis.indices.sample import Sample, Settings

    Numbers = NDArray[np.float64]

RESAMPLES = 100


def estimate(sample: Sample, values: Numbers, settings: Settings) -> dict[str, Numbers]:
    """Estimate the measures of Morris of many outcomes at once.

    Parameters
    ----------
    sample
        Of a Morris design: trajectories of P + 1 runs, in which each parameter moves once.
    values
        Dims (run, column), finite.

    Returns
    -------
    dict
        ``mu``, ``mu_star``, ``mu_star_low``, ``mu_star_high``, ``sigma``, dims (column, parameter),
        in the unit of the outcome per whole range of the parameter (in probability, from its lowest
        to its highest quantile).

    Notes
    -----
    A parameter that a step leaves where it is, because its distribution is discrete, has an effect
    of 0 in that trajectory.

    References
    ----------
    Morris (1991), Technometrics 33(2), 161-174; ``mu_star``: Campolongo, Cariboni & Saltelli
    (2007), Environmental Modelling & Software 22(10), 1509-1518.
    """
    effects = elementary_effects(sample, values)
    rows, parameters, _ = effects.shape
    resamples = RESAMPLES if settings.resamples is None else settings.resamples
    draw = np.random.default_rng(settings.seed)  # as SALib draws
    drawn = [draw.integers(rows, size=(resamples, rows)) for _ in range(parameters)]
    sizes = np.stack(
        [weights_of(rows, one) @ np.abs(effects[:, place]) for place, one in enumerate(drawn)],
        axis=-1,
    )
    middle, low, high = interval(sizes, settings)
    return {
        "mu": effects.mean(axis=0).T,
        "mu_star": middle,
        "mu_star_low": low,
        "mu_star_high": high,
        "sigma": np.std(effects, axis=0, ddof=1).T,
    }


def elementary_effects(sample: Sample, values: Numbers) -> Numbers:
    """Return the effect of each step, dims (trajectory, parameter, column)."""
    parameters = len(sample.parameters)
    steps = np.diff(sample.inputs.reshape(-1, sample.step, parameters), axis=1)
    changes = np.diff(values.reshape(len(steps), sample.step, -1), axis=1)
    # In the space of probabilities each step is as long as this, whatever the distribution.
    length = sample.levels / (2.0 * (sample.levels - 1))
    effects = np.zeros((len(steps), parameters, values.shape[1]))
    trajectory, step, parameter = np.nonzero(steps)
    up = np.sign(steps[trajectory, step, parameter])[:, None]
    effects[trajectory, parameter] = up * changes[trajectory, step] / length
    return effects
