"""GPU health: busy, full, hot, broken? Fields are those that charts/platform/gpu makes the exporter expose."""

from leanrag.dashboards.model import Board, Choice, Panel, Query, Row
from leanrag.dashboards.words import CLUSTER, clusters

_DCGM = "DCGM"
_PLACE = f'{CLUSTER},Hostname=~"$node"'
_GPU = "Hostname, gpu"
_NAME = "{{Hostname}} {{gpu}}"
_USED = "DCGM_FI_DEV_FB_USED"
# Time held back is counted in nanoseconds.
_NANO = 1e9


def _now(metric: str) -> str:
    return f"max by ({_GPU}) ({metric}{{{_PLACE}}})"


def _grown(metric: str, window: str) -> str:
    return f"max by ({_GPU}) (increase({metric}{{{_PLACE}}}[{window}]))"


def _held(metric: str) -> str:
    return f"max by ({_GPU}) (rate({metric}{{{_PLACE}}}[$__rate_interval])) / {_NANO:.0f}"


def _panel(title: str, about: str, exprs: tuple[tuple[str, str], ...], unit: str, runbook: str = "") -> Panel:
    queries = tuple(Query(expr, f"{_NAME} {word}".strip()) for expr, word in exprs)
    most = 1.0 if unit == "percentunit" else None
    return Panel(title, about, queries, unit, most=most, runbook=runbook, needs=_DCGM)


_BUSY = Row(
    "Are they busy, with what?",
    (
        _panel(
            "How much of the time is a GPU at work?",
            "Share of time in which its compute engine is active. Idle and paid for: see the model comparison.",
            ((_now("DCGM_FI_PROF_GR_ENGINE_ACTIVE") + f" or {_now('DCGM_FI_DEV_GPU_UTIL')} / 100", ""),),
            "percentunit",
        ),
        _panel(
            "Do the tensor cores work?",
            "High while prompts are read, low while answers are written.",
            ((_now("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE"), ""),),
            "percentunit",
        ),
        _panel(
            "Does its memory work?",
            "High while answers are written. Near 100 %: only a smaller model or fewer bits make it faster.",
            ((_now("DCGM_FI_PROF_DRAM_ACTIVE"), ""),),
            "percentunit",
        ),
    ),
)

_FULL = Row(
    "Are they full, or hot?",
    (
        _panel(
            "How full is its memory?",
            "vLLM takes its share at the start, so a flat line near that share is right.",
            ((f"{_now(_USED)} / ({_now(_USED)} + {_now('DCGM_FI_DEV_FB_FREE')})", ""),),
            "percentunit",
        ),
        _panel(
            "How hot is it?",
            "The GPU and its memory. What is too hot depends on the product; being held back, beside this, tells.",
            ((_now("DCGM_FI_DEV_GPU_TEMP"), ""), (_now("DCGM_FI_DEV_MEMORY_TEMP"), "memory")),
            "celsius",
            "GpuTooHot",
        ),
        _panel(
            "Is it held back?",
            "Share of time in which its clock was lowered. Heat: look at the cooling. Power: at the limit that is set.",
            ((_held("DCGM_FI_DEV_THERMAL_VIOLATION"), "heat"), (_held("DCGM_FI_DEV_POWER_VIOLATION"), "power")),
            "percentunit",
            "GpuTooHot",
        ),
    ),
)

_BROKEN = Row(
    "Are they broken?",
    (
        _panel(
            "Did it report an error?",
            "Number of the last XID error; 0 is none. NVIDIA's list tells what it means.",
            ((_now("DCGM_FI_DEV_XID_ERRORS"), ""),),
            "none",
            "GpuXid",
        ),
        _panel(
            "Does its memory fail?",
            "Uncorrectable errors in an hour, and whether memory rows could not be replaced. Above 0: drain the node.",
            (
                (_grown("DCGM_FI_DEV_ECC_DBE_VOL_TOTAL", "1h"), "uncorrectable"),
                (_now("DCGM_FI_DEV_ROW_REMAP_FAILURE"), "not replaced"),
            ),
            "short",
            "GpuMemoryFault",
        ),
        _panel(
            "Do its links fail?",
            "Retries in an hour over PCIe and NVLink. A steady rise means a bad seat or cable.",
            (
                (_grown("DCGM_FI_DEV_PCIE_REPLAY_COUNTER", "1h"), "PCIe"),
                (_grown("DCGM_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL", "1h"), "NVLink"),
            ),
            "short",
        ),
    ),
)

_DRAWN = Row(
    "What do they draw?",
    (
        Panel(
            "How much power?",
            "All GPUs of a node.",
            (Query(f"sum by (Hostname) (DCGM_FI_DEV_POWER_USAGE{{{_PLACE}}})", "{{Hostname}}"),),
            "watt",
            width=12,
            needs=_DCGM,
        ),
        Panel(
            "Which GPUs are there?",
            "By product.",
            (Query(f"count by (Hostname, modelName) ({_USED}{{{_PLACE}}})", "{{Hostname}} {{modelName}}"),),
            "short",
            kind="bars",
            width=12,
            needs=_DCGM,
        ),
    ),
)

BOARD = Board(
    "gpu",
    "GPU health",
    "Whether each GPU is busy, full, hot or broken, as NVIDIA's exporter measures it.",
    (_BUSY, _FULL, _BROKEN, _DRAWN),
    (clusters(_USED), Choice("node", f"{_USED}{{{CLUSTER}}}", "Hostname", "Node")),
)
