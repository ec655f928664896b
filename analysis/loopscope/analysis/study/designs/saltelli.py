"""The design "saltelli": what variance-based (Sobol) indices need.

Each point of a base sample A is run, then with one parameter at a time taken from a second sample
B, and B itself; for second order also B with one parameter at a time taken from A.  The parameters
of a *group* are taken together, and have one index together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from loopscope.analysis.study.designs.design import INDEPENDENT, Design, asked, by_name
from loopscope.analysis.study.designs.sequence import sequence
from loopscope.models.errors import StudyError
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.analysis.study.designs.design import Numbers, Space
    from loopscope.analysis.study.designs.sequence import SobolNumbers


@dataclass(frozen=True, eq=False)
class SaltelliPoints:
    """Rows in the order of SALib: all rows of the first base point, then of the second.

    Attributes
    ----------
    group
        The group of each parameter, dims (parameter,).
    """

    runs: int
    sequence: SobolNumbers
    group: Any
    per_point: int
    info: dict[str, Any]
    direct: ClassVar[bool] = False

    def rows(self, first: int, last: int) -> Numbers:
        """Return probabilities, dims (run, parameter)."""
        width, groups = len(self.group), int(self.group.max()) + 1
        start, stop = first // self.per_point, -(-last // self.per_point)
        base = self.sequence.points(start, stop)
        place = np.arange(first, last)
        point, step = place // self.per_point - start, place % self.per_point
        a, b = base[point, :width], base[point, width:]
        # Row 0 is A, the last is B; 1 to G are A with a group of B, the others B with one of A.
        mostly_b = step > groups
        taken = np.where(mostly_b, step - groups - 1, step - 1)
        taken[step == self.per_point - 1] = groups  # none
        swapped = taken[:, None] == self.group
        return np.where(mostly_b[:, None] != swapped, b, a)


class Saltelli(Design):
    """Saltelli's extension of a Sobol sequence.

    Attributes
    ----------
    second_order
        Whether indices of pairs are wanted, too: N (2 G + 2) runs instead of N (G + 2), for G
        groups.
    groups
        Parameters that are taken together; every other one is a group of its own.

    References
    ----------
    Saltelli (2002), "Making best use of model evaluations to compute sensitivity indices", Computer
    Physics Communications 145(2), 280-297.
    """

    kind: Literal["saltelli"] = "saltelli"
    second_order: bool = True
    groups: tuple[Annotated[tuple[str, ...], Field(min_length=1)], ...] = ()
    no_correlations: ClassVar[str] = f"{INDEPENDENT}; or put such parameters into one of 'groups'"

    def refuses(self, pairs: Sequence[tuple[str, str]]) -> str:
        """Return why not all pairs can be correlated; empty where each lies inside a group."""
        together = [set(map(key, group)) for group in self.groups]
        inside = all(any({key(a), key(b)} <= group for group in together) for a, b in pairs)
        return "" if inside else self.no_correlations

    def plan(self, space: Space, runs: int | None, seed: int) -> SaltelliPoints:
        """Return the rows of as many base points as fit: a power of two.

        Raises
        ------
        StudyError
            Too few runs; a group with a parameter that is not swept, or that is in another.
        """
        group = self._group(space)
        groups = int(group.max()) + 1
        per_point = 2 * groups + 2 if self.second_order else groups + 2
        why = f" ({per_point} for each of 2 base points)"
        count = asked(runs, self.kind, 2 * per_point, why)
        base = 1 << ((count // per_point).bit_length() - 1)
        info = {"kind": self.kind, "base": base, "second_order": self.second_order}
        if self.groups:
            info["groups"] = [
                [name for name, own in zip(space.names, group, strict=True) if own == number]
                for number in range(groups)
            ]
        found = sequence(2 * space.width, base, seed)
        return SaltelliPoints(base * per_point, found, group, per_point, info)

    def _group(self, space: Space) -> Any:
        """Return the group of each parameter, numbered by their first parameters."""
        home: dict[str, int] = {}
        for number, names in enumerate(self.groups):
            for name in by_name(space, dict.fromkeys(names, number)):
                if name in home:
                    msg = f"design: '{name}' is in two groups; keep one"
                    raise StudyError(msg)
                home[name] = number
        labels = [home.get(name, name) for name in space.names]
        order = {label: number for number, label in enumerate(dict.fromkeys(labels))}
        return np.array([order[label] for label in labels])
