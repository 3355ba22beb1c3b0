"""What goes wrong around an engine, made for real: a slow network, a starved client, an engine not there yet."""

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil

_CHUNK = 65536


class Relay:
    """A context manager: a TCP relay on loopback to `url` that holds every packet for `delay` seconds, both ways.

    `began` is called once, when the first completion is asked for; `self.url` is its address.
    """

    def __init__(self, url: str, delay: float = 0.0, began: Callable[[], None] | None = None) -> None:
        place = urlsplit(url)
        assert place.hostname and place.port
        self._target, self._delay, self._began = (place.hostname, place.port), delay, began
        self._loop, self._ready = asyncio.new_event_loop(), threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.url = ""

    def __enter__(self) -> "Relay":
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._join, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        self._loop.run_forever()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._target)
        await asyncio.gather(self._copy(reader, back, True), self._copy(there, writer, False), return_exceptions=True)

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, asks: bool) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(_CHUNK):
                if asks and self._began and b"/completions" in data:
                    began, self._began = self._began, None
                    began()
                # Packets overtake one another nowhere: each waits as long as the one before it.
                self._loop.call_later(self._delay, target.write, data)
        self._loop.call_later(self._delay, target.close)


@contextlib.contextmanager
def starved(folder: Path, every: float, stopped: float) -> Iterator[None]:
    """Take the processor away from every program working in `folder`: `stopped` seconds of each `every`."""
    ended = threading.Event()

    def stop_and_go() -> None:
        while not ended.wait(every - stopped):
            for each in (found := list(_working(folder))):
                _signal(each, signal.SIGSTOP)
            time.sleep(stopped)
            for each in found:
                _signal(each, signal.SIGCONT)

    thread = threading.Thread(target=stop_and_go, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _working(folder: Path) -> Iterator[int]:
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if each.pid != os.getpid() and Path(each.cwd()) == folder.resolve():
                yield each.pid


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def frozen(group: int, seconds: float) -> None:
    """Stop a process group for some seconds, from a thread of its own."""

    def freeze() -> None:
        os.killpg(group, signal.SIGSTOP)
        time.sleep(seconds)
        os.killpg(group, signal.SIGCONT)

    threading.Thread(target=freeze, daemon=True).start()
