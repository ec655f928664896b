"""What setting up a run must know of a model, as plain data that is quick to read back.

Stage 4 of 5.  In: a ``Model`` and its ``Equations``, or a cache entry.  Out: ``Prepared``.  A model
file seen before is prepared without pysd and sympy being imported.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from loopscope.models.engine import cache
from loopscope.models.errors import ReadError, UnknownNameError, did_you_mean
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from loopscope.models.equations import Equations
    from loopscope.models.model import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One authored variable: kind is stock, flow, auxiliary, parameter or lookup."""

    name: str
    kind: str
    units: str
    documentation: str
    low: float | None
    high: float | None
    group: str


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A model as the engine's callers see it.

    Attributes
    ----------
    content
        Hash of the equations, which may differ from those of the file when a model was changed
        in memory.
    variables
        Authored variables by name, in file order.
    parameters
        Constants with their values.
    carried
        States, memories and pipelines in evaluation order, written-out ones included.
    computed
        Auxiliaries in evaluation order, written-out ones included.
    fixed
        Values found once at the start.
    hidden
        Names the author did not write -> the variable they serve.
    copies
        Clock variables that merely repeat a parameter -> that parameter.
    structural
        Parameters that decide the structure, so cannot be overridden -> why.
    discrete
        What jumps between steps: constructs by the variable that uses them.
    clock_needs
        What the time bounds rest on: parameters and auxiliaries.
    changing_clock
        Whether a time bound depends on the time.
    draws, pipelines
        Random draws a step; pipeline delays.
    source
        Gives the equations when a kernel must be made.
    """

    name: str
    path: str
    sha256: str
    content: str
    variables: Mapping[str, Facts]
    parameters: Mapping[str, float]
    carried: tuple[str, ...]
    computed: tuple[str, ...]
    fixed: tuple[str, ...]
    hidden: Mapping[str, str]
    clock: Mapping[str, str]
    copies: Mapping[str, str]
    structural: Mapping[str, str]
    discrete: Mapping[str, str]
    clock_needs: tuple[str, ...]
    changing_clock: bool
    draws: int
    pipelines: int
    source: Callable[[], Equations] = field(compare=False, repr=False)
    _by_key: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_key", {key(name): name for name in self.variables})

    def find(self, name: str, what: str = "variable") -> Facts:
        """Return the authored variable of that name, however it is spaced or cased.

        Raises
        ------
        UnknownNameError
            No such variable; the message names the nearest.
        """
        authored = self._by_key.get(key(str(name)))
        if authored is None:
            hint = did_you_mean(str(name), self.variables)
            if not hint:
                hint = f"; 'loopscope describe {self.name}' lists them"
            msg = f"{self.name}: no {what} named '{name}'{hint}"
            raise UnknownNameError(msg)
        return self.variables[authored]

    @property
    def all_computed(self) -> tuple[str, ...]:
        """All that a run computes, in evaluation order, written-out names included."""
        return (*self.fixed, *self.carried, *self.computed)

    def of_kind(self, *kinds: str) -> list[str]:
        """Return the names of all variables of some kinds, in file order."""
        return [name for name, facts in self.variables.items() if facts.kind in kinds]


def prepare(model: Model, equations: Equations | None = None) -> Prepared:
    """Return what runs of a model need; writes out its equations unless they are given."""
    from loopscope.models import model as records
    from loopscope.models import symbolic

    kinds = {
        records.Stock: "stock",
        records.Flow: "flow",
        records.Auxiliary: "auxiliary",
        records.Parameter: "parameter",
        records.Lookup: "lookup",
    }
    facts = {
        variable.name: Facts(
            name=variable.name,
            kind=kinds[type(variable)],
            units=variable.units,
            documentation=variable.documentation,
            low=variable.limits[0],
            high=variable.limits[1],
            group=variable.group,
        )
        for variable in model
    }
    known = symbolic.symbolise(model) if equations is None else equations
    return of_equations(known, path=model.path, variables=facts)


def of_equations(known: Equations, *, path: str, variables: Mapping[str, Facts]) -> Prepared:
    """Return what runs of some equations need.

    Parameters
    ----------
    path
        Of the model file, beside which scenarios and cases stand.
    variables
        Names that callers may use.
    """
    from loopscope.models import equations as written
    from loopscope.models import functions
    from loopscope.models import model as records

    clock = asdict(known.clock)
    copies = {}
    for role in ("initial_time", "final_time", "time_step", "saveper"):
        name = clock[role]
        equation = known.auxiliaries.get(records.symbol_of(name))
        if equation in known.parameters:
            copies[name] = str(equation)
    needs = {
        symbol
        for role in ("initial_time", "final_time", "time_step", "saveper")
        for symbol in written.reaches(known, records.symbol_of(clock[role]))
    }
    discrete = {state.owner: state.construct for state in known.memories.values()}
    discrete |= {pipe.owner: "DELAY FIXED" for pipe in known.pipelines.values()}
    running = [(str(symbol.name), e) for symbol, e in known.auxiliaries.items()]
    running += [(state.owner, state.rate) for state in known.states.values()]
    for owner, expression in running:
        for found in expression.atoms(functions.RandomUniform, functions.PulseTrain):
            construct = "a random function"
            if isinstance(found, functions.PulseTrain):
                construct = "PULSE TRAIN"
            discrete.setdefault(owner, construct)
    return Prepared(
        name=known.name,
        path=path,
        sha256=known.sha256,
        content=cache.key_of(known.sha256, repr(replace(known, parameters={}))),
        variables=variables,
        parameters={str(symbol.name): value for symbol, value in known.parameters.items()},
        carried=tuple(str(s.name) for s in (*known.states, *known.memories, *known.pipelines)),
        computed=tuple(str(s.name) for s in known.auxiliaries),
        fixed=tuple(str(s.name) for s in known.fixed),
        hidden=dict(known.hidden),
        clock=clock,
        copies=copies,
        structural=dict(known.structural),
        discrete=discrete,
        clock_needs=tuple(sorted(str(s.name) for s in needs - {records.TIME})),
        changing_clock=records.TIME in needs,
        draws=known.draws,
        pipelines=len(known.pipelines),
        source=lambda: known,
    )


_seen: dict[str, Prepared] = {}


def of_file(name_or_path: str | Path) -> Prepared:
    """Prepare a library model or a model file, from the cache when its bytes were seen before."""
    from loopscope.models.source import load, locate

    name, path = locate(name_or_path)
    path = path.absolute()
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError):
        load(name_or_path)  # says what stands at the path instead
        raise
    entry = cache.key_of("prepared", name, str(path), digest, cache.source_digest()) + ".json"
    if entry not in _seen:
        known = cache.read(entry)
        if known is not None:
            _seen[entry] = _from_json(known, lambda: _equations(path, digest))
        else:
            _seen[entry] = prepare(load(path))
            cache.write(entry, _to_json(_seen[entry]))
    return _seen[entry]


@lru_cache(maxsize=8)
def _equations(path: Path, digest: str) -> Equations:
    from loopscope.models.source import load
    from loopscope.models.symbolic import symbolise

    model = load(path)
    if model.sha256 != digest:
        msg = f"{path.name}: the file changed while it was in use; start again"
        raise ReadError(msg)
    return symbolise(model)


def _to_json(prepared: Prepared) -> bytes:
    plain: dict[str, Any] = {
        name: getattr(prepared, name)
        for name in Prepared.__dataclass_fields__
        if name not in ("source", "_by_key", "variables")
    }
    plain["variables"] = [
        [getattr(facts, name) for name in Facts.__dataclass_fields__]
        for facts in prepared.variables.values()
    ]
    return json.dumps(plain).encode()


def _from_json(body: bytes, source: Callable[[], Equations]) -> Prepared:
    plain = json.loads(body)
    names = tuple(Facts.__dataclass_fields__)
    rows = (Facts(**dict(zip(names, row, strict=True))) for row in plain.pop("variables"))
    for name in ("carried", "computed", "fixed", "clock_needs"):
        plain[name] = tuple(plain[name])
    return Prepared(**plain, variables={facts.name: facts for facts in rows}, source=source)
