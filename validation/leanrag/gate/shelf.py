"""The report store: every run's files in a folder of its own on the volume, the oldest removed."""

import contextlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from leanrag.core.files import write_atomic
from leanrag.core.shapes import items, mapping
from leanrag.evidence.store import EVIDENCE, METRICS, VERDICT
from leanrag.gate.verdict import Verdict
from leanrag.load.runs import DIAGNOSIS

KEEP = 50
# What a run recorded is some MB a model, its verdict some hundred KB.
KEEP_RECORDED = 20
FOLDER = "verdicts"
LOAD = "load"
# A mark, not a state in a file: it is removed by one unlink after the cluster has the verdict.
UNPUBLISHED = "unpublished"
WHOLE = "verdict.whole.json"


@dataclass(frozen=True, slots=True)
class Lost:
    """A verdict that was measured and never became known to the cluster."""

    id: str
    outcome: str
    end: str


class Shelf:
    """The files of runs below `out`/verdicts/<id>; `out` itself holds those of the newest."""

    def __init__(self, out: Path, keep: int = KEEP) -> None:
        self.out = out
        self.keep = keep

    def put(self, verdict_id: str, files: Mapping[str, str], recorded: Iterable[str] = ()) -> None:
        """Write a run's files, marked as not yet published; InputError when the volume refuses.

        `recorded` are what the load step left below `out`/load: the next run will write over it.
        """
        folder = self.out / FOLDER / verdict_id
        self._prune()
        write_atomic(folder / UNPUBLISHED, "")
        for name, text in files.items():
            write_atomic(folder / name, text)
        for name in recorded:
            with contextlib.suppress(FileNotFoundError):
                write_atomic(folder / LOAD / name, (self.out / LOAD / name).read_bytes())

    def published(self, verdict_id: str, files: Mapping[str, str]) -> None:
        """Take the mark away, put what was published in place of what was not, and make room: the oldest go."""
        folder = self.out / FOLDER / verdict_id
        # First, so that a full disk cannot make a published verdict look lost.
        (folder / UNPUBLISHED).unlink(missing_ok=True)
        # Before the files: on a full volume they could not be written, and nothing would ever be removed.
        self._prune()
        for name, text in files.items():
            write_atomic(folder / name, text)
            if name in (VERDICT, EVIDENCE, METRICS):
                write_atomic(self.out / name, text)

    def lost(self) -> tuple[Lost, ...]:
        """Return what earlier runs could not publish, oldest first."""
        return tuple(_lost(mark.parent) for mark in sorted((self.out / FOLDER).glob(f"*/{UNPUBLISHED}"), key=_age))

    def _prune(self) -> None:
        # Not by the age of the folder, which what is removed from it makes new.
        folders = [each for each in (self.out / FOLDER).glob("*") if each.is_dir()]
        folders.sort(key=lambda each: _age(each / VERDICT))
        for folder in folders[: max(0, len(folders) - self.keep)]:
            shutil.rmtree(folder, ignore_errors=True)
        for folder in folders[:-KEEP_RECORDED]:
            shutil.rmtree(folder / LOAD, ignore_errors=True)


def recorded(verdict: Verdict) -> Iterator[str]:
    """Yield the files that this run recorded, as paths below its load folder; a carried verdict recorded none."""
    load = next((step for step in verdict.steps if step.name == LOAD), None)
    if verdict.carried_from or load is None:
        return
    reports, files = (mapping(load.facts.get(key)) for key in ("reports", "files"))
    for model, names in files.items():
        release = Path(str(reports.get(model, ""))).parent.name
        yield from (f"{release}/{name}" for name in (*items(names), DIAGNOSIS) if release)


def _age(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _lost(folder: Path) -> Lost:
    try:
        document = json.loads((folder / VERDICT).read_text(encoding="utf-8"))
        return Lost(folder.name, str(document["outcome"]), str(document["end"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Lost(folder.name, "unreadable", "an unknown moment")
