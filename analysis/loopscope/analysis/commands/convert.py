"""``loopscope convert``: write a model back as a file of another program."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loopscope.analysis.commands.options import AsJson, ModelName

if TYPE_CHECKING:
    from loopscope.models import View
    from loopscope.models.writing.written import Written


def convert(
    model: ModelName,
    out: Annotated[
        list[Path],
        typer.Option(
            "--out",
            metavar="FILE",
            show_default=False,
            help="Write .mdl (Vensim) or .xmile, .stmx, .xml (XMILE). May be given again.",
        ),
    ],
    view: Annotated[
        bool, typer.Option("--view/--no-view", help="With a picture of stocks and flows, or none.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Write a model as a Vensim or XMILE file that gives the same run.

    Equations, units, documentation, ranges and tables are carried. What the other program has no
    words for is said by others, and told; what cannot be said is refused, with every place.
    """
    from loopscope.analysis import tables
    from loopscope.models import load
    from loopscope.models.files import write_text
    from loopscope.models.writing import saving

    read = load(model)
    paths = list(dict.fromkeys(saving.checked(read, path) for path in out))
    views: tuple[View, ...] = ()
    if view:
        from loopscope.loops.diagrams.stockflow.viewing import view_of

        views = (view_of(read),)
    written = {path: saving.written(read, path, views) for path in paths}
    for path, one in written.items():
        write_text(path, one.text)
    if as_json:
        tables.print_json([{"file": str(p), "changes": w.changes} for p, w in written.items()])
        return
    for path, one in written.items():
        tables.wrote(path)
        _tell(one)
    if view:
        tables.out(
            "the picture is drawn from the equations; those of the old file are not carried\n"
        )


def _tell(written: "Written") -> None:
    """Print what is different in a file."""
    from loopscope.analysis.tables import out, plain

    for change in written.changes:
        out(f"  {plain(change)}\n")
