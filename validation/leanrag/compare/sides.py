"""Reads one side of a comparison: a report, kept rows, a verdict's folder, or a folder of runs with a side.json."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from leanrag.compare.facts import Facts
from leanrag.core.errors import InputError
from leanrag.core.files import read_text
from leanrag.load.reader import read
from leanrag.load.report import Report, Stage
from leanrag.load.rows import read_kept

SCHEMA: Final = "leanrag.io/side/v1"
FILE = "side.json"
ROWS = ".jsonl.zst"
_REPORTS = (".json.gz", "guidellm.json")
_ROWS = "rows"
_Finite = Annotated[float, Field(allow_inf_nan=False, gt=0)]


class SideFile(BaseModel):
    """side.json: what the runs of a folder cannot say of themselves. `price` is of one GPU hour, in any currency.

    `runs` in the order in which they were measured, paths from the folder; `size` is a document of `leanrag size
    --format json`; `kvTokens` what the engine says its KV cache holds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    schema_: Literal["leanrag.io/side/v1"] = Field(alias="schema")
    name: str = ""
    scenario: str = ""
    gpu: str = ""
    engine: str = ""
    arguments: dict[str, str] | None = None
    model: str = ""
    store: str = ""
    tool: str = ""
    gpus: Annotated[int, Field(gt=0)] | None = None
    price: _Finite | None = None
    warmupRequests: Annotated[int, Field(ge=0)] | None = None  # noqa: N815 - the key in JSON
    kvTokens: Annotated[int, Field(gt=0)] | None = None  # noqa: N815
    size: dict[str, Any] | None = None
    runs: tuple[str, ...] = ()

    @property
    def facts(self) -> Facts:
        """What it says about comparability."""
        return Facts(self.scenario, self.gpu, self.engine, self.arguments, self.model, self.store, self.tool)


_NOTHING = SideFile(schema=SCHEMA)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the load: its stages by name, in order; `source` is the file."""

    source: str
    stages: Mapping[str, Stage]


@dataclass(frozen=True, slots=True)
class Side:
    """Everything known of one side; `path` is what was named, `told` its side.json."""

    name: str
    path: str
    facts: Facts
    runs: tuple[Run, ...]
    told: SideFile = _NOTHING


def read_side(path: Path, model: str = "") -> Side:
    """Return a side. `model` chooses among the models of a verdict. InputError says what is missing and the way out."""
    folder = path if path.is_dir() else path.parent
    if path.name == "verdict.json" or (path.is_dir() and (path / "verdict.json").is_file()):
        return _gated(folder, folder / "verdict.json", model)
    if path.is_dir():
        return _folder(path)
    run, facts = _run(path)
    return Side(path.name, str(path), facts, (run,))


def _folder(path: Path) -> Side:
    told = side_file(path / FILE) if (path / FILE).is_file() else _NOTHING
    files = [path / name for name in told.runs] or _reports(path)
    if not files:
        raise InputError(f"{path}: holds no report", hint="name a report, a gate's folder, or run: leanrag load")
    return _side(told.name or path.name, path, files, told)


def _side(name: str, path: Path, files: Iterable[Path], told: SideFile, weaker: Facts | None = None) -> Side:
    found = [_run(each) for each in files]
    facts = told.facts
    for other in (weaker or Facts(), *(each for _, each in found)):
        facts = facts.over(other)
    _same_within([run.source for run, _ in found], [each for _, each in found])
    return Side(name, str(path), facts, tuple(run for run, _ in found), told)


def _reports(folder: Path) -> list[Path]:
    """Return every report below a folder; kept rows only where no report beside them holds the same requests."""
    found = sorted(each for each in folder.rglob("*") if each.is_file())
    reports = [each for each in found if each.name.endswith(_REPORTS)]
    covered = {each.parent for each in reports}
    rows = [p for p in found if p.name.endswith(ROWS) and p.name.startswith(_ROWS) and p.parent not in covered]
    return sorted([*reports, *rows])


def _same_within(sources: list[str], facts: list[Facts]) -> None:
    """Runs of one side are runs of one thing: what two of them say differently makes the side none."""
    for source, other in zip(sources, facts, strict=True):
        for name in ("model", "tool", "scenario", "gpu", "engine"):
            seen, first = getattr(other, name), getattr(facts[0], name)
            if seen and first and seen != first:
                raise InputError(
                    f"{source}: {name} {seen!r}, but {sources[0]} has {first!r}", hint="keep one side in one folder"
                )


def _run(path: Path) -> tuple[Run, Facts]:
    if path.name.endswith(ROWS):
        kept = read_kept(path)
        scenario, gpu, engine, model, tool = (
            str(kept.about.get(name) or "") for name in ("scenario", "gpu", "engine", "model", "tool")
        )
        known = Facts(scenario, gpu, engine, None, model, "", tool)
        return Run(str(path), _staged([kept.stage], str(path))), known
    report = read(path)
    return Run(str(path), _staged(report.stages, str(path))), _of_report(report)


def _of_report(report: Report) -> Facts:
    label = report.labels.get
    return Facts(label("scenario", ""), label("gpu", ""), label("engine", ""), None, report.model, "", report.tool)


def _staged(stages: Iterable[Stage], source: str) -> dict[str, Stage]:
    found: dict[str, Stage] = {}
    for stage in stages:
        if stage.name in found:
            raise InputError(f"{source}: two stages are {stage.name}", hint="compare reports whose stages differ")
        found[stage.name] = stage
    return found


def side_file(path: Path) -> SideFile:
    """Return a side.json; every problem at once, each with its key."""
    try:
        return SideFile.model_validate_json(read_text(path))
    except ValidationError as error:
        lines = (f"{path}: {'.'.join(map(str, e['loc'])) or 'document'}: {e['msg']}" for e in error.errors())
        raise InputError("\n".join(lines), hint=f"schema {SCHEMA}; keys: {', '.join(_keys())}") from None


def _keys() -> Iterator[str]:
    yield from (field.alias or name for name, field in SideFile.model_fields.items())


def _gated(folder: Path, path: Path, model: str) -> Side:
    """A gate's folder: its verdict says what was running, the reports of its load step hold the requests."""
    try:
        verdict: Any = json.loads(read_text(path))
        subject, served = verdict["subject"], [m for m in verdict["subject"]["models"] if m["task"] == "chat"]
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{path}: not a verdict", hint="leanrag report VERDICT says what is wrong with it") from None
    files = _reports(folder / "load")
    if not files:
        raise InputError(
            f"{path}: its load reports are not beside it, and a verdict holds no requests",
            hint=f"copy the gate's whole folder, with {folder / 'load'}",
        )
    told = side_file(folder / FILE) if (folder / FILE).is_file() else _NOTHING
    wanted = [each for each in files if not model or _run(each)[1].model == model]
    if len(wanted) != 1:
        names = ", ".join(str(m["name"]) for m in served)
        raise InputError(f"{path}: {len(wanted)} of its reports are of {model or 'one model'}", hint=f"--model {names}")
    return _side(told.name or folder.name, folder, wanted, told, _of_subject(subject, _run(wanted[0])[1].model))


def _of_subject(subject: Mapping[str, Any], model: str) -> Facts:
    one: Mapping[str, Any] = next((m for m in subject["models"] if m["name"] == model), {})
    version = one.get("engineVersion")
    return Facts(
        gpu=", ".join(subject.get("gpu") or ()),
        engine=f"{one.get('engine')} {version}" if version else "",
        model=model,
        store=subject.get("vectorStore") or "",
    )


def priced(side: Side, hour: float | None) -> Side:
    """Return the side with the price of a GPU hour, where it does not say its own."""
    return replace(side, told=side.told.model_copy(update={"price": side.told.price or hour}))
