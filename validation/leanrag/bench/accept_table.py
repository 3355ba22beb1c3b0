"""The page docs/charts.md: what every chart renders on every platform and release, and who accepted it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from leanrag.bench.accept_judge import Judged
from leanrag.checks.trees.releases import RELEASES, UPSTREAM, spanned
from leanrag.checks.worlds import World
from leanrag.core import yamlio

_INTRODUCTION = """# Charts: what is rendered, and who accepted it

Written by `make charts`; not edited. Every `ci/*-values.yaml` of every chart is rendered for every platform and release
of OpenShift AI, and for Kubernetes without it. *Cases* are those rendered, of all; the others are refused by the chart
itself, for the reasons below. *Schema* counts the objects that our own strict schemas take, *accepted* those that a
real API server (Kubernetes 1.34, the CRDs of that release, CEL included) takes in a server-side dry run with strict
field validation. *Reconciled* names the real controller that made something of them. Releases that agree share a row.
"""
_HEAD = """
| chart | platform | OpenShift AI | cases | objects | schema | accepted | reconciled |
|---|---|---|---:|---:|---:|---:|---|
"""
_CLUSTERS = """
## The clusters of this repository

| cluster | platform | OpenShift AI | Applications | objects | schema | accepted |
|---|---|---|---:|---:|---:|---:|
"""
_REFUSED = """
## What charts refuse, and why

"""
_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Count:
    """What one chart gave in one world; counts add up."""

    cases: int = 0
    refused: int = 0
    objects: int = 0
    schema: int = 0
    accepted: int = 0
    reasons: tuple[str, ...] = ()

    def __add__(self, other: "Count") -> "Count":
        """Return the sum of two counts."""
        return Count(
            self.cases + other.cases,
            self.refused + other.refused,
            self.objects + other.objects,
            self.schema + other.schema,
            self.accepted + other.accepted,
            self.reasons + other.reasons,
        )


@cache
def reconciled() -> Mapping[str, Any]:
    """Return which real controller reconciled a chart's objects: chart → its name and version."""
    return yamlio.read(Path(__file__).with_name("accept_reconciled.yaml")) or {}


def page(counts: Mapping[tuple[str, World], Count], clusters: Iterable[Judged], charts: Iterable[str]) -> str:
    """Return the whole page."""
    names = tuple(charts)
    text = _INTRODUCTION + _HEAD + "".join(row for name in names for row in _rows(name, counts))
    text += _CLUSTERS + "".join(_cluster(each) for each in clusters)
    return text + _REFUSED + "".join(line for name in names for line in _reasons(name, counts))


def _rows(chart: str, counts: Mapping[tuple[str, World], Count]) -> Iterable[str]:
    for platform in ("openshift", "kubernetes"):
        releases = [each for each in (*RELEASES, UPSTREAM) if (chart, World(each, platform)) in counts]

        def told(release: str, platform: str = platform) -> str:
            return _cells(chart, counts[chart, World(release, platform)])

        for cells, same in groupby(releases, key=told):
            yield f"| {chart} | {platform} | {_releases(tuple(same))} | {cells} |\n"


def _cells(chart: str, count: Count) -> str:
    done = count.cases - count.refused
    cells = [f"{done} of {count.cases}", *(str(each) for each in (count.objects, count.schema, count.accepted))]
    return " | ".join([*(cells if done else [f"refused ({count.cases})", "-", "-", "-"]), reconciled().get(chart, "-")])


def _releases(releases: tuple[str, ...]) -> str:
    named = spanned(releases)
    return ", ".join(each for each in (named, "none" if UPSTREAM in releases else "") if each)


def _cluster(judged: Judged) -> str:
    batch = judged.batch
    world, many = batch.world, len(batch.manifests)
    cells = (
        batch.subject,
        world.platform,
        world.release or "none",
        batch.applications,
        many,
        judged.schema,
        judged.accepted,
    )
    return f"| {' | '.join(map(str, cells))} |\n"


def _reasons(chart: str, counts: Mapping[tuple[str, World], Count]) -> Iterable[str]:
    """Yield each reason once, with where it holds."""
    held: dict[str, list[World]] = {}
    for (name, world), count in counts.items():
        for reason in count.reasons if name == chart else ():
            # One sentence for all releases that it fits; the brackets say which.
            said = reason.replace(f"OpenShift AI {world.release}", "this OpenShift AI") if world.release else reason
            held.setdefault(said, []).append(world)
    for reason, worlds in sorted(held.items()):
        shown = reason if len(reason) <= _SHOWN else reason[:_SHOWN].rstrip() + "…"
        yield f"- {chart} ({shown_places(dict.fromkeys(worlds))}): {shown}\n"


def shown_places(worlds: Iterable[World]) -> str:
    """Return where something holds: platforms with their releases."""
    held: dict[str, list[str]] = {}
    for world in worlds:
        held.setdefault(world.platform, []).append(world.release)
    return "; ".join(f"{platform} {_releases(tuple(releases))}" for platform, releases in held.items())
