"""What DCGM's exporter said of the GPUs during a run. Evidence beside the verdict, never an objective.

Profiling fields are absent where a GPU or its exporter lacks them, pods' labels while nothing runs there: every figure
may be None. Units as in DCGM's own fields (dcgm-exporter 4.8.2, etc/default-counters.csv).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from leanrag.core.result import JSON
from leanrag.engine.snapshot import Snapshot, values

_PERCENT = 100.0
_MILLI = 0.001


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU between the first and the last scrape of a run.

    `busy`, `tensor_active`, `memory_active` are mean shares of the time, `memory_used_most` is in MiB, `power` the mean
    in watts, `energy` in joules. `held_back` names why its clock was held back at least once, `xid` is the number of
    its last error, 0 for none.
    """

    uuid: str
    product: str
    busy: float | None
    tensor_active: float | None
    memory_active: float | None
    memory_used_most: float | None
    power: float | None
    energy: float | None
    held_back: tuple[str, ...]
    xid: int | None

    def entry(self) -> dict[str, JSON]:
        """Return the figures for a verdict."""
        return {
            "uuid": self.uuid,
            "product": self.product,
            "busy": self.busy,
            "tensorActive": self.tensor_active,
            "memoryActive": self.memory_active,
            "memoryUsedMostMiB": self.memory_used_most,
            "powerWatts": self.power,
            "energyJoules": self.energy,
            "heldBack": list(self.held_back),
            "xid": self.xid,
        }


def gpus(snapshots: Sequence[Snapshot], start: float, end: float, **labels: str) -> tuple[Gpu, ...]:
    """Return the GPUs that an exporter showed from `start` to `end` (Unix seconds), those with these labels only.

    On the exporter's own /metrics a pod is `namespace` and `pod`; nothing shown is an empty tuple.
    """
    during = [each for each in snapshots if start <= each.moment <= end]
    uuids = {one.label("UUID") for each in during for one in values(each.samples, "DCGM_FI_DEV_GPU_UTIL", **labels)}
    return tuple(_gpu(during, {**labels, "UUID": uuid}) for uuid in sorted(uuids))


def _gpu(during: Sequence[Snapshot], labels: Mapping[str, str]) -> Gpu:
    busy, used = (_seen(during, f"DCGM_FI_DEV_{name}", labels) for name in ("GPU_UTIL", "FB_USED"))
    energy, xid = (_seen(during, f"DCGM_FI_DEV_{name}", labels) for name in ("TOTAL_ENERGY_CONSUMPTION", "XID_ERRORS"))
    spent = _grown(energy)
    return Gpu(
        uuid=labels["UUID"],
        product=_product(during, labels),
        busy=fmean(busy) / _PERCENT if busy else None,
        tensor_active=_mean(_seen(during, "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", labels)),
        memory_active=_mean(_seen(during, "DCGM_FI_PROF_DRAM_ACTIVE", labels)),
        memory_used_most=max(used, default=None),
        power=_mean(_seen(during, "DCGM_FI_DEV_POWER_USAGE", labels)),
        energy=None if spent is None else spent * _MILLI,
        held_back=tuple(why for why in ("POWER", "THERMAL") if _violated(during, why, labels)),
        xid=int(xid[-1]) if xid else None,
    )


def _seen(during: Sequence[Snapshot], name: str, labels: Mapping[str, str]) -> list[float]:
    """Return a field's readings in the order of time; a GPU cut into instances shows its largest."""
    found = (values(each.samples, name, **labels).values() for each in during)
    return [max(readings) for readings in found if readings]


def _mean(readings: Sequence[float]) -> float | None:
    return fmean(readings) if readings else None


def _grown(readings: Sequence[float]) -> float | None:
    """Counters of DCGM begin at the driver's start; one that fell says nothing."""
    return readings[-1] - readings[0] if len(readings) > 1 and readings == sorted(readings) else None


def _violated(during: Sequence[Snapshot], why: str, labels: Mapping[str, str]) -> bool:
    return bool(_grown(_seen(during, f"DCGM_FI_DEV_{why}_VIOLATION", labels)))


def _product(during: Sequence[Snapshot], labels: Mapping[str, str]) -> str:
    shown = (one for each in during for one in values(each.samples, "DCGM_FI_DEV_GPU_UTIL", **labels))
    return next((one.label("modelName") for one in shown), "")
