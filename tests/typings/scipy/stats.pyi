from typing import Any

import numpy as np
from numpy.typing import NDArray

binom: Any
kstwo: Any
qmc: Any

def rankdata(
    a: Any, method: str = ..., *, axis: int | None = ..., nan_policy: str = ...
) -> NDArray[np.float64]: ...

class rv_continuous:
    def __init__(self, *, a: float = ..., b: float = ..., name: str = ...) -> None: ...
    def __call__(self) -> Any: ...
