"""What the verb `leanrag smoke` does, without printing or exiting."""

from collections.abc import Iterable
from pathlib import Path

from leanrag.core.files import read_text
from leanrag.core.result import StepResult
from leanrag.rag.case import BUILT_IN, Suite, load_suite
from leanrag.rag.discover import discover
from leanrag.rag.runner import run_smoke
from leanrag.rag.target import Target, parse_contract


def find_target(endpoint: str = "", contract: Path | None = None, api_key: str = "", answering: bool = False) -> Target:
    """Return the target of a contract file (rag.json), at another address when `endpoint` is given, or ask the service.

    InputError for a contract that cannot be used, UnreachableError for an endpoint that does not answer.
    """
    if contract is None:
        return discover(endpoint, api_key=api_key, answering=answering)
    return parse_contract(read_text(contract), str(contract), url=endpoint, api_key=api_key, answering=answering)


def find_suites(folders: Iterable[Path] = ()) -> tuple[Suite, ...]:
    """Return the built-in suite and one a folder."""
    return tuple(load_suite(folder) for folder in (BUILT_IN, *folders))


def smoke(target: Target, folders: Iterable[Path] = (), *, deadline: float = 300.0) -> StepResult:
    """Run the built-in cases and those of the folders; `deadline` is seconds for all of it."""
    return run_smoke(target, find_suites(folders), deadline=deadline)
