"""All designs, by the word that a study has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, get_args

from pydantic import BeforeValidator, Field

from loopscope.analysis.study.designs.fast import Fast
from loopscope.analysis.study.designs.from_file import FromFile
from loopscope.analysis.study.designs.grid import Grid
from loopscope.analysis.study.designs.halton import Halton
from loopscope.analysis.study.designs.latin_hypercube import LatinHypercube
from loopscope.analysis.study.designs.morris import Morris
from loopscope.analysis.study.designs.one_at_a_time import OneAtATime
from loopscope.analysis.study.designs.random import Random
from loopscope.analysis.study.designs.saltelli import Saltelli
from loopscope.analysis.study.designs.sobol_sequence import SobolSequence
from loopscope.models.tagged import spelled

if TYPE_CHECKING:
    from loopscope.analysis.study.designs.design import Design

_Any = (
    SobolSequence | LatinHypercube | Halton | Random | Saltelli | Morris | Fast | Grid | OneAtATime
    | FromFile
)  # fmt: skip

RECORDS: dict[str, type[Design]] = {
    record.model_fields["kind"].default: record for record in get_args(_Any)
}
"""The record of each kind."""


def _spelled(value: Any) -> Any:
    return spelled(value, RECORDS, "kind", "design")


AnyDesign = Annotated[Annotated[_Any, Field(discriminator="kind")], BeforeValidator(_spelled)]
"""A field that holds a design."""
