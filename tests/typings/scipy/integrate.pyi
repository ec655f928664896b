from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Numbers = NDArray[np.float64]

class OdeResult:
    t: _Numbers
    y: _Numbers
    success: bool
    message: str

def solve_ivp(
    fun: Callable[[float, _Numbers], _Numbers],
    t_span: tuple[float, float],
    y0: _Numbers,
    method: str = ...,
    t_eval: _Numbers | None = ...,
    *,
    jac: Callable[[float, _Numbers], _Numbers] | None = ...,
    rtol: float = ...,
    atol: float | _Numbers = ...,
    **options: Any,
) -> OdeResult: ...
