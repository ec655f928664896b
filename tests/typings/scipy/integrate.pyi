from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Numbers = NDArray[np.float64]

class OdeSolver:
    t: float
    t_old: float | None
    y: _Numbers
    status: str

    def __init__(
        self,
        fun: Callable[[float, _Numbers], _Numbers],
        t0: float,
        y0: _Numbers,
        t_bound: float,
        *,
        jac: Callable[[float, _Numbers], _Numbers] | None = ...,
        rtol: float = ...,
        atol: float | _Numbers = ...,
        **options: Any,
    ) -> None: ...
    def step(self) -> str | None: ...
    def dense_output(self) -> Callable[[float], _Numbers]: ...

class LSODA(OdeSolver): ...
class Radau(OdeSolver): ...
