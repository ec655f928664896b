"""The exact Jacobian against central differences of the rates."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope.models import load as load_model
from loopscope.models import simulate, symbolise
from loopscope.models.derivatives import differentiate
from loopscope.models.engine.clock import Times
from loopscope.models.engine.layout import Layout
from loopscope.models.engine.plan import kernel, launch
from loopscope.models.engine.prepared import prepare


def jacobian_at(model, point):
    """Jacobian of the kernel at states given as a dict, its central differences, the rates."""
    prepared, derived = prepare(model), differentiate(symbolise(model))
    states = [str(state.name) for state in derived.equations.states]
    entries = {place: str(symbol.name) for place, symbol in derived.jacobian.items()}
    outputs = (*(str(rate.name) for rate in derived.rates), *entries.values())
    constants, fixed = tuple(prepared.parameters), prepared.fixed

    def values(outputs, inputs, starts, numbers):
        layout = Layout(method="Euler", outputs=outputs, inputs=inputs, starts=starts)
        code = kernel(prepared, layout, {}, ("differentiated", lambda: derived.equations))
        out, empty = np.empty((len(outputs), 1, 1)), np.zeros((1, 1))
        start = prepared.parameters[prepared.clock["initial_time"]]
        launch(code, layout, Times.at(start, 0.25), numbers, empty, empty, out, runs=1)
        return out[:, 0, 0]

    known = np.array([*prepared.parameters.values()])
    known = np.append(known, values(fixed, constants, (), known) if fixed else [])

    def look(at):
        return values(outputs, (*constants, *fixed), tuple(states), np.append(known, at))

    centre = np.array([point[state] for state in states])
    found = look(centre)
    matrix = np.zeros((len(states), len(states)))
    for (row, column), value in zip(entries, found[len(states) :], strict=True):
        matrix[row, column] = value
    measured = np.empty_like(matrix)
    for column, value in enumerate(centre):
        width = 1e-6 * max(1.0, abs(value))
        ahead, behind = centre.copy(), centre.copy()
        ahead[column] += width
        behind[column] -= width
        slope = (look(ahead) - look(behind))[: len(states)] / (ahead - behind)[column]
        measured[:, column] = slope
    return matrix, measured, np.abs(found[: len(states)])


def agree(matrix, measured, rates, size):
    # Differences of rates of size r are good to about 1e-16 r / (1e-6 x).
    noise = 1e-9 * rates[:, None] / np.maximum(1.0, np.abs(size))[None, :]
    scale = np.abs(matrix).max()
    assert (np.abs(matrix - measured) <= 1e-6 * np.abs(matrix) + noise + 1e-9 * scale).all()


def test_jacobian_of_the_migration_model_is_its_central_difference():
    # Off the start, where the model sits on points of its tables: each state up to 5 % away.
    model = load_model("migration_policy")
    point = simulate(model, method="RK4", stop=2020)
    names = [str(state.name) for state in symbolise(model).states]
    shown = {name: float(point[name].values[-1]) for name in names if name in point}
    away = np.random.default_rng(0).uniform(0.95, 1.05, len(names))
    rough = {
        name: (shown.get(name, 0.0) or 0.03) * factor
        for name, factor in zip(names, away, strict=True)
    }
    matrix, measured, rates = jacobian_at(model, rough)
    assert np.count_nonzero(matrix) > 3 * len(names)
    agree(matrix, measured, rates, np.array([rough[name] for name in names]))


FORMS = (
    "{a}*{b}/({c}^2+1)", "EXP(-{a}*{b})*{c}", "LN({a}^2+{b}^2+0.1)", "{a}^3-{b}/({c}+9)",
    "MIN({a},{b})*{c}", "MAX({a}*{b},{c}^2)", "IF THEN ELSE({a}>{b},{c}*{a},{b}^2)",
    "ABS(LN({a}^2+0.5))*{b}", "ABS({a}^0.5-2)*{b}", "SQRT({a}^2+1)*{b}", "t({a})*{b}+{c}",
    "ZIDZ({a},{b})", "({a}^2+1)^({b}/3)", "MODULO({a}*{b},7)", "SIN({a})*COS({b})", "ARCTAN({a})",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_jacobian_of_random_models_is_their_central_difference(load, seed):
    # Points lie away from bends and jumps, which a width of 1e-6 would cross.
    random = np.random.default_rng(seed)
    names = [f"s{number}" for number in range(4)]
    lines = ["t((-9,1),(0,2),(1,5),(3,4),(9,-1))~~|\n"]
    lines += [
        f"v{number}={form.format(**dict(zip('abc', random.choice(names, 3), strict=True)))}~~|\n"
        for number, form in enumerate(random.choice(FORMS, 8, replace=False))
    ]
    users = [f"v{number}" for number in range(8)]
    for name in names:
        first, second, third = random.choice(users, 3, replace=False)
        lines.append(f"{name}=INTEG({first}-{second}*{name}/(1+{third}^2),1)~~|\n")
    point = dict(zip(names, random.uniform(0.3, 2.7, 4), strict=True))
    matrix, measured, rates = jacobian_at(load("".join(lines)), point)
    agree(matrix, measured, rates, np.array(list(point.values())))
