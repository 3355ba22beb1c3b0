"""End a run in time: SIGTERM, Ctrl-C, the deadline and a watching thread become one StoppedError in the main thread.

The exception travels through `core.process.run`, which kills the program it waits for with all its children.
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from leanrag.core.errors import StoppedError

# A step may swallow the first StoppedError in a broad `except`; it comes again until the step ends.
AGAIN_SECONDS = 5.0


class Stopper:
    """Remembers why the run must end; `armed` while an exception may interrupt the work."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.started = time.monotonic()
        self.why = ""
        self.armed = False
        self.handled = False
        self.hurried = False

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - (time.monotonic() - self.started)

    def check(self) -> None:
        """Raise StoppedError when the run has been stopped or its time is over."""
        if not self.why and self.left <= 0:
            self.why = self._late()
        if self.why:
            raise StoppedError(self.why)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let a signal interrupt the block; outside such a block it is only remembered."""
        self.armed = True
        try:
            yield
        finally:
            self.armed = False

    def stop(self, why: str) -> None:
        """Stop the run for a reason that another thread has found; the first reason stays."""
        if self.why:
            return
        self.why = why
        if self.handled:
            # The handler runs in the main thread, whichever thread sets the timer.
            signal.setitimer(signal.ITIMER_REAL, 0.001, AGAIN_SECONDS)

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        """Remember the first reason, and interrupt the work; who sent a signal will not wait for long."""
        self.hurried = self.hurried or number != signal.SIGALRM
        if not self.why:
            self.why = self._late() if number == signal.SIGALRM else f"stopped by {signal.Signals(number).name}"
            signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS, AGAIN_SECONDS)
        if self.armed:
            raise StoppedError(self.why)

    def _late(self) -> str:
        return f"the deadline of {self.deadline:.0f} s for the whole gate was reached"


@contextmanager
def stoppable(deadline: float) -> Iterator[Stopper]:
    """Give a Stopper that is fed by signals and a timer; `deadline` in seconds from now. Handlers are put back."""
    stopper = Stopper(deadline)
    if threading.current_thread() is not threading.main_thread():
        yield stopper  # only the main thread may set handlers; the deadline still holds between steps
        return
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)
    before = {number: signal.signal(number, stopper.on_signal) for number in numbers}
    stopper.handled = True
    signal.setitimer(signal.ITIMER_REAL, max(deadline, 0.001), AGAIN_SECONDS)
    try:
        yield stopper
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
