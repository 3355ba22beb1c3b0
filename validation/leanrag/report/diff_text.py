"""A comparison of two revisions for a terminal, and as JSON for programs."""

import json
from collections.abc import Iterator
from typing import Any

from leanrag.changes.model import AppChange, Changes, ClusterChange
from leanrag.changes.objects import ObjectChange
from leanrag.changes.paths import ABSENT, Difference, shown
from leanrag.changes.summary import Moved, Summary, WorkloadChange, summary
from leanrag.changes.weight import Weight
from leanrag.core.result import JSON
from leanrag.report import diff_words as say
from leanrag.report.words import clean

_WIDTH = 20


def text(changes: Changes) -> str:
    """Return the whole comparison: each cluster with its summary, then every Application with its objects."""
    seen: dict[str, str] = {}
    parts = [f"{clean(changes.before)} → {clean(changes.after)}"]
    parts += ["\n".join(_cluster(cluster, seen)) for cluster in changes.clusters]
    parts += ["\n".join(_trouble(each) for each in changes.troubles)] if changes.troubles else []
    parts += [f"nothing differs in {', '.join(changes.same)}"] if changes.same else []
    parts += ["\n".join(f"note: {clean(each)}" for each in changes.notes)] if changes.notes else []
    return "\n\n".join(parts)


def _trouble(each: Any) -> str:
    return f"cannot be compared: {each.subject} ({each.side}): {clean(each.message)}" + (
        f"\n  hint: {clean(each.hint)}" if each.hint else ""
    )


def _cluster(cluster: ClusterChange, seen: dict[str, str]) -> Iterator[str]:
    yield f"{cluster.name}: {say.headline(cluster)}"
    yield from (f"  {what:<{_WIDTH}} {said}" for what, said in say.facts(summary(cluster)))
    for app in cluster.apps:
        lines = list(say.details(app))
        yield f"  {app.name}: {say.counts(app)}"
        like = seen.setdefault(say.alike(lines, cluster.name), app.name)
        if like != app.name and lines:
            yield f"    as {like}"
        else:
            yield from (f"    {sign:1} {line}".rstrip() for sign, line in lines)


def document(changes: Changes) -> str:
    """Return the comparison as one JSON document; values of Secrets are left out."""
    written: dict[str, JSON] = {
        "before": changes.before,
        "after": changes.after,
        "differs": bool(changes.clusters),
        "troubles": [
            {"side": each.side, "subject": each.subject, "message": each.message, "hint": each.hint}
            for each in changes.troubles
        ],
        "notes": list(changes.notes),
        "same": list(changes.same),
        "clusters": [_cluster_document(each) for each in changes.clusters],
    }
    return json.dumps(written, indent=2, ensure_ascii=False)


def _cluster_document(cluster: ClusterChange) -> JSON:
    return {
        "name": cluster.name,
        "change": cluster.change,
        "protected": cluster.protected,
        "applications": cluster.total,
        "pin": {"before": cluster.pin[0], "after": cluster.pin[1]},
        "summary": _summary_document(summary(cluster)),
        "apps": [_app_document(each) for each in cluster.apps],
    }


def _summary_document(found: Summary) -> JSON:
    return {
        **{part: _part(found, part) for part in ("gpus", "cpu", "memory", "replicas")},
        "images": [_moved_document(each) for each in found.images],
        "operators": [_moved_document(each) for each in found.operators],
        "models": [_moved_document(each) for each in found.models],
        "workloads": [_workload_document(each) for each in found.workloads],
        "slo": [
            {"app": app, "what": each.what, "before": each.before, "after": each.after, "looser": each.looser}
            for app, each in found.promises
        ],
        "podsAnew": [where for where, _ in found.restarts],
        "deleted": list(found.deleted),
        "dataDeleted": list(found.lost),
        "kept": list(found.kept),
        "untilPrune": list(found.until_prune),
        "refused": [
            {"object": where, "path": each.path, "why": each.why, "fix": each.fix} for where, each in found.refused
        ],
        "changesHands": [{"object": what, "from": loses, "to": gets} for what, loses, gets in found.moved],
    }


def _part(found: Summary, part: str) -> JSON:
    """Cores, bytes or numbers, summed over the workloads of which it differs."""
    rows = found.differing(part)
    return {"before": float(sum(row[1] for row in rows)), "after": float(sum(row[2] for row in rows))}


def _moved_document(each: Moved) -> JSON:
    return {"before": each.before, "after": each.after, "where": list(each.where)}


def _workload_document(each: WorkloadChange) -> JSON:
    return {"app": each.app, "object": each.label, "before": _weight(each.before), "after": _weight(each.after)}


def _weight(weight: Weight | None) -> JSON:
    if weight is None:
        return None
    parts = {part: float(getattr(weight, part)) for part in ("gpus", "cpu", "memory")}
    return {"replicas": weight.replicas, **parts}


def _app_document(app: AppChange) -> JSON:
    return {"name": app.name, "change": app.change, "objects": [_object_document(each) for each in app.objects]}


def _object_document(each: ObjectChange) -> JSON:
    found = each.manifest
    return {
        "kind": found.kind,
        "name": found.name,
        "namespace": found.namespace,
        "change": each.change,
        "template": found.template,
        "fate": each.fate,
        "podsAnew": each.restarts,
        "onlyChartVersion": each.noise,
        "differences": [_difference_document(found.kind, difference) for difference in each.differences],
    }


def _difference_document(kind: str, found: Difference) -> JSON:
    sides = {"before": found.before, "after": found.after}
    hidden = kind == "Secret" and found.path[0] in ("data", "stringData")
    values = {} if hidden else {side: given for side, given in sides.items() if given is not ABSENT}
    return {"path": shown(found.path), **values}
