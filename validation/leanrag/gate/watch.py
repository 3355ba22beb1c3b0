"""While the gate works, a thread asks every few seconds whether it still should: superseded? lease lost?"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from leanrag.core.errors import LeanragError
from leanrag.core.progress import say

EVERY_SECONDS = 10.0
Check = Callable[[], str]


@contextmanager
def watching(checks: Iterable[Check], stop: Callable[[str], None], every: float = EVERY_SECONDS) -> Iterator[None]:
    """Ask each check again and again during the block; the first that gives a reason ends the watch and the run."""
    ended = threading.Event()
    asked = tuple(checks)
    thread = threading.Thread(target=_watch, args=(asked, stop, every, ended), name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        # A call that hangs must not hold up the verdict; the thread dies with the process.
        thread.join(timeout=1.0)


def _watch(checks: tuple[Check, ...], stop: Callable[[str], None], every: float, ended: threading.Event) -> None:
    while not ended.wait(every):
        for check in checks:
            if (why := _asked(check)) and not ended.is_set():
                stop(why)
                return


def _asked(check: Check) -> str:
    try:
        return check()
    except LeanragError as error:
        # Git or the API server is away for a moment: no reason to stop, and the last look asks once more.
        say(f"watch: {error.message}")
        return ""
