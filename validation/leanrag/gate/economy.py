"""What a model made of its GPUs under the measured load: a fact beside the decisions, never one of them.

How many GPUs a model holds is what Git says, as converge has seen it run. Where Git fixes no number nobody guesses one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from leanrag.catalog.model import App, ClusterFacts
from leanrag.core.errors import InputError, LeanragError, StoppedError
from leanrag.core.progress import say
from leanrag.core.result import JSON
from leanrag.core.shapes import items, mapping
from leanrag.gate.workloads import workloads
from leanrag.load.runs import Run, read_run
from leanrag.render.manifest import Manifest
from leanrag.size.economy import Economy, economy
from leanrag.size.overlay import version_of, written
from leanrag.size.served import Engine, engines, served
from leanrag.size.tables import tables
from leanrag.slo.objectives import Slo

# Objects under which the number of pods changes, and parts of an object that make pods of another kind.
_SCALERS = frozenset({"ScaledObject", "HorizontalPodAutoscaler"})
_OTHERS = frozenset({"prefill", "worker"})


@dataclass(frozen=True, slots=True)
class Held:
    """The GPUs that Git gives one Application: `pods` alike, with one engine each."""

    app: App
    engine: Engine
    pods: int

    @property
    def gpus(self) -> int:
        """GPUs, slices or shares: what the pods ask for."""
        return self.pods * self.engine.count


def held(manifests: Sequence[Manifest], name: str) -> Held | None:
    """Return what an Application holds; None on a CPU, under an autoscaler, and where its pods are not alike."""
    own = [each for each in manifests if each.app.name == name]
    found, works = engines(each.body for each in own), workloads(own)
    fixed = not any(each.kind in _SCALERS or _OTHERS & mapping(each.body.get("spec")).keys() for each in own)
    return Held(own[0].app, found[0], works[0].replicas) if fixed and len(found) == len(works) == 1 else None


def entry(holds: Held, told: Mapping[str, JSON], slo: Slo, facts: ClusterFacts, root: Path) -> dict[str, JSON] | None:
    """Return a model's entry of the load step's `economy`; `told` are the facts of its load, `root` has the charts.

    None where there is no report, or the server did not count its tokens.
    """
    if not isinstance(report := told.get("report"), str):
        return None
    try:
        found = made(holds, read_run(Path(report), slo), mapping(told.get("engine")), facts, root)
    except StoppedError:
        raise
    except LeanragError:
        return None  # the judge says what is wrong with the report
    except Exception as error:
        # What only informs must not cost what was measured, not even by a defect of ours.
        say(f"warning: economy: unexpected {type(error).__name__}: {error}")
        return None
    return found.entry() if found else None


def made(holds: Held, run: Run, engine: Mapping[str, JSON], facts: ClusterFacts, root: Path) -> Economy | None:
    """Return what a run made of the GPUs; `engine` are its figures, None when there is no count of tokens."""
    rate = _rate(run)
    if rate is None:
        return None
    gpu, price = _paid(holds, facts, root)
    each, (tokens, seconds) = holds.engine.count, rate
    rests = [
        f"pods as Git says: {holds.pods}, each with {each} of {holds.engine.resource} for the whole run",
        f"{tokens:,} output tokens of answered requests in {seconds:.0f} s, warm-up and pauses between parts left out",
    ]
    rests += [] if price is None else ["every GPU is paid for all of that time, busy or not (pricePerHour of its pool)"]
    return economy(
        tokens / seconds, holds.gpus, busy=_busy(engine, holds.gpus), price=price, gpu=gpu, assumptions=rests
    )


def _rate(run: Run) -> tuple[int, float] | None:
    """Return output tokens and the seconds in which they were asked for and came; None when nobody counted them."""
    counted = [part.rows for part in run.parts if part.rows]
    answered = [row for rows in counted for row in rows if row.status == "successful"]
    seconds = sum(max(row.end for row in rows) - min(row.start for row in rows) for rows in counted)
    if seconds <= 0 or any(row.output_tokens is None for row in answered):
        return None
    return sum(row.output_tokens or 0 for row in answered), seconds


def _paid(holds: Held, facts: ClusterFacts, root: Path) -> tuple[str, float | None]:
    """Return what one of the GPUs is called and the price of its hour; a pool that nobody can tell has none."""
    values, engine = written(holds.app), holds.engine
    try:
        known = tables(root)
        one = served(engine, values, facts, known, version_of(engine.image, values, known))
    except InputError:
        return engine.resource, None
    return f"1/{one.time_slices} {one.product}" if one.time_slices > 1 else one.product, one.price


def _busy(engine: Mapping[str, JSON], gpus: int) -> tuple[float, ...]:
    """Return DCGM's shares, where it told one of each GPU."""
    told = [mapping(each).get("busy") for each in items(engine.get("gpus"))]
    busy = tuple(float(each) for each in told if isinstance(each, int | float))
    return busy if len(busy) == gpus else ()
