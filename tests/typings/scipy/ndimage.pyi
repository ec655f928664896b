import numpy as np
from numpy.typing import NDArray

def distance_transform_edt(input: NDArray[np.bool_]) -> NDArray[np.float64]: ...
