"""What a family's metrics are made of: the sources that its file names under `read`, found on this machine and read.

An entry names one source: `module` (a Go module, path@version), `wheel` (an installed one, name==version) or
`repository` (owner/name@tag, which a checkout has to be given for). `files` are globs in it, `reader` who reads them
(go, python, state-metrics, collector or recorded), `only` globs of the metrics that are wanted (absent: all), `at` the
components that serve them, `version` the family's version that it is, and `names` the values of names that the files do
not tell.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from leanrag.core import yamlio
from leanrag.core.errors import InputError, UnreachableError
from leanrag.core.files import cache_dir, read_text, write_atomic
from leanrag.core.process import run
from leanrag.core.shapes import items
from leanrag.engine import gometrics, otelpython, tables
from leanrag.engine.declared import Declared
from leanrag.engine.registry import FOLDER
from leanrag.render.tools import go

_READERS = ("go", "python", "state-metrics", "collector", "recorded")
_KEY = "\nmetrics:"


@dataclass(frozen=True, slots=True)
class Entry:
    """One source of a family's metrics; see above."""

    files: tuple[str, ...]
    module: str = ""
    wheel: str = ""
    repository: str = ""
    reader: str = "go"
    at: tuple[str, ...] = ()
    version: str = ""
    only: tuple[str, ...] = ("*",)
    names: Mapping[str, str] = field(default_factory=dict)


def path(family: str) -> Path:
    """Return a family's file; InputError for a name that is none."""
    found = FOLDER / f"{family}.yaml"
    if not found.is_file():
        known = ", ".join(sorted(each.stem for each in FOLDER.glob("*.yaml")))
        raise InputError(f"no family {family!r}; there are: {known}", hint=f"write {found} first, with `read`")
    return found


def entries(family: str) -> tuple[Entry, ...]:
    """Return a family's sources, () for one whose metrics are written by hand."""
    body: Any = yamlio.read(path(family))
    return tuple(_entry(each, family) for each in items(body.get("read")))


def _entry(body: Any, family: str) -> Entry:
    try:
        given: dict[str, Any] = {key: tuple(each) if isinstance(each, list) else each for key, each in body.items()}
        made = Entry(**given)
    except (TypeError, AttributeError) as error:
        raise InputError(f"{family}.yaml: `read` is not understood: {error}", hint="see engine/origin.py") from None
    if made.reader not in _READERS or not (made.module or made.wheel or made.repository):
        raise InputError(f"{family}.yaml: `read` names no source or reader", hint=f"readers: {', '.join(_READERS)}")
    return made


def text(family: str, checkouts: Mapping[str, Path], *, fetch: bool = True) -> str:
    """Return a family's file as its sources say it should be: what stands above `metrics` is kept.

    `checkouts` are folders of repositories, by owner/name@tag. UnreachableError for a source that is not here and,
    without `fetch`, for a Go module that was not downloaded yet.
    """
    body: Any = yamlio.read(path(family))
    head = read_text(path(family)).partition(_KEY)[0] + _KEY
    made = [(each, _read(each, _folder(each, checkouts, fetch=fetch))) for each in entries(family)]
    versions = [str(each) for each in items(body.get("versions"))]
    lines = _lines(made, versions, body.get("units") or {}, set(body.get("served") or {}))
    return head + "\n" + "".join(f"  {line}\n" for line in lines)


def write(family: str, checkouts: Mapping[str, Path]) -> None:
    """Write a family's file anew from its sources."""
    if not entries(family):
        raise InputError(f"{family}.yaml names no `read`: it is written by hand", hint="change it there")
    write_atomic(path(family), text(family, checkouts))


def _lines(
    made: Iterable[tuple[Entry, Iterable[Declared]]], versions: list[str], units: Mapping[str, str], served: set[str]
) -> Iterator[str]:
    of: dict[str, dict[str, Declared]] = {version: {} for version in versions or [""]}
    for entry, metrics in made:
        mine = of[entry.version or next(iter(of))]
        for each in (metric for metric in metrics if any(fnmatchcase(metric.name, word) for word in entry.only)):
            placed = replace(each, at=entry.at)
            mine[each.name] = mine[each.name].beside(placed) if each.name in mine else placed
    every = {name for each in of.values() for name in each}
    for name in sorted(every):
        having = [version for version in of if name in of[version]]
        metric = of[having[-1]][name]
        for version in having[:-1]:
            metric = metric.beside(of[version][name])
        unit = next((unit for pattern, unit in units.items() if fnmatchcase(name, pattern)), metric.unit)
        now = metric.now if metric.now in every else ""  # llm-d 0.9.0 names some that are not there
        yield line(replace(metric, unit=unit, now=now), having if len(having) < len(of) else [], served)


def line(metric: Declared, versions: Iterable[str] = (), served: Iterable[str] = ()) -> str:
    """Return a metric as a line of its family's file."""
    parts = [f"type: {metric.type}"] if metric.type else []
    parts += [f"unit: {metric.unit}"] if metric.unit else []
    parts += [] if metric.labels is None else [f"labels: [{', '.join(metric.labels)}]"]
    parts += [f"in: [{', '.join(versions)}]"] if versions else []
    parts += [f"at: [{', '.join(metric.at)}]"] if metric.at and set(metric.at) != set(served) else []
    parts += [f"now: {metric.now}"] if metric.now else []
    name = f'"{metric.name}"' if ":" in metric.name else metric.name
    return f"{name}: {{{', '.join(parts)}}}"


def _read(entry: Entry, root: Path) -> tuple[Declared, ...]:
    found = sorted({each for pattern in entry.files for each in root.glob(pattern) if each.is_file()})
    texts = {str(each.relative_to(root)): read_text(each) for each in found if not each.name.endswith("_test.go")}
    if not texts:
        raise InputError(f"{root} has none of {', '.join(entry.files)}", hint="is it the version that `read` names?")
    match entry.reader:
        case "go":
            return gometrics.metrics(texts, entry.names)
        case "python":
            return otelpython.metrics(texts.values())
        case "state-metrics":
            return tuple(each for told in texts.values() for each in tables.state_metrics(told))
        case "collector":
            return tuple(each for told in texts.values() for each in tables.collector_telemetry(told))
    return tuple(each for told in texts.values() for each in tables.recorded(told))


def _folder(entry: Entry, checkouts: Mapping[str, Path], *, fetch: bool) -> Path:
    if entry.module:
        return _module(entry.module, fetch=fetch)
    if entry.wheel:
        return _installed(entry.wheel)
    if entry.repository in checkouts:
        return checkouts[entry.repository]
    name, _, tag = entry.repository.partition("@")
    raise UnreachableError(
        f"no checkout of {entry.repository} was given",
        hint=f"git clone --branch {tag} https://github.com/{name}, and name it: --checkout {entry.repository}=FOLDER",
    )


def _module(spec: str, *, fetch: bool) -> Path:
    escaped = re.sub(r"[A-Z]", lambda found: f"!{found[0].lower()}", spec)
    root = os.environ.get("GOMODCACHE") or Path(os.environ.get("GOPATH") or Path.home() / "go") / "pkg" / "mod"
    folder = Path(root) / escaped
    if not folder.is_dir() and fetch:
        what = f"go mod download {spec}"
        run([go(), "mod", "download", spec], what=what, error=UnreachableError)
    if not folder.is_dir():
        raise UnreachableError(f"the Go module {spec} is not here", hint=f"go mod download {spec}")
    return folder


def _installed(spec: str) -> Path:
    name, _, version = spec.partition("==")
    pattern = f"venvs/*/lib/python*/site-packages/{name.replace('-', '_')}-{version}.dist-info"
    found = next(iter(sorted(cache_dir().glob(pattern))), None)
    if found is None:
        raise UnreachableError(f"{spec} is not installed", hint="leanrag local up installs it")
    return found.parent
