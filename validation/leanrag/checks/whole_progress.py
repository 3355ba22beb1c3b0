"""How far a long run is: one line that changes on a terminal, plain lines in a log, nothing when it is quick."""

import sys
import time

from leanrag.core.progress import say

_QUICK = 1.0  # seconds
_LOG_EVERY = 10.0


class Progress:
    """Counts clusters as they are judged."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        self._began = self._said = time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._shown = False

    def step(self) -> None:
        """Note one more cluster."""
        self._done += 1
        now = time.monotonic()
        if self._done == self._total or now - self._began < _QUICK:
            return
        text = f"check: {self._done} of {self._total} clusters, {now - self._began:.0f} s"
        if self._terminal:
            # Back to the start of the line, and what is left of a longer one is blanked.
            print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = True
        elif now - self._said >= _LOG_EVERY:
            say(text)
            self._said = now

    def end(self) -> None:
        """Take the line away."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
