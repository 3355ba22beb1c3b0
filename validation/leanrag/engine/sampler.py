"""Scrapes an engine's /metrics before, during and after a run, beside the load. It never fails the run it watches."""

import threading
import time
from types import TracebackType
from typing import Self

import requests

from leanrag.core.errors import InputError, StoppedError
from leanrag.engine.exposition import Series
from leanrag.engine.snapshot import Snapshot, snapshot

# vLLM 0.32.0 answers about 50 KB for one model.
MAX_BODY = 16 * 1024 * 1024
TIMEOUT = 10.0
# About 27 minutes of vLLM 0.32.0 at one scrape a second, and 130 MB as text; core/jsonl.py reads 512 MiB back.
MOST_SAMPLES = 1_000_000
_CHUNK = 64 * 1024


class Sampler:
    """A context manager: one scrape on entering, one every `every` seconds, one on leaving.

    `url` is the whole address of /metrics; `token` goes out as a bearer token. What went wrong is in `problems`, in
    words, each kind once. A long run is asked half as often, and every second answer of it is dropped, each time that
    they become too many to keep.
    """

    def __init__(self, url: str, every: float = 5.0, token: str = "") -> None:
        self._url = url
        self._every = every
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._taken: list[Snapshot] = []
        self._held = 0
        self._problems: dict[str, None] = {}
        self._known: dict[Series, Series] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="sampler", daemon=True)

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """What was scraped so far, in the order of time."""
        return tuple(self._taken)

    @property
    def problems(self) -> tuple[str, ...]:
        """Why scrapes failed."""
        return tuple(self._problems)

    def __enter__(self) -> Self:
        self._scrape()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._scrape()

    def _watch(self) -> None:
        while not self._ended.wait(self._every):
            self._scrape()

    def _scrape(self) -> None:
        moment = time.time()
        try:
            taken = snapshot(self._fetch(), moment)
        except InputError as error:
            self._problems[f"{self._url}: {error.message}"] = None
        except requests.RequestException as error:
            self._problems[f"{self._url}: {_words(error)}"] = None
        except StoppedError:
            raise
        except Exception as error:
            # What watches must not cost what is watched, not even by a defect of ours.
            self._problems[f"{self._url}: unexpected {type(error).__name__}: {error}"] = None
        else:
            # Hundreds of series, hundreds of times: each name is kept once.
            samples = {self._known.setdefault(each, each): value for each, value in taken.samples.items()}
            self._keep(Snapshot(moment, samples))

    def _keep(self, taken: Snapshot) -> None:
        self._taken.append(taken)
        self._held += len(taken.samples)
        if self._held > MOST_SAMPLES:
            # The first and the last hold what was counted between them.
            self._taken[:] = [*self._taken[:-1:2], taken]
            self._held = sum(len(each.samples) for each in self._taken)
            self._every *= 2

    def _fetch(self) -> str:
        # A redirect could lead the token elsewhere, and what it leads to is not this engine.
        with requests.get(
            self._url, headers=self._headers, timeout=TIMEOUT, stream=True, allow_redirects=False
        ) as answer:
            if answer.status_code != 200:
                raise InputError(f"answered {answer.status_code}")
            body = b""
            for chunk in answer.iter_content(_CHUNK):
                body += chunk
                if len(body) > MAX_BODY:
                    raise InputError(f"answered more than {MAX_BODY // 2**20} MiB")
        return body.decode(errors="replace")


def _words(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT:.0f} s"
    if isinstance(error, requests.ConnectionError):
        return "nothing accepts connections"
    return str(error)
