"""What the page of a comparison shows, worked out from its document: places are shares of the width, 0 to 1."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leanrag.report import compare_words as say
from leanrag.report import words
from leanrag.report.compare_plots import pairs
from leanrag.report.compare_words import Document

# An effect beyond this ratio is drawn at the edge; the number beside it says how far it really is.
_FARTHEST = math.log(4)


@dataclass(frozen=True, slots=True)
class Effect:
    """One figure: places on an axis of harm, its middle (0.5) no change, worse to the right; None where not known."""

    name: str
    stage: str
    answer: str
    tone: str
    reason: str
    base: str
    new: str
    change: str
    noise: str
    low: float | None
    high: float | None
    seen: float | None
    allowed: float
    spoken: str


def effects(document: Document) -> tuple[Effect, ...]:
    """Return a row for each figure, in the document's order."""
    return tuple(_effect(one) for one in document["contrasts"])


def _effect(one: Mapping[str, Any]) -> Effect:
    ratio = one["kind"] == "ratio"
    reach = _reach(one)
    ends = [_harm(one[key], one) for key in ("lower", "upper")]
    low, high = sorted((_place(end, reach) for end in ends), key=lambda at: at) if one["change"] is not None else (0, 1)
    known = one["change"] is not None
    allowed = _place(math.log1p(one["margin"]) if ratio else one["margin"], reach)
    name = say.name(one)
    return Effect(
        name=name[0].upper() + name[1:],
        stage=words.clean(one["stage"]),
        answer=one["answer"],
        tone=say.TONES[one["answer"]],
        reason=words.clean(one["reason"]),
        base=say.amount(one["base"], one["metric"]),
        new=say.amount(one["new"], one["metric"]),
        change=say.change(one) if known else "not known",
        noise=say.noise(one),
        low=low if known else None,
        high=high if known else None,
        seen=_place(_harm(one["change"], one), reach) if known else None,
        allowed=allowed,
        spoken=f"{name}: {one['answer']}. {say.change(one) if known else 'Not known'}; {say.noise(one)}.",
    )


def _harm(value: float | None, one: Mapping[str, Any]) -> float:
    """Return a change as harm: positive is worse; an unbounded end is infinite on its own side."""
    sign = -1 if one["moreIsBetter"] else 1
    if value is None:
        return math.inf
    return sign * (value if one["kind"] == "difference" else math.log(value) if value > 0 else -math.inf)


def _reach(one: Mapping[str, Any]) -> float:
    """Return how much harm the half axis shows: the whole interval where it can, and three margins at least."""
    margin = one["margin"] if one["kind"] == "difference" else math.log1p(one["margin"])
    ends = [abs(_harm(one[key], one)) for key in ("change", "lower", "upper") if one[key] is not None]
    far = max((end for end in ends if math.isfinite(end)), default=0.0) * 1.1
    return min(max(3 * margin, far), _FARTHEST if one["kind"] == "ratio" else 1.0)


def _place(harm: float, reach: float) -> float:
    return min(max(0.5 + 0.5 * harm / reach, 0.0), 1.0) if reach > 0 else 0.5


def economy(document: Document) -> tuple[tuple[str, str, str], ...]:
    """Return memory and money as (what, baseline, candidate), without the rows that neither side fills."""
    memory = [document[side]["memory"] for side in ("base", "new")]
    rows: list[tuple[str, Sequence[str]]] = [
        (f"{part}, GiB of one GPU", [_number(one["gib"].get(key)) for one in memory])
        for key, part in (
            ("weights", "Weights"),
            ("activations", "Activations"),
            ("engine", "Engine"),
            ("cache", "KV cache"),
        )
    ]
    rows += [
        ("Tokens that the KV cache holds, computed", [_number(one["kvTokensComputed"]) for one in memory]),
        ("Tokens that the KV cache holds, as the engine says", [_number(one["kvTokens"]) for one in memory]),
        ("Price of a GPU hour", [_number(document[side]["pricePerGpuHour"]) for side in ("base", "new")]),
    ]
    for pair in pairs(document):
        rows.append(
            (f"Output at {pair[0]['stage']}", [say.amount(each["tokensPerSecond"], "throughput") for each in pair])
        )
        cost = [_number(each["costPerMillionOutputTokens"]) for each in pair]
        rows.append((f"A million output tokens at {pair[0]['stage']}", cost))
    rows.append(("A million output tokens at best (roofline)", [_range(one["costAtBest"]) for one in memory]))
    return tuple((words.clean(what), cells[0], cells[1]) for what, cells in rows if set(cells) != {"–"})


def _number(value: float | None) -> str:
    return "–" if value is None else words.figure(value)


def _range(ends: Sequence[float] | None) -> str:
    return f"{words.figure(ends[0])} to {words.figure(ends[1])}" if ends else "–"


@dataclass(frozen=True, slots=True)
class MatterRow:
    """One fact of both sides and whether it forbids the comparison."""

    name: str
    tone: str
    word: str
    base: str
    new: str
    note: str


def matters(document: Document) -> tuple[MatterRow, ...]:
    """Return the facts, those that forbid the comparison first."""
    order = ("differs", "unknown", "said", "varied", "same")
    found = sorted(document["matters"], key=lambda one: order.index(one["kind"]))
    return tuple(
        MatterRow(
            say.FACTS[one["name"]],
            *say.KINDS[one["kind"]],
            words.clean(one["base"]) or "–",
            words.clean(one["new"]) or "–",
            words.clean(one["note"]),
        )
        for one in found
    )


def method(document: Document) -> tuple[tuple[str, str], ...]:
    """Return how the answer was found, with its numbers, as (term, text)."""
    found = document["contrasts"]
    blocks = [one["block"] for one in found if one["block"]]
    alike = [one["lag1"] for one in found if one["lag1"] is not None]
    degrees = [one["noiseDegrees"] for one in found if one["noiseDegrees"]]
    runs = [len(document[side]["runs"]) for side in ("base", "new")]
    rows = (
        (
            "Runs",
            f"{runs[0]} of the baseline, {runs[1]} of the candidate, {document['sameCodeRuns']} more of the same code",
        ),
        ("Within runs", f"Block bootstrap, blocks of up to {max(blocks)} requests" if blocks else ""),
        ("Neighbours", f"Rank correlation of neighbouring requests up to {max(alike):.2f}" if alike else ""),
        (
            "Between runs",
            f"Same-code noise with {min(degrees)} degrees of freedom; both must support a claim" if degrees else "",
        ),
        ("Intervals", "95 % on each side, the wider of the two"),
        ("Several figures", "Worse and better are corrected by Holm; not worse must hold for every figure"),
    )
    return tuple((term, text) for term, text in rows if text) if found else rows[:1]
