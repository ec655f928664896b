from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

class OptimizeResult(Protocol):
    x: NDArray[np.float64]
    cost: float
    status: int

def least_squares(
    fun: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    x0: NDArray[np.float64],
    jac: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    bounds: tuple[NDArray[np.float64], NDArray[np.float64]],
    method: str = ...,
    ftol: float = ...,
    xtol: float = ...,
    gtol: float = ...,
    x_scale: str = ...,
    max_nfev: int = ...,
) -> OptimizeResult: ...
def linear_sum_assignment(
    cost_matrix: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]: ...
def minimize(
    fun: Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]],
    x0: NDArray[np.float64],
    *,
    jac: bool,
    method: str,
    bounds: list[tuple[float, float]] | list[tuple[float | None, float | None]],
    options: dict[str, int],
) -> OptimizeResult: ...
