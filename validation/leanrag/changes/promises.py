"""What a commit does to the promises of a model: its `slo:` block, as the chart publishes it. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from leanrag.checks.finding import at
from leanrag.core.errors import InputError
from leanrag.core.shapes import mapping
from leanrag.slo.objectives import FLOORS, Objective, Slo
from leanrag.slo.shape import Shape
from leanrag.slo.spec import parse

LABEL = "leanrag.io/slo"


@dataclass(frozen=True, slots=True)
class Promise:
    """One line of a model's `slo:` block that differs; `looser` when the newer one allows what the older did not."""

    what: str
    before: str
    after: str
    looser: bool = False


def promises(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Iterator[Promise]:
    """Yield what differs between two ConfigMaps that publish an `slo:` block; None is a side without one."""
    old, new = _slo(before), _slo(after)
    if isinstance(old, str) or isinstance(new, str):
        if old != new:
            yield Promise("the block", _readable(old), _readable(new))
        return
    olds, news = ({each.metric: each for each in side.objectives} if side else {} for side in (old, new))
    for metric in dict.fromkeys((*olds, *news)):
        one, other = olds.get(metric), news.get(metric)
        if _said(one) != _said(other):
            yield Promise(metric, _said(one), _said(other), _looser(one, other))
    if old and new:
        yield from _proof(old, new)


def _readable(slo: Slo | str | None) -> str:
    return slo if isinstance(slo, str) else "readable" if slo else "none"


def _proof(old: Slo, new: Slo) -> Iterator[Promise]:
    """Yield what differs in how the promises are proven."""
    sure = [max(each.confidence for each in side.objectives) for side in (old, new) if side.objectives]
    if len(set(sure)) > 1:
        yield Promise("confidence", f"{sure[0]:g}", f"{sure[1]:g}", looser=sure[1] < sure[0])
    for key in ("decision", "extension", "share_alpha", "shape"):
        if (one := getattr(old, key)) != (other := getattr(new, key)):
            yield Promise(key.replace("_", " "), _plain(one), _plain(other))
    for each in fields(old.traffic):
        one, other = getattr(old.traffic, each.name), getattr(new.traffic, each.name)
        if one != other:
            yield Promise(each.name.replace("_", " "), str(one), str(other))


def _plain(value: object) -> str:
    return value.name if isinstance(value, Shape) else "none" if value is None else str(value)


def _slo(body: Mapping[str, Any] | None) -> Slo | str | None:
    """Return the block, that it cannot be read, or None where there is none."""
    if body is None or LABEL not in mapping(at(body, ("metadata", "labels"))):
        return None
    try:
        block = mapping(json.loads(str(at(body, ("data", "model.json"))))).get("slo")
        return parse(block, "slo") if block else None
    except (ValueError, InputError):
        return "not readable"


def _said(objective: Objective | None) -> str:
    if objective is None:
        return "no promise"
    sign = "≥" if objective.metric in FLOORS else "≤"
    limit = f"{objective.limit:g} {objective.unit}".removesuffix(" share")
    return ("" if objective.percentile is None else f"p{objective.percentile:g} ") + f"{sign} {limit}"


def _looser(old: Objective | None, new: Objective | None) -> bool:
    return new is None or (old is not None and new.looser_than(old))
