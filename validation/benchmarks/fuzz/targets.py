"""What is fuzzed: three functions of a text that may refuse it, and nothing else; each with texts to begin from."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from leanrag.checks.run import check_files, check_root
from leanrag.core import yamlfast, yamlio
from leanrag.core.errors import LeanragError, YamlError
from leanrag.render.tools import ready

ROOT = Path(__file__).resolve().parents[3]
_TESTS = ROOT / "validation" / "tests"
_COPIED = ("apps", "bootstrap/local", "charts", "clusters/dev", "overlays/dev")
_OVERLAYS = ("rag/rag-stack.yaml", "models/chat.yaml", "data/milvus.yaml", "gate/gate.yaml")


@dataclass(frozen=True, slots=True)
class Target:
    """A function that must end quietly on every text, and the texts that others are made from."""

    name: str
    run: Callable[[str], None]
    seeds: tuple[str, ...]


def targets() -> tuple[Target, ...]:
    """Return all targets."""
    golden = [json.loads(line)[0] for line in (_TESTS / "core" / "golden" / "yaml.jsonl").open(encoding="utf-8")]
    objects = sorted(each for kind in ("sound", "broken") for each in (_TESTS / "checks" / kind).glob("*.yaml"))
    overlays = sorted(ROOT.glob("overlays/*/*/*.yaml"))
    return (
        Target("texts", reads, tuple(golden)),
        Target("objects", judges, tuple(path.read_text() for path in objects)),
        Target("overlays", checks, tuple(path.read_text() for path in overlays)),
    )


def reads(text: str) -> None:
    """Read a text: both readers agree, what is read is JSON, and Kubernetes' own library takes nothing else."""
    try:
        documents = yamlio.load_all(text, "f")
    except YamlError:
        assert yamlfast.load(text) is None, "the fast reader takes what the exact one refuses"
        return
    exactly = yamlio.exact(text, "f")
    assert json.dumps(documents, allow_nan=False) == json.dumps(exactly, allow_nan=False), "the readers differ"
    for each in documents:
        assert yamlio.load(yamlio.dump(each), "f") == each, "what is written reads back otherwise"
    answer = kubernetes(text)
    if answer:
        assert answer[1] is not None, f"Kubernetes refuses it: {answer[2]}"
        found = json.dumps([each for each in documents if each is not None], sort_keys=True)
        assert found == json.dumps(answer[1], sort_keys=True), f"to Kubernetes it is {answer[1]}"


def judges(text: str) -> None:
    """Judge a file of objects."""
    path = scratch() / "objects.yaml"
    path.write_text(text, encoding="utf-8", errors="replace")
    _shown(check_files([path]))


def checks(text: str) -> None:
    """Check a repository of one cluster, one of whose overlays is the text; which one follows from its length."""
    path = repository() / "overlays" / "dev" / _OVERLAYS[len(text) % len(_OVERLAYS)]
    kept = path.read_text()
    try:
        path.write_text(text, encoding="utf-8", errors="replace")
        _shown(check_root(repository(), ("dev",), workers=1))
    except LeanragError:
        pass  # no answer, said in words
    finally:
        path.write_text(kept)


def _shown(run: Any) -> None:
    assert all(str(each) for each in run.findings)
    assert run.step.outcome.exit_code in (0, 1, 2)


@cache
def scratch() -> Path:
    """Return a folder of this process."""
    return Path(tempfile.mkdtemp(prefix="leanrag-fuzz-"))


@cache
def repository() -> Path:
    """Return a small copy of this repository: one cluster with four Applications."""
    root = scratch() / "repository"
    for name in _COPIED:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("tests", "ci", "README.md"))
    for path in (root / "overlays" / "dev").glob("*/*.yaml"):
        if str(path.relative_to(root / "overlays" / "dev")) not in _OVERLAYS:
            path.unlink()
    return root


def kubernetes(text: str) -> list[Any] | None:
    """Return the row that the golden table's maker makes of a text; None where it is not built."""
    program = _maker()
    if program is None or "\x00" in text:
        return None
    assert program.stdin and program.stdout
    program.stdin.write(json.dumps(text) + "\n")
    program.stdin.flush()
    row: list[Any] = json.loads(program.stdout.readline())
    return row


@cache
def _maker() -> "subprocess.Popen[str] | None":
    program = ready("yaml-golden")
    if program is None:
        return None
    return subprocess.Popen((program, "answer"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value inside a value."""
    if path:
        yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        yield from places(each, (*path, key))
