"""From a claim to its equations, and from a variable to the claims that it serves.

In: a model with a ``claims.toml``.  Out: ``Tracing``: for each claim its equations, links, loops
and scenarios; for each variable its claims and purposes.  What of it does not hold together is what
``claim_faults`` says.

Loops, scenarios and cases may name claims in their own files, and claims may name loops and
scenarios: one mention is enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from loopscope.analysis.description import loaded, of_variable
from loopscope.analysis.mechanisms import Basis, Mechanisms, Sign
from loopscope.loops.catalogue import catalogue
from loopscope.models.case import cases
from loopscope.models.claim import claims
from loopscope.models.errors import LoopError, UnknownNameError, did_you_mean
from loopscope.models.names import key
from loopscope.models.scenario import scenarios
from loopscope.models.statement_file import statements

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.analysis.mechanisms import Mechanism
    from loopscope.loops.catalogue import Named
    from loopscope.models.claim import Claim, ClaimedLink, Claims, Status
    from loopscope.models.model import Model
    from loopscope.models.scenario import Scenario
    from loopscope.models.statement import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """A variable as its author wrote it; ``text`` of a stock is its rate of change."""

    name: str
    kind: str
    units: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedLink:
    """A link that a claim states, and what the equations say.

    Attributes
    ----------
    path
        As the claim has it.
    stated
        Its sign there: "+", "-" or empty.
    chain
        Every variable on the way; empty where there is none.
    sign, basis
        What the equations give; see ``Mechanism``.
    fault
        Why there is no such way, or how the signs differ; empty where all is well.
    """

    path: tuple[str, ...]
    stated: str
    chain: tuple[str, ...]
    sign: Sign
    basis: Basis
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedLoop:
    """A loop that carries a claim, as ``loops.toml`` has it."""

    id: str
    name: str
    path: tuple[str, ...]
    polarity: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A scenario or case that is about a claim."""

    kind: Literal["scenario", "case"]
    name: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedCheck:
    """A statement of ``checks.toml`` that tests a claim; ``says`` is empty where there is none."""

    id: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedClaim:
    """A claim with everything that carries it; the first fields are those of ``Claim``.

    Attributes
    ----------
    equations
        Of every variable on the way of its links, then of the others that it names.
    """

    id: str
    section: str
    says: str
    sign: str
    delay: str
    inferred: tuple[str, ...]
    status: str
    reason: str
    checks: tuple[TracedCheck, ...]
    equations: tuple[Equation, ...]
    links: tuple[TracedLink, ...]
    loops: tuple[TracedLoop, ...]
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedVariable:
    """A variable with what it is there for.

    Attributes
    ----------
    claims
        (id, sentence, status) of the claims that name it.
    purposes
        (name, sentence) of the purposes that name it.
    """

    equation: Equation
    group: str
    claims: tuple[tuple[str, str, str], ...]
    purposes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """A claim in outline: how many variables, links, loops, scenarios and cases carry it."""

    id: str
    says: str
    status: str
    variables: int
    links: int
    loops: int
    scenarios: int


class Tracing:
    """What the sources of one model claim, held against the model.

    Attributes
    ----------
    model
        The model.
    claims
        Its claims, with names of variables as the model has them.
    mechanisms
        What follows links through the equations.

    Raises
    ------
    ReadError
        ``claims.toml`` is not as it should be, or names what the model does not have.

    Notes
    -----
    Reading is cheap.  The causal graph is traced, and signs are proved, when links are first asked
    for; a run is made only where a sign cannot be proved.

    Examples
    --------
    >>> tracing = Tracing("migration_policy")
    >>> [claim for claim, _, _ in tracing.variable("lever border").claims]
    ['C21', 'C26']
    """

    def __init__(self, model: Model | str | Path) -> None:
        self.model = loaded(model)
        self.claims: Claims = claims(self.model.path).resolved(self.model)
        self.mechanisms = Mechanisms(self.model)

    @cached_property
    def loops(self) -> Mapping[str, Named]:
        """Loops that the model names, by the key of their id."""
        found = catalogue(self.model)
        return {key(loop.id): loop for loop in found.loops} if found else {}

    @cached_property
    def scenarios(self) -> Mapping[str, tuple[Use, Scenario]]:
        """Cases and scenarios that come with the model, by the key of their name."""
        path = Path(self.model.path)
        found: dict[str, tuple[Use, Scenario]] = {}
        for case in cases(path).values():
            found[key(case.name)] = Use(kind="case", name=case.name, sentence=case.sentence), case
        for one in scenarios(path).values():
            found[key(one.name)] = Use(kind="scenario", name=one.name, sentence=one.sentence), one
        return found

    @cached_property
    def checks(self) -> Mapping[str, Statement]:
        """Statements that the model must pass, by the key of their id."""
        return {key(one.id): one for one in statements(Path(self.model.path)).values()}

    def checks_of(self, claim: Claim) -> tuple[TracedCheck, ...]:
        """Return the checks that a claim names."""
        known = ((one, self.checks.get(key(one))) for one in claim.checks)
        return tuple(TracedCheck(id=one, says=found.says if found else "") for one, found in known)

    def loops_of(self, claim: Claim) -> tuple[TracedLoop, ...]:
        """Return the loops that a claim names, and those that name it, in the order of the file."""
        ids = {key(one) for one in claim.loops}
        return tuple(
            TracedLoop(
                id=loop.id, name=loop.name, path=loop.path, polarity=loop.polarity,
                sentence=loop.sentence,
            )
            for which, loop in self.loops.items()
            if which in ids or _mentions(loop.claims, claim.id)
        )  # fmt: skip

    def uses_of(self, claim: Claim) -> tuple[Use, ...]:
        """Return scenarios and cases that a claim names, and those that name it."""
        names = {key(one) for one in claim.scenarios}
        return tuple(
            use
            for which, (use, record) in self.scenarios.items()
            if which in names or _mentions(record.claims, claim.id)
        )

    def rows(self, status: Status | None = None) -> tuple[ClaimRow, ...]:
        """Return all claims in outline, or those of one status, in file order."""
        return tuple(
            ClaimRow(
                id=claim.id, says=claim.says, status=claim.status, variables=len(claim.named),
                links=len(claim.links), loops=len(self.loops_of(claim)),
                scenarios=len(self.uses_of(claim)),
            )
            for claim in self.claims.claims
            if status is None or claim.status == status
        )  # fmt: skip

    def claim(self, which: str) -> TracedClaim:
        """Trace one claim to equations, links, loops and scenarios.

        Raises
        ------
        UnknownNameError
            No such claim.
        """
        claim = self.claims[which]
        links = tuple(self.link(link) for link in claim.links)
        on_the_way = (name for link in links for name in link.chain)
        return TracedClaim(
            id=claim.id, section=claim.section, says=claim.says, sign=claim.sign,
            delay=claim.delay, inferred=claim.inferred, status=claim.status, reason=claim.reason,
            checks=self.checks_of(claim),
            equations=tuple(map(self._equation, dict.fromkeys((*on_the_way, *claim.named)))),
            links=links, loops=self.loops_of(claim), uses=self.uses_of(claim),
        )  # fmt: skip

    def variable(self, name: str) -> TracedVariable:
        """Trace one variable to the claims and purposes that it serves.

        Raises
        ------
        UnknownNameError
            No such variable.
        """
        found = self.model.find(name)
        return TracedVariable(
            equation=self._equation(found.name),
            group=found.group,
            claims=tuple(
                (claim.id, claim.says, claim.status)
                for claim in self.claims.claims
                if found.name in claim.named
            ),
            purposes=tuple(
                (purpose.name, purpose.sentence)
                for purpose in self.claims.purposes
                if found.name in purpose.variables
            ),
        )

    def either(self, word: str) -> TracedClaim | TracedVariable:
        """Trace a claim or, where there is none of that id, a variable.

        Raises
        ------
        UnknownNameError
            Neither; the message names the nearest of both.
        """
        if word in self.claims:
            return self.claim(word)
        if key(word) not in {key(name) for name in self.model.variables}:
            ids = [claim.id for claim in self.claims.claims]
            hint = did_you_mean(word, [*ids, *self.model.variables])
            msg = f"{self.model.name}: no claim and no variable named '{word}'{hint}"
            raise UnknownNameError(msg)
        return self.variable(word)

    def link(self, link: ClaimedLink) -> TracedLink:
        """Follow a link that a claim states through the equations."""
        try:
            found = self.mechanisms.follow(link.path)
        except LoopError as error:
            return TracedLink(
                path=link.path, stated=link.sign, chain=(), sign="?", basis="unknown",
                fault=str(error),
            )  # fmt: skip
        return TracedLink(
            path=link.path, stated=link.sign, chain=found.chain, sign=found.sign,
            basis=found.basis, fault=_disagreement(link, found),
        )  # fmt: skip

    def _equation(self, name: str) -> Equation:
        facts = of_variable(self.model, name)
        return Equation(name=facts.name, kind=facts.kind, units=facts.units, text=facts.equation)


def _mentions(names: tuple[str, ...], which: str) -> bool:
    return key(which) in {key(name) for name in names}


def _disagreement(link: ClaimedLink, found: Mechanism) -> str:
    if not link.sign or found.sign == link.sign:
        return ""
    way = " -> ".join(link.path)
    if found.sign == "?":
        return f"'{way}' is stated {link.sign}, which is neither proved nor observed"
    return f"'{way}' is stated {link.sign}, but {found.basis} {found.sign}"
