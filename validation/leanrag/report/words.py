"""How reports write numbers and words: units always, thousands with commas, nothing that could control a terminal."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from leanrag.slo.objectives import FLOORS

WORDS = {"PASS": "Pass", "FAIL": "Fail", "INCONCLUSIVE": "Inconclusive", "NOT_RUN": "Not run"}
METRICS = {
    "ttft": "time to first token",
    "itl": "inter-token latency, mean of a request",
    "tpot": "time per output token after the first",
    "e2e": "end-to-end latency",
    "queue": "time in the engine's queue",
    "errorRate": "requests that ended in an error",
    "availability": "requests answered completely",
    "goodput": "requests that keep every latency",
    "throughput": "what the service gives a second",
}
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)?")


def clean(text: object) -> str:
    """Return text on one line without escape sequences, control and direction characters: models write some of it."""
    plain = _ESCAPES.sub("", str(text))
    return " ".join("".join(" " if _controls(c) else c for c in plain).split())


def _controls(character: str) -> bool:
    # Cc control, Cf format (direction marks, zero width), Cs half of a pair, Zl and Zp line ends.
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def quantity(value: float | None, unit: str) -> str:
    """Return a number with its unit: 1,382 ms; 0.56 s; 1.2 %."""
    if value is None:
        return "–"
    if unit == "share":
        return percent(value)
    return f"{figure(value)} {unit}"


def figure(value: float) -> str:
    """Return a number to three digits, whole from 100 on."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{float(f'{value:.3g}'):,g}"


def percent(share: float | None) -> str:
    """Return a share of 1 as per cent to three digits, and never 0 or 100 % when it is not."""
    if share is None:
        return "–"
    if 0 < share < 0.001:
        return "< 0.1 %"
    text = f"{share * 100:.3g} %"
    return "> 99.9 %" if text == "100 %" and share < 1 else text


def limit(objective: Mapping[str, Any]) -> str:
    """Return what an objective demands: `≤ 500 ms`, `≥ 99 %`."""
    sign = "≥" if objective["metric"] in FLOORS else "≤"
    return f"{sign} {quantity(objective['limit'], objective['unit'])}" if objective["limit"] is not None else "–"


def duration(seconds: float) -> str:
    """Return seconds as people say them: 20 ms, 0.4 s, 42 s, 3 min 5 s, 1 h 2 min."""
    if 0 < seconds < 0.1:
        return f"{max(1, round(seconds * 1000))} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def elapsed(document: Mapping[str, Any]) -> float:
    """Return the seconds from the start to the end of a run; impossible moments count as none."""
    try:
        start, end = (_moment(document[key]) for key in ("start", "end"))
    except ValueError:
        return 0.0
    return max(0.0, (end - start).total_seconds())


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def moment(text: str) -> str:
    """Return a moment for people: 21 November 2026, 04:00 UTC."""
    try:
        parsed = _moment(text)
    except ValueError:
        return clean(text)
    return f"{parsed.day} {parsed:%B %Y, %H:%M} UTC"


def commit(document: Mapping[str, Any]) -> str:
    """Return what was tested: a short commit, and whether the tree differed from it."""
    sha = document["revision"]
    if sha is None:
        return "no commit (outside Git)"
    return f"{sha[:12]} with uncommitted changes" if document["dirty"] else str(sha[:12])
