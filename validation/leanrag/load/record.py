"""What a measurement leaves behind: every request, what the engine said, and both sides' figures beside each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from leanrag.core.result import JSON
from leanrag.engine.recording import write_snapshots
from leanrag.engine.snapshot import Snapshot
from leanrag.load.beside import Beside, beside
from leanrag.load.engine_figures import EngineFigures, figures, span
from leanrag.load.gpu_figures import Gpu, gpus
from leanrag.load.report import Stage
from leanrag.load.rows import write_rows
from leanrag.slo.objectives import Objective

ROWS = "rows.jsonl.zst"


@dataclass(frozen=True, slots=True)
class Watched:
    """What was scraped during a run: one sequence of snapshots for each engine (pod), one for each GPU exporter.

    `pod` narrows GPUs to those with these labels; `problems` are the samplers' own.
    """

    engines: Sequence[Sequence[Snapshot]]
    exporters: Sequence[Sequence[Snapshot]] = ()
    pod: tuple[tuple[str, str], ...] = ()
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
    engines = [(_numbered(folder, "engine", at), each) for at, each in enumerate(watched.engines)]
    exporters = [(_numbered(folder, "gpus", at), each) for at, each in enumerate(watched.exporters)]
    for path, snapshots in (*engines, *exporters):
        write_snapshots(path, snapshots)
    return Recorded(
        figures=seen,
        beside=beside(stage.rows, seen, objectives),
        gpus=tuple(one for each in watched.exporters for one in gpus(each, start, end, **dict(watched.pod))),
        files=(rows, *(path for path, _ in (*engines, *exporters))),
        problems=watched.problems,
    )


def _numbered(folder: Path, name: str, at: int) -> Path:
    return folder / (f"{name}.jsonl.zst" if at == 0 else f"{name}-{at + 1}.jsonl.zst")
