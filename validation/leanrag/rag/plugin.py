"""pytest plugin: smoke cases as ordinary tests, one a case.

    pytest --leanrag-endpoint http://localhost:8321 --leanrag-contract rag.json --leanrag-cases my-cases/

Without --leanrag-endpoint it does nothing: the package behind it is not even imported.
"""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from leanrag.core.result import Item

SECONDS = 600.0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    group = parser.getgroup("leanrag", "smoke cases against a RAG API")
    group.addoption("--leanrag-endpoint", metavar="URL", help="run the smoke cases against this RAG API")
    group.addoption("--leanrag-api-key-env", metavar="NAME", help="environment variable that holds the API key")
    group.addoption("--leanrag-contract", metavar="FILE", help="rag.json of rag-stack-contract; else the API is asked")
    group.addoption("--leanrag-cases", metavar="DIR", action="append", default=[], help="a folder of your own cases")
    group.addoption("--leanrag-answering", action="store_true", help="the chat model can read, cite and refuse")


def pytest_configure(config: pytest.Config) -> None:
    """Switch the plugin on when an endpoint is given; unusable input ends pytest with one sentence."""
    if not config.getoption("--leanrag-endpoint"):
        return
    from leanrag.core.errors import LeanragError

    try:
        config.pluginmanager.register(_Smoke(config), "leanrag-smoke")
    except LeanragError as error:
        raise pytest.UsageError(f"{error}" + (f"\nhint: {error.hint}" if error.hint else "")) from None


class _Smoke:
    """The sessions of this run, one a suite, opened by their first test and closed at the end."""

    def __init__(self, config: pytest.Config) -> None:
        import time

        from leanrag.rag.client import Client
        from leanrag.rag.commands import find_suites, find_target
        from leanrag.rag.runner import REQUEST_SECONDS
        from leanrag.rag.session import Session

        variable = config.getoption("--leanrag-api-key-env")
        if variable and not os.environ.get(variable):
            raise pytest.UsageError(f"--leanrag-api-key-env: the variable {variable} is not set, or empty")
        contract = config.getoption("--leanrag-contract")
        suites = find_suites(Path(folder) for folder in config.getoption("--leanrag-cases"))
        target = find_target(
            config.getoption("--leanrag-endpoint"),
            Path(contract) if contract else None,
            os.environ.get(variable, "") if variable else "",
            config.getoption("--leanrag-answering"),
        )
        client = Client.to(target, timeout=REQUEST_SECONDS, until=time.monotonic() + SECONDS)
        self.client = client
        self.sessions = tuple(Session(client, suite) for suite in suites)
        self._ready: Item | None = None

    @pytest.hookimpl(tryfirst=True)  # before -k and -m choose among the items
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add the cases behind whatever pytest found by itself."""
        cases = list(self._items(session))
        items.extend(cases)
        # The hook that collectors report through, so that the terminal counts these items as collected.
        report = pytest.CollectReport("leanrag", "passed", None, [*cases])
        session.ihook.pytest_collectreport(report=report)

    def pytest_sessionfinish(self) -> None:
        """Delete what the run created."""
        for one in self.sessions:
            one.__exit__(None, None, None)

    def ready(self) -> "Item":
        """Ask once whether the service is there."""
        from leanrag.rag.runner import ask_ready

        if self._ready is None:
            self._ready = ask_ready(self.client)
        return self._ready

    def _items(self, parent: pytest.Session) -> Iterator[pytest.Item]:
        from leanrag.rag.runner import READY

        yield _Case.make(parent, "leanrag", READY, self.ready)
        for one in self.sessions:
            suite = "built-in" if one is self.sessions[0] else one.suite.name
            place = f"leanrag::{suite}"
            if one.suite.documents:
                yield _Case.make(parent, place, "documents are stored", self._after_ready(one.ingest))
            for case in one.suite.cases:
                yield _Case.make(parent, place, case.name, self._after_ready(partial(one.check, case)))

    def _after_ready(self, ask: Callable[[], "Item"]) -> Callable[[], "Item"]:
        def asked() -> "Item":
            ready = self.ready()
            if ready.outcome != "PASS":
                pytest.skip(f"not asked: {ready.reason}")
            return ask()

        return asked


class CaseFailedError(Exception):
    """A case that did not pass; its text is all that a reader needs."""


class _Case(pytest.Item):
    """One case as a test."""

    ask: Callable[[], "Item"]

    @classmethod
    def make(cls, parent: pytest.Session, place: str, name: str, ask: Callable[[], "Item"]) -> "_Case":
        """Return an item with a readable id: leanrag::built-in::vector-gpu."""
        item: _Case = cls.from_parent(parent, name=name, nodeid=f"{place}::{name}")
        item.ask = ask
        return item

    def runtest(self) -> None:
        """Run the case: NOT_RUN is a skip, FAIL and INCONCLUSIVE are failures that say which they are."""
        result = self.ask()
        self.user_properties.append(("proves", result.proves))
        if result.outcome == "NOT_RUN":
            pytest.skip(result.reason)
        if result.outcome != "PASS":
            raise CaseFailedError(f"{result.outcome}: {result.reason}\nIt would have proved: {result.proves}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Print the reason without a traceback: the fault is in the service, not in this code."""
        if isinstance(excinfo.value, CaseFailedError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Name the test by its id."""
        return self.path, None, self.nodeid
