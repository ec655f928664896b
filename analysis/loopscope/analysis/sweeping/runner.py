"""Chunks over threads.

Stage 3 of 5.  In: a job, a place and the chunks it misses.  Out: the place, filled.  A thread takes
a chunk through all steps, so memory is that of one chunk a thread however many runs there are, and
results do not depend on threads or on the order in which they finish.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from itertools import islice
from typing import TYPE_CHECKING, Any

from loopscope.analysis.sweeping.task import work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from loopscope.analysis.sweeping.outline import Chunk
    from loopscope.analysis.sweeping.task import Computes, Place

AHEAD = 2
"""Chunks that wait for a thread, so that none stands idle."""


def run_on_threads(
    job: Computes,
    place: Place,
    chunks: Iterable[Chunk],
    threads: int,
    done: Callable[[Chunk], None],
) -> None:
    """Compute chunks and put them away.

    Parameters
    ----------
    threads
        Of this process; each computes one chunk at a time.
    done
        Called on this thread with each chunk that was put away.

    Raises
    ------
    OutputError
        A chunk cannot be written; those before it are.
    KeyboardInterrupt
        Passed on when the chunks at work are done and put away.
    """

    def part(chunk: Chunk) -> None:
        place.put(chunk, work(job, place.pack, chunk))

    with ThreadPoolExecutor(threads, thread_name_prefix="sweep") as pool:
        try:
            for chunk, _ in under_way(
                chunks,
                lambda chunk: pool.submit(part, chunk),
                lambda futures: wait(futures, return_when=FIRST_COMPLETED).done,
                lambda future: future.result(),
                threads + AHEAD,
            ):
                done(chunk)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def under_way(
    chunks: Iterable[Chunk],
    begin: Callable[[Chunk], Any],
    finished: Callable[[list[Any]], Iterable[Any]],
    result: Callable[[Any], Any],
    most: int,
) -> Iterator[tuple[Chunk, Any]]:
    """Keep so many chunks under way, and give each with its result.

    Parameters
    ----------
    begin
        Starts a chunk and gives its future.
    finished
        Waits for one of some futures at least, and gives those that are done.
    result
        What such a future holds; raises what the chunk raised.
    most
        Chunks under way at a time.
    """
    queue = iter(chunks)
    futures = {begin(chunk): chunk for chunk in islice(queue, most)}
    while futures:
        for future in finished(list(futures)):
            chunk = futures.pop(future)
            found = result(future)
            for following in islice(queue, 1):
                futures[begin(following)] = following
            yield chunk, found
