"""Work shared by copies of this process, which have everything that was read so far; answers come in order."""

import gc
import os
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_all_start_methods, get_context
from typing import Any, TypeVar

from leanrag.core.errors import LeanragError, ToolError

Item = TypeVar("Item")
Answer = TypeVar("Answer")
# What the copies do: they are made after it is set, and only what they answer is sent.
_WORK: list[Callable[[Any], Any]] = []


def processors() -> int:
    """Return how many processors this process may use; 1 where a process cannot be copied."""
    if "fork" not in get_all_start_methods():
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def by_copies(work: Callable[[Item], Answer], items: Sequence[Item], workers: int, chunk: int = 1) -> Iterator[Answer]:
    """Yield the answer to each item, in their order; a copy that was killed is a ToolError."""
    if workers < 2 or len(items) < 2:
        yield from map(work, items)
        return
    _WORK[:] = [work]
    gc.freeze()  # what is shared stays shared: the collector would write to it
    try:
        with ProcessPoolExecutor(min(workers, len(items)), get_context("fork"), initializer=_quiet) as pool:
            yield from pool.map(_one, items, chunksize=chunk)
    except BrokenProcessPool:
        message = "a process that judged for this one was killed"
        raise ToolError(message, hint="give it more memory, or check less at once: --cluster") from None
    finally:
        gc.unfreeze()
        _WORK.clear()


def _quiet() -> None:
    """End without a word when the first process ends: that one says why."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _one(item: Any) -> Any:
    [work] = _WORK
    try:
        return work(item)
    except LeanragError:
        raise
    except Exception as error:
        # A mistake of ours; not every exception survives the way back, and one that does not looks like a killed copy.
        raise RuntimeError("".join(traceback.format_exception(error))) from None
