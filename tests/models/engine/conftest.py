"""Kernels of these tests go to a folder of their own, never to the user's cache."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope.models.engine import cache


@pytest.fixture(autouse=True, scope="session")
def private_cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kernels")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOPSCOPE_CACHE", str(folder))
        cache.folder.cache_clear()
        yield folder
    cache.folder.cache_clear()


@pytest.fixture(scope="session")
def same_bits():
    """Whether two arrays are equal bit for bit; any NaN equals any NaN."""

    def compare(a, b) -> bool:
        a, b = (np.ascontiguousarray(x, dtype=np.float64) for x in (a, b))
        gone = np.isnan(a) & np.isnan(b)
        return a.shape == b.shape and bool(np.all((a.view(np.int64) == b.view(np.int64)) | gone))

    return compare
