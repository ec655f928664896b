"""What is to be split, checked against the model.

In: a model, outcomes, switches, an ensemble and what a run is asked for.  Out: ``Asked``: the
mechanisms and the ``Dial`` that runs them.  Every mistake of the caller but those in numbers ends
here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loopscope.analysis.attributing.dial import Dial
from loopscope.analysis.attributing.dialling import dialled
from loopscope.analysis.attributing.mechanism import Mechanism, mechanisms_of
from loopscope.models.engine.overrides import collect
from loopscope.models.engine.plan import plan
from loopscope.models.engine.request import clock_of, named
from loopscope.models.engine.simulate import method_of, prepared_of
from loopscope.models.errors import StudyError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.analysis.attributing.ensembles import Ensemble
    from loopscope.models.engine.prepared import Prepared
    from loopscope.models.engine.request import Request
    from loopscope.models.model import Model
    from loopscope.models.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be split, checked."""

    prepared: Prepared
    mechanisms: tuple[Mechanism, ...]
    without: tuple[tuple[str, str], ...]
    dial: Dial
    labels: dict[str, str]

    @classmethod
    def of(
        cls,
        model: Model | str | Path,
        of: str | Sequence[str],
        loops: Any,
        scenario: str | Scenario | None,
        given: Ensemble,
        request: Request,
    ) -> Asked:
        """Return what was asked for, or say what of it cannot be.

        Raises
        ------
        StudyError
            As ``attribute``, but for tolerance, nodes, orders and quantiles.
        """
        from loopscope.models.source import load

        record = load(model) if isinstance(model, str | Path) else model
        prepared = prepared_of(record)
        if prepared.draws:
            msg = (
                f"{prepared.name} draws random numbers, which differ between the runs that are "
                "compared; hold what draws them at a value or a path"
            )
            raise StudyError(msg)
        request, scenario = given.under(request, scenario)
        case, scenario = named(prepared.path, request.get("case"), scenario)
        overrides = collect(
            prepared,
            case=case,
            scenario=scenario,
            parameters=given.parameters(prepared, request.get("parameters")),
            initial=request.get("initial"),
            lookups=request.get("lookups"),
        )
        outputs = _outcomes(prepared, of)
        chosen, without = mechanisms_of(record, prepared, loops)
        clock = clock_of(request, case)
        method = method_of(prepared, request.get("method"))
        laid_out = plan(
            prepared,
            replace(overrides, numbers=dict(overrides.numbers)),
            clock=clock,
            method="RK4" if method == "RK4" else "Euler",
            outputs=outputs,
            seed=0,
        )
        full, strengths = dialled(prepared, chosen)
        times: Request = {
            "start": clock["start"], "stop": clock["stop"], "dt": clock["dt"],
            "saveper": clock["saveper"], "method": method, "threads": request.get("threads"),
        }  # fmt: skip
        dial = Dial(
            prepared=full, strengths=strengths, outputs=outputs, overrides=overrides,
            request=times, time=laid_out.times.saved,
        )  # fmt: skip
        labels = {
            "scenario": scenario.name if scenario else "",
            "case": case.name if case else "",
            "ensemble": given.label,
        }
        return cls(prepared=prepared, mechanisms=chosen, without=without, dial=dial, labels=labels)


def _outcomes(prepared: Prepared, of: str | Sequence[str]) -> tuple[str, ...]:
    names = [of] if isinstance(of, str) else of
    if not isinstance(names, list | tuple) or not names:
        msg = f"of must name one outcome or several, got {shown(of)}"
        raise StudyError(msg)
    found = dict.fromkeys(prepared.find(name, "outcome") for name in names)
    for facts in found:
        if facts.kind not in ("stock", "flow", "auxiliary"):
            msg = f"'{facts.name}' is a {facts.kind}: nothing acts on it, so nothing can be split"
            raise StudyError(msg)
    return tuple(facts.name for facts in found)
