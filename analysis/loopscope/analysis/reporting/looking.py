"""What checks and claims of a model have to say.

In: a model file.  Out: ``Looked``, which a second process can hand over to the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loopscope.models.errors import LoopscopeError

if TYPE_CHECKING:
    from loopscope.analysis.checks import Checked
    from loopscope.analysis.tracing import TracedClaim


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What checks and claims of a model have to say.

    Attributes
    ----------
    checked
        None where the checks could not be made; ``problem`` says why.
    claims
        Each traced to what carries it; empty for a model without a ``claims.toml``.
    faults
        What of the claims does not hold together.
    problem
        Why there are no checks, or no claims; empty where all is well.
    """

    checked: Checked | None = None
    claims: tuple[TracedClaim, ...] = ()
    faults: tuple[str, ...] = ()
    problem: str = ""


def look(path: str | Path) -> Looked:
    """Check a model, evaluate its statements, and trace its claims.

    Notes
    -----
    Costs as ``check`` and, for each claim, a proof of the sign of each link on its way.
    """
    from loopscope.analysis.checks import check
    from loopscope.analysis.claim_faults import faults
    from loopscope.analysis.tracing import Tracing
    from loopscope.models.source import load

    checked: Checked | None = None
    try:
        model = load(Path(path))
        checked = check(model)
        tracing = Tracing(model)
        claims = tuple(tracing.claim(one.id) for one in tracing.claims.claims)
        return Looked(checked=checked, claims=claims, faults=faults(tracing))
    except LoopscopeError as error:
        return Looked(checked=checked, problem=str(error))
