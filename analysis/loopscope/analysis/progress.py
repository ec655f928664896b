"""How far a long command is, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Step = Callable[[int, int], None]


@contextmanager
def shown(what: str, things: str = "") -> Iterator[Step | None]:
    """Give a function of (done, all) that shows progress; None when nobody watches.

    With ``things``, what is counted, the count and the rate are shown as well; what was done at the
    first call counts for neither rate nor time left.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn
    from rich.text import Text

    class Count(ProgressColumn):
        def render(self, task: Any) -> Text:
            if task.total is None:
                return Text("")
            rate = f", {task.speed:,.0f} a second" if task.speed else ""
            return Text(f"{task.completed:,} of {task.total:,} {things}{rate}")

    columns = (*Progress.get_default_columns(), *((Count(),) if things else ()))
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(what, total=None, start=not things)

        def step(done: int, total: int) -> None:
            if bar.tasks[0].total is None and things:
                bar.reset(task, completed=done, total=total)
            bar.update(task, completed=done, total=total)

        yield step


@contextmanager
def waiting(what: str) -> Iterator[Callable[[str], None] | None]:
    """Give a function that says what is being done now; None when nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    with Console(file=sys.stderr).status(what) as status:
        yield lambda now: status.update(f"{what}: {now}")
