"""Does it fit? One answer for the verb and for the rule: a sentence with the number, and the ways out."""

from dataclasses import dataclass

from leanrag.size.memory import Fit, Setup, fit, gib
from leanrag.size.served import Served
from leanrag.size.ways import ways_out


@dataclass(frozen=True, slots=True)
class Judgement:
    """`problem` is empty when it fits; `unknown` when too little is known to say; `fitted` has the figures, if any."""

    problem: str = ""
    fix: str = ""
    unknown: bool = False
    fitted: Fit | None = None


def judge(one: Served) -> Judgement:
    """Judge one engine on its cluster: its GPUs hold together, are there, are not oversold, and hold the model."""
    setup = one.setup
    if setup.gpus > one.count:
        message = f"the engine splits the model over {setup.gpus} GPUs, but the pod has {one.count}"
        return Judgement(message, f"ask for {setup.gpus}, or lower tensor-parallel-size")
    if setup.utilization * one.time_slices > 1:
        return _oversold(one)
    if one.shape is None:
        return _by_size(one)
    fitted = fit(one.shape, setup, one.memory_gib)
    if fitted.fits:
        return Judgement(fitted=fitted)
    ways = ways_out(one.shape, setup, one.memory_gib, one.per_node)
    return Judgement(shortfall(fitted, setup, one.memory_gib, one.product), " or ".join(ways), fitted=fitted)


def _oversold(one: Served) -> Judgement:
    share = 1 / one.time_slices
    message = (
        f"{one.time_slices} pods share one {one.product}, and each takes {one.setup.utilization:.0%} of its memory: "
        "the second finds none"
    )
    return Judgement(message, f"set capacity.gpuMemoryUtilization to {share:.2g} at most, or give it a GPU of its own")


def _by_size(one: Served) -> Judgement:
    """Without a shape only the weights can be compared."""
    if not one.weights_gib:
        return Judgement(
            "nobody knows this model's shape or size, so whether it fits was not judged",
            "name model.architecture (charts/common/values.yaml), or write model.sizeGiB",
            unknown=True,
        )
    share = one.weights_gib / one.setup.gpus
    usable = one.memory_gib * one.setup.utilization
    if share <= usable:
        return Judgement()
    message = f"{share:.1f} GiB of weights on each {one.product}, of which vLLM may use {usable:.1f} GiB"
    return Judgement(message, "more GPUs (tensor parallel), a quantised model, or a GPU with more memory")


def shortfall(fitted: Fit, setup: Setup, memory_gib: float, product: str) -> str:
    """Return the sentence that names what is needed, of what, and how it is made up."""
    parts = (
        f"weights {gib(fitted.weights)}",
        f"activations {gib(fitted.activations)}",
        f"engine {gib(fitted.engine)}",
        f"KV cache of one request of {setup.max_model_len:,} tokens {gib(fitted.needed)}",
    )
    return (
        f"needs {gib(fitted.wanted)} GiB of each {product}, which gives {gib(fitted.budget)} "
        f"({setup.utilization:.0%} of {memory_gib:g}): {', '.join(parts)}"
    )
