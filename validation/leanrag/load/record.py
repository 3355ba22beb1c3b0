"""What a measurement leaves behind: every request, what the engine said, and both sides' figures beside each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from leanrag.core.result import JSON
from leanrag.engine.recording import read_snapshots, write_snapshots
from leanrag.engine.snapshot import Snapshot
from leanrag.load.beside import Beside, beside
from leanrag.load.engine_figures import EngineFigures, figures, span
from leanrag.load.gpu_figures import Gpu, gpus
from leanrag.load.report import Stage
from leanrag.load.rows import write_rows
from leanrag.slo.objectives import Objective

ROWS = "rows.jsonl.zst"
_ENGINES, _EXPORTERS = "engine", "gpus"


@dataclass(frozen=True, slots=True)
class Watched:
    """What was scraped during a run: one sequence of snapshots for each engine (pod), one for each GPU exporter.

    `pods` narrows GPUs to those with the labels of one of them; `problems` are the samplers' own.
    """

    engines: Sequence[Sequence[Snapshot]]
    exporters: Sequence[Sequence[Snapshot]] = ()
    pods: Sequence[Mapping[str, str]] = ({},)
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """The figures of a run that was watched, and the files that hold all of it."""

    figures: EngineFigures
    beside: tuple[Beside, ...]
    gpus: tuple[Gpu, ...]
    files: tuple[Path, ...]
    problems: tuple[str, ...] = ()

    def entry(self) -> dict[str, JSON]:
        """Return what a verdict says of the engine: `leanrag report --history` reads it back."""
        return {
            **self.figures.entry(),
            "beside": [each.entry() for each in self.beside],
            "gpus": [each.entry() for each in self.gpus],
            "scrapeProblems": list(self.problems),
        }


def record(
    folder: Path,
    stage: Stage,
    watched: Watched,
    model: str,
    objectives: Sequence[Objective],
    about: Mapping[str, JSON] | None = None,
) -> Recorded:
    """Write rows and snapshots of a run into a folder, and return its figures; InputError when the folder refuses.

    `stage` holds every request, those of all parts where the run had several; `about` says of the run what comparisons
    ask: scenario, gpu, engine, tool; the model is added.
    """
    start, end = span(stage)
    seen = figures(watched.engines, model, start, end)
    rows = folder / ROWS
    write_rows(rows, stage, {"model": model, **(about or {})})
    files = (*_write(folder, _ENGINES, watched.engines), *_write(folder, _EXPORTERS, watched.exporters))
    return Recorded(
        figures=seen,
        beside=beside(stage.rows, seen, objectives),
        gpus=tuple(one for each in watched.exporters for pod in watched.pods for one in gpus(each, start, end, **pod)),
        files=(rows, *files),
        problems=watched.problems,
    )


def reread(folder: Path, stage: Stage, model: str) -> EngineFigures | None:
    """Return the engine's figures of a recorded run from its files; None when no engine is recorded there.

    `stage` holds every request of the run. Raises InputError for files that cannot be used.
    """
    paths = _files(folder, _ENGINES)
    return figures([read_snapshots(path) for path in paths], model, *span(stage)) if paths else None


def recorded(folder: Path) -> tuple[Path, ...]:
    """Return what `record` has left in a folder."""
    return (folder / ROWS, *_files(folder, _ENGINES), *_files(folder, _EXPORTERS))


def _files(folder: Path, name: str) -> tuple[Path, ...]:
    return tuple(sorted((*folder.glob(f"{name}.jsonl.zst"), *folder.glob(f"{name}-*.jsonl.zst"))))


def _write(folder: Path, name: str, watched: Sequence[Sequence[Snapshot]]) -> tuple[Path, ...]:
    # Those of an earlier run in this folder must not be taken for this one's.
    for old in _files(folder, name):
        old.unlink()
    paths = tuple(folder / f"{name}{f'-{at}' if at > 1 else ''}.jsonl.zst" for at in range(1, len(watched) + 1))
    for path, snapshots in zip(paths, watched, strict=True):
        write_snapshots(path, snapshots)
    return paths
