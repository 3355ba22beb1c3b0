"""docs/scale.md, from figures. Pure."""

from collections.abc import Iterable, Sequence

from .generate import APPLICATIONS
from .measure import PARTS, Figures

HEAD = """# How many clusters one Argo CD bears

`make bench-scale` writes this page from what it measured: at {at} on one machine
({machine}), which ran Kubernetes' control plane as well.

**What was measured.** The real Argo CD 3.2.11 with our settings, and our real `apps/`. A generated repository has so
many cluster folders, one shared environment and {applications} Applications for each cluster: its pin, itself, a chart,
a model, the gate. What they deploy is one ConfigMap each, in three namespaces a cluster of one API server. There is no
pod, and the gate has no Job: pods run on the clusters, not on the hub. Argo CD looks at what did not change every
{resync} s here (its own default is 120 s).

"""
WHY = """
**Where the work is** (a profile of the application controller among 1,000 clusters: 15 s of `perf record -e cpu-clock
-g`, once, by hand). 41 % refreshes Applications: 20 % walks all objects of the cluster in search of pods
(`getAppHosts`), 9 % in search of the Application's own (`GetManagedLiveObjs`). Both happen at each refresh, so a
refresh costs more the more there is, and the whole grows faster than the number of clusters. 23 % applies objects,
most of that to read the API server's OpenAPI document again for each of them. Pins and clusters are applied without
that (`Validate=false`, [decisions.md](decisions.md)); before, it took 41 %.
"""
STEPS = {
    "repository": "repository written and pushed, s",
    "all Applications exist": "root.yaml applied → all Applications exist, s",
    "all Synced and Healthy": "root.yaml applied → all Synced and Healthy, s",
    "pin changed, its own refresh": "one pin changed → applied, that pin refreshed, s",
    "pin changed, webhook": "one pin changed → applied, all pins refreshed as by a webhook, s",
}
LINEAR = 1.5  # twice as much for each cluster would be quadratic; noise on a busy machine is less than this


def page(found: Sequence[Figures], machine: str, at: str, resync: int) -> str:
    """Return the whole page."""
    head = HEAD.format(at=at, machine=machine, applications=APPLICATIONS, resync=resync)
    rows = [("clusters", *(f"{each.clusters:,}" for each in found)), *_rows(found)]
    table = ["| " + " | ".join(row) + " |" for row in rows]
    table.insert(1, "|" + " --- |" * len(rows[0]))
    return head + "\n".join((*table, "", *_growth(found), *_late(found))) + "\n" + WHY


def _rows(found: Sequence[Figures]) -> Iterable[tuple[str, ...]]:
    yield "Applications", *(f"{each.applications:,}" for each in found)
    for kind in ("ApplicationSets", "AppProjects", "Roles and RoleBindings", "ConfigMaps"):
        yield kind, *(f"{each.objects[kind]:,}" if kind in each.objects else "–" for each in found)
    yield "load average of the machine, 15 min", *(_figure(each.load) for each in found)
    for step, words in STEPS.items():
        yield words, *(_figure(each.seconds.get(step)) for each in found)
    for part in PARTS:
        yield f"{part}: memory, MiB", *(_figure(each.mib.get(part)) for each in found)
    for part in PARTS:
        yield f"{part}: CPU until all were good, s", *(_figure(each.cpu.get(part)) for each in found)


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 20 else f"{value:.1f}"


def _growth(found: Sequence[Figures]) -> Iterable[str]:
    """Say for each figure that grows with clusters whether it grows in proportion, between the two largest sizes."""
    whole = [each for each in found if "all Synced and Healthy" in each.seconds]
    if len(whole) < 2:
        return
    small, large = whole[-2], whole[-1]
    yield f"**Growth** from {small.clusters:,} to {large.clusters:,} clusters, for each cluster:"
    yield ""
    for words, before, after in _pairs(small, large):
        ratio = (after / large.clusters) / (before / small.clusters)
        verdict = "in proportion or less" if ratio <= LINEAR else "MORE than in proportion"
        yield f"- {words}: {before:,.1f} → {after:,.1f}, {ratio:.2f} times as much a cluster: {verdict}"


def _pairs(small: Figures, large: Figures) -> Iterable[tuple[str, float, float]]:
    for step in ("repository", "all Applications exist", "all Synced and Healthy"):
        yield f"{step} (s)", small.seconds[step], large.seconds[step]
    for part in PARTS:
        yield f"memory of {part} (MiB)", small.mib[part], large.mib[part]
    yield "CPU of all parts (s)", sum(small.cpu.values()), sum(large.cpu.values())


def _late(found: Sequence[Figures]) -> Iterable[str]:
    late = [each for each in found if each.reached]
    if late:
        yield ""
    for each in late:
        yield f"{each.clusters:,} clusters did not come to the end: {each.reached}."
