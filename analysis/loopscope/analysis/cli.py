"""The command ``loopscope``.

In: words from a command line.  Out: an exit code: 0 done; 1 ``check`` or ``claims`` found something
wrong; 2 a mistake of the caller, told in one line on standard error; 3 a run left the finite
numbers (what was computed is written all the same); 130 interrupted.  Anything else is a bug and
keeps its traceback.

Start-up is a feature: what is heavy is imported by the sub-command that needs it.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loopscope.analysis.commands.animate import animate
from loopscope.analysis.commands.attribute import attribute
from loopscope.analysis.commands.check import check
from loopscope.analysis.commands.claims import claims
from loopscope.analysis.commands.compare import compare
from loopscope.analysis.commands.convert import convert
from loopscope.analysis.commands.describe import describe
from loopscope.analysis.commands.diagram import diagram
from loopscope.analysis.commands.dominance import dominance
from loopscope.analysis.commands.explain import explain
from loopscope.analysis.commands.fit import fit
from loopscope.analysis.commands.list import list_models
from loopscope.analysis.commands.loops import loops
from loopscope.analysis.commands.modes import modes
from loopscope.analysis.commands.report import report
from loopscope.analysis.commands.run import run
from loopscope.analysis.commands.sensitivity import sensitivity
from loopscope.analysis.commands.sweep import sweep
from loopscope.models.errors import LoopscopeError

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130
MISTAKE = 2

# typer brings its own copy of click in some versions and uses the package in others.
_ClickError: Any = typer.BadParameter.__mro__[2]
_Usage: Any = typer.BadParameter.__mro__[1]

app = typer.Typer(
    name="loopscope",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 check or claims found something wrong, 2 a mistake in what was "
    "asked, 3 a run left the finite numbers, 130 interrupted.",
)
app.command("run")(run)
app.command("compare")(compare)
app.command("fit")(fit)
app.command("loops")(loops)
app.command("diagram")(diagram)
app.command("animate")(animate)
app.command("explain")(explain)
app.command("sweep")(sweep)
app.command("attribute")(attribute)
app.command("sensitivity")(sensitivity)
app.command("dominance")(dominance)
app.command("convert")(convert)
app.command("describe")(describe)
app.command("claims")(claims)
app.command("list")(list_models)
app.command("check")(check)
app.command("modes")(modes)
app.command("report")(report)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"loopscope {version('loopscope')}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """Simulate stock-and-flow models, and say which feedback loops drive them, when."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments
        Words after ``loopscope``; those of the process by default.
    """
    # One run has no large matrix, and starting the threads for one costs a tenth of its time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    told = ""
    try:
        code = app(args=words, prog_name="loopscope", standalone_mode=False)
        sys.stdout.flush()
    except LoopscopeError as error:
        return _fail(str(error))
    except _ClickError as error:
        return _misuse(error)
    except (KeyboardInterrupt, typer.Abort) as stopped:
        code, told = INTERRUPTED, str(stopped)
    except BrokenPipeError:
        return _closed()
    if code == INTERRUPTED:
        _fail(told or "interrupted; no file was left half-written")
    return code if isinstance(code, int) else 0


def _fail(message: str) -> int:
    from loopscope.analysis.tables import say

    say(message)
    return MISTAKE


def _misuse(error: Any) -> int:
    """Say what is wrong with the words of a command line, and where help is."""
    context = getattr(error, "ctx", None)
    if context is not None and type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{error.format_message()}\n")
        return MISTAKE
    place = context.command_path if context is not None else "loopscope"
    message = error.format_message().rstrip(".")
    return _fail(f"{message[:1].lower()}{message[1:]}; see '{place} --help'")


def _closed() -> int:
    """Go quietly when the reader of a pipe has gone."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())
    return 128 + 13
