from typing import Any

import numpy as np
from numpy.typing import NDArray

def erfc(x: Any) -> NDArray[np.float64]: ...
def ndtri(x: Any) -> NDArray[np.float64]: ...
