"""How much memory the demo takes: this process and all that it started, shared pages counted once (PSS)."""

import threading
from types import TracebackType

import psutil

EVERY_SECONDS = 3.0


class PeakMemory:
    """Sample the proportional set size of our process tree while the block runs; `gib` is the largest sum seen."""

    def __init__(self) -> None:
        self.gib = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(timeout=EVERY_SECONDS)

    def _sample(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            own = psutil.Process()
            family = [own, *own.children(recursive=True)]
            self.gib = max(self.gib, sum(_pss(process) for process in family) / 2**30)


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, AttributeError, OSError):
        return 0
