"""Our formula against every published capacity that was found: the runs are data, the error is computed when asked."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from leanrag.core import yamlio
from leanrag.size.memory import GIB, Setup, fit, kv_per_token
from leanrag.size.tables import Tables

FILE = Path(__file__).with_name("published.yaml")


@dataclass(frozen=True, slots=True)
class Compared:
    """One published run: tokens of KV cache as measured there and as computed here; `assumed` is not said there."""

    model: str
    gpu: str
    setup: Setup
    measured: int
    computed: int
    assumed: tuple[str, ...]
    source: str

    @property
    def error(self) -> float:
        """(computed - measured) / measured."""
        return self.computed / self.measured - 1


@cache
def _read() -> Any:
    return yamlio.read(FILE)


def compare(known: Tables) -> tuple[Compared, ...]:
    """Compute every published run again."""
    return tuple(_compared(known, run) for run in _read()["runs"])


def sources() -> dict[str, str]:
    """Return the citations by their short names."""
    return dict(_read()["sources"])


def _compared(known: Tables, run: dict[str, Any]) -> Compared:
    shape = known.architectures[run["model"]]
    setup = Setup(
        max_model_len=shape.maxModelLen,
        quantization=run.get("quantization", "none"),
        tensor_parallel=run.get("tp", 1),
        utilization=run.get("utilization", 0.9),
        max_num_seqs=run["seqs"],
        max_num_batched_tokens=run["batch"],
        version=str(run.get("version", "")),
    )
    measured = run.get("tokens") or round(run["gib"] * GIB / kv_per_token(shape, setup))
    computed = fit(shape, setup, known.gpus[run["gpu"]].memoryGiB).tokens
    return Compared(run["model"], run["gpu"], setup, measured, computed, tuple(run["assumed"]), run["source"])


def table(runs: tuple[Compared, ...]) -> str:
    """Return the comparison as a Markdown table, with its summary."""
    head = "| model | GPU | weights | utilisation | vLLM | measured, tokens | computed | error | assumed | source |\n"
    head += "|---|---|---|--:|---|--:|--:|--:|---|---|\n"
    errors = [abs(run.error) for run in runs]
    families = {run.model.partition("-")[0].rstrip("0123456789.") for run in runs}
    within = sum(error <= 0.1 for error in errors)
    summary = (
        f"{len(runs)} runs of {len(families)} families: median error {median(errors):.1%}, largest {max(errors):.1%}, "
        f"{within} of {len(runs)} within 10 %."
    )
    return head + "".join(_row(run) for run in runs) + f"\n{summary}\n"


def _row(run: Compared) -> str:
    gpu = run.gpu.removeprefix("NVIDIA-").partition("-80GB")[0]
    gpus = gpu if run.setup.gpus == 1 else f"{run.setup.gpus} x {gpu}"
    weights = run.setup.quantization.replace("none", "bf16")
    cells = (run.model, gpus, weights, run.setup.utilization, run.setup.version or "?")
    figures = (f"{run.measured:,}", f"{run.computed:,}", f"{run.error:+.1%}", ", ".join(run.assumed), run.source)
    return "| " + " | ".join(str(cell) for cell in (*cells, *figures)) + " |\n"
