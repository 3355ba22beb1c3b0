"""One suite against one target: its corpus goes into a store of its own, its cases run, everything is deleted again."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from leanrag.core.errors import LeanragError, UnreachableError
from leanrag.core.outcome import Outcome
from leanrag.core.result import Item
from leanrag.rag.case import Case, Suite
from leanrag.rag.client import Client, Store
from leanrag.rag.http import ServiceError
from leanrag.rag.judge import Judgement
from leanrag.rag.kinds import KINDS

CLEANUP_SECONDS = 20.0
INGEST = "every document can be stored"
INGEST_PROVES = "Every document of the corpus can be uploaded, chunked, embedded and stored."
NO_STORE = Store("", None, {})


@dataclass
class Session:
    """A context manager; `left_behind` names what could not be deleted at its end."""

    client: Client
    suite: Suite
    left_behind: tuple[str, ...] = ()
    store: Store = NO_STORE
    ingested: Item | None = None
    _files: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Delete the store and the files, also after a failure or Ctrl-C, within CLEANUP_SECONDS."""
        client = self.client.until(time.monotonic() + CLEANUP_SECONDS)
        paths = [f"/v1/vector_stores/{self.store.id}"] if self.store.id else []
        paths += [f"/v1/files/{identity}" for identity in self._files]
        try:
            self.left_behind = tuple(why for path in paths if (why := client.delete(path)))
        except UnreachableError as unreachable:
            self.left_behind = (str(unreachable),)
        self.store, self._files = NO_STORE, {}

    def ingest(self) -> Item:
        """Create the store and put every document into it, once; the item says whether that worked."""
        if self.ingested is None:
            self.ingested = _item(INGEST, INGEST_PROVES, self._ingest)
        return self.ingested

    def check(self, case: Case) -> Item:
        """Run one case; a capability that the target lacks makes it NOT_RUN with that reason."""
        for capability in case.needs:
            if why := self.client.target.lacks(capability):
                return Item(case.name, Outcome.NOT_RUN, why, case.proves)
        if case.uses_corpus and (stored := self.ingest()).outcome is not Outcome.PASS:
            return Item(case.name, Outcome.NOT_RUN, f"no corpus to ask: {stored.reason}", case.proves)
        if self._wants_store(case):
            self.ingest()
        return _item(case.name, case.proves, lambda: KINDS[case.kind](self.client, self.store, case), _wanted(case))

    def _wants_store(self, case: Case) -> bool:
        return case.kind == "dimension" and "store" in case.expect["agree"] and bool(self.suite.documents)

    def _ingest(self) -> Judgement:
        self.store = self.client.create_store()
        for document in self.suite.documents:
            identity = self.client.upload(document)
            self._files[identity] = document.name
            self.store = Store(self.store.id, self.store.dimension, dict(self._files))
            self.client.attach(self.store, identity, document)
        return (), f"{len(self.suite.documents)} documents completed"


def _wanted(case: Case) -> str:
    """Say a case's expectation in words: `top gpu.md`."""
    return ", ".join(f"{key} {_plain(value)}" for key, value in case.expect.items())


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(str(one) for one in value)
    return "yes" if value is True else str(value)


def _item(name: str, proves: str, ask: Callable[[], Judgement], wanted: str = "") -> Item:
    """Turn what one question came to into an item: problems and wrong answers FAIL, no answer is INCONCLUSIVE."""
    started = time.monotonic()
    outcome, reason = _asked(ask, wanted)
    return Item(name, outcome, reason, proves, round(time.monotonic() - started, 3))


def _asked(ask: Callable[[], Judgement], wanted: str) -> tuple[Outcome, str]:
    expected = f"expected {wanted}; " if wanted else ""
    try:
        problems, saw = ask()
    except ServiceError as error:
        return Outcome.FAIL, f"{expected}got {error}"
    except LeanragError as error:  # unreachable, or the deadline
        return Outcome.INCONCLUSIVE, str(error)
    if problems:
        return Outcome.FAIL, f"{expected}got {saw}: {'; '.join(problems)}"
    return Outcome.PASS, f"{expected}got {saw}"
