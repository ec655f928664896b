"""The compiled value of a sum over loops: from several threads at once, before it is compiled."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np

from loopscope.loops.finding import evaluating
from loopscope.loops.finding.loopsum import END, LoopSum

THREADS = 4
TERMS = 20_000


def test_threads_that_come_first_at_once_get_the_same_values():
    # Long enough that one thread still computes when another has compiled.
    total = LoopSum(sums=(((("x", "y"), END),) * TERMS,), roots=(0,), count=TERMS)
    program = evaluating.program(total)
    weights = np.random.default_rng(1).normal(size=(1, 20_000))
    expected = TERMS * weights[0]
    for _ in range(5):
        evaluating._kernel.cache_clear()
        together = Barrier(THREADS)

        def one(_, together=together):
            together.wait()
            return program.of(weights)

        with ThreadPoolExecutor(THREADS) as pool:
            for found in pool.map(one, range(THREADS)):
                np.testing.assert_allclose(found, expected, rtol=1e-12)
