"""One function call in a second process, while this one does something else.

In: a function that can be imported, and arguments that pickle.  Out: what it returns, or the error
that it raised.  Work on models needs the interpreter all the time, so threads would not help.
Where there can be no second process, or it dies, the call is made in this one.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

from loopscope.models.errors import LoopscopeError

if TYPE_CHECKING:
    from collections.abc import Callable


class Beside:
    """A call that runs from now on.

    Parameters
    ----------
    function
        Of a module, by its name there.
    """

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self._call = function, args
        self._answer = b""
        self._process = _started()
        self._reader: threading.Thread | None = None
        if self._process is not None:
            # Read as it comes: a pipe holds little, and the other side would wait for us.
            self._reader = threading.Thread(target=self._read, daemon=True)
            self._reader.start()

    def result(self) -> Any:
        """Wait for what the function returns.

        Raises
        ------
        LoopscopeError
            As the function.
        """
        if self._process is not None and self._reader is not None:
            self._reader.join()
            if self._process.wait() == 0:
                known, found = pickle.loads(self._answer)
                if known:
                    return found
                assert isinstance(found, LoopscopeError)
                raise found
        function, args = self._call
        return function(*args)

    @property
    def done(self) -> bool:
        """Whether ``result`` would not wait."""
        return self._reader is None or not self._reader.is_alive()

    def stop(self) -> None:
        """End the process, if it still runs; nothing is lost by a second call."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._reader is not None:
            self._reader.join()

    def _read(self) -> None:
        assert self._process is not None
        try:
            self._answer, _ = self._process.communicate(pickle.dumps(self._call))
        except OSError:  # it ended before it was told what to do
            self._process.wait()


def _started() -> subprocess.Popen[bytes] | None:
    if not sys.executable:
        return None
    places = os.pathsep.join(place for place in sys.path if place)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": places},
        )
    except OSError:
        return None


def main() -> None:
    """Make the call that standard input holds, and write to standard output what came of it."""
    function, args = pickle.loads(sys.stdin.buffer.read())
    # What the function prints must not get into the answer.
    answer, sys.stdout = sys.stdout.buffer, sys.stderr
    try:
        told = True, function(*args)
    except LoopscopeError as error:
        told = False, error
    answer.write(pickle.dumps(told))
    answer.flush()


if __name__ == "__main__":
    main()
