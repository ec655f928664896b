"""Functions that remember: marks that stand in a model's equations as their author wrote them.

Stage 2 of 5.  In: nothing.  Out: sympy function classes without a value of their own; ``delays``
writes them out as stocks, memories and pipelines before anything is run.
"""

from __future__ import annotations

from loopscope.models.functions import SDFunction


class Remembering(SDFunction):
    """A function with a memory; ``delays`` writes it out before anything is run."""


class Integral(Remembering):
    """INTEG(rate, initial, non-negative 0 or 1)."""

    nargs = 3
    source = "Vensim INTEG; XMILE stock"


class Delay(Remembering):
    """DELAY1, DELAY3 (material delay): (input, delay time, initial value, order)."""

    nargs = 4
    source = "Vensim DELAY1, DELAY3, DELAY1I, DELAY3I; XMILE DELAY1, DELAY3"


class DelayN(Remembering):
    """DELAY N: (input, delay time, initial value, order)."""

    nargs = 4
    source = "Vensim DELAY N; XMILE DELAYN"


class DelayFixed(Remembering):
    """DELAY FIXED (pipeline delay): (input, delay time, initial value)."""

    nargs = 3
    source = "Vensim DELAY FIXED; XMILE DELAY"


class Smooth(Remembering):
    """SMOOTH, SMOOTH3, SMOOTH N (information delay): (input, time, initial value, order)."""

    nargs = 4
    source = "Vensim SMOOTH, SMOOTHI, SMOOTH3, SMOOTH3I, SMOOTH N; XMILE SMTH1, SMTH3, SMTHN"


class Trend(Remembering):
    """TREND: (input, averaging time, initial trend)."""

    nargs = 3
    source = "Vensim TREND; XMILE TREND"


class Forecast(Remembering):
    """FORECAST: (input, averaging time, horizon, initial trend)."""

    nargs = 4
    source = "Vensim FORECAST; XMILE FORCST"


class SampleIfTrue(Remembering):
    """SAMPLE IF TRUE: (condition, input, initial value)."""

    nargs = 3
    source = "Vensim SAMPLE IF TRUE"


class Initial(Remembering):
    """INITIAL(x): the value of x at the start of the run."""

    nargs = 1
    source = "Vensim INITIAL; XMILE INIT"


class ActiveInitial(Remembering):
    """ACTIVE INITIAL(x, initial): x, but ``initial`` while start values are being found."""

    nargs = 2
    source = "Vensim ACTIVE INITIAL"
