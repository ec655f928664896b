"""What to look at first in a model.

In: a run.  Out: the variables that tables and pictures show when the user names none.  A model of
the library has a title and a chosen list; of any other model its stocks are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.analysis.runs import Run

MOST = 12
"""Variables that a picture shows unless the user names more."""


@dataclass(frozen=True, slots=True)
class Highlights:
    """Title, key outcomes, what the first picture of a report shows, and whom to credit.

    Attributes
    ----------
    credits
        Lines to reproduce with a chart that shows data which come with the model.
    """

    title: str
    outcomes: tuple[str, ...] = ()
    front: tuple[str, ...] = ()
    front_title: str = ""
    scenarios: tuple[str, ...] = ()
    credits: tuple[str, ...] = ()


KNOWN = {
    "migration_policy": Highlights(
        title="Migration policy: legal channels, irregular migration, politics and enforcement",
        outcomes=(
            "irregular migrants",
            "legal migrants",
            "irregular share of migrants",
            "total inflow",
            "policy stringency",
            "border and interior enforcement",
        ),
        front=(
            "irregular migrants",
            "legal migrants",
            "policy stringency",
            "border and interior enforcement",
        ),
        front_title="What three policies do to migration, compared with the base run",
        scenarios=("base", "tightening", "amnesty cycles", "border build-up"),
        credits=(
            "\u00a9 United Nations, Department of Economic and Social Affairs, Population "
            "Division: World Population Prospects 2024 and 2019; International Migrant Stock 2019. "
            "Licence CC BY 3.0 IGO. Selection and sums by this project.",
            "Free data from Gapminder.org, licence CC BY 4.0, based on the World Bank's World "
            "Development Indicators.",
            "Source: US Customs and Border Protection; US Department of Homeland Security, Office "
            "of Immigration Statistics; former Immigration and Naturalization Service; "
            "Congressional Research Service. Works of the US federal government.",
            "Source: Eurostat; European Commission. Reuse allowed with acknowledgement "
            "(CC BY 4.0).",
        ),
    )
}


def highlights(model: str) -> Highlights:
    """Return what is known of a library model; of another, its name as a title."""
    return KNOWN.get(model, Highlights(title=model.replace("_", " ")))


def outcomes(run: Run, named: Sequence[str] = ()) -> list[str]:
    """Return the authored names of what to report: those named, else key outcomes, else stocks.

    Raises
    ------
    UnknownNameError
        A name that the run does not have.
    """
    if named:
        return list(dict.fromkeys(run.find(name) for name in named))
    chosen = [name for name in highlights(run.model).outcomes if name in run.values]
    return chosen or run.stocks or list(run.values)
