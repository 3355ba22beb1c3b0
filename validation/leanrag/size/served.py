"""What a rendered model runs on and with: read from its objects, because profiles and defaults are decided there."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from leanrag.catalog.model import ClusterFacts, GpuPool
from leanrag.core.errors import InputError
from leanrag.core.shapes import items, mapping
from leanrag.size.memory import WEIGHT_BYTES, Setup
from leanrag.size.tables import Architecture, Tables, bare

_WHOLE, _SLICE = "nvidia.com/gpu", "nvidia.com/mig-"
# With llm-d the release's command starts vLLM and evaluates this line of a shell (kserve, config/llmisvcconfig).
_LLM_KIND, _LLM_CONTAINER, _LLM_ARGUMENTS = "LLMInferenceService", "main", "VLLM_ADDITIONAL_ARGS"
# vLLM's defaults where a manifest says nothing (vllm/engine/arg_utils.py, get_batch_defaults): by the GPU's memory.
_LARGE_GIB, _HUGE_GIB = 70, 160
# A MIG slice has 0.25 to 0.5 GiB less than its profile's name says (charts/common/templates/_gpu.tpl).
_SLICE_LOSS_GIB = 0.5


@dataclass(frozen=True, slots=True)
class Arguments:
    """The engine arguments of one container, by name without dashes; a flag without value is an empty text."""

    values: Mapping[str, str]

    def number(self, name: str, default: float) -> float:
        """Return a number, also one with vLLM's suffixes (8k, 32K); anything else is the default."""
        text = self.values.get(name, "")
        factor = {"k": 1000, "K": 1024, "m": 1e6, "M": 2**20}.get(text[-1:], 1)
        try:
            return float(text if factor == 1 else text[:-1]) * factor
        except ValueError:
            return default


@dataclass(frozen=True, slots=True)
class Engine:
    """One container that runs vLLM on GPUs: its arguments, its image, and what it asks for (`resource`, `count`)."""

    arguments: Arguments
    image: str
    resource: str
    count: int


@dataclass(frozen=True, slots=True)
class Served:
    """One engine, ready to be judged; `shape` is None for an unknown model, then `weights_gib` counts (0: unknown).

    `price` is of one hour of what it asks for, a whole GPU or its part of a shared one; None: not known.
    """

    shape: Architecture | None
    weights_gib: float
    setup: Setup
    product: str
    memory_gib: float
    count: int
    per_node: int
    time_slices: int
    price: float | None = None


def engines(bodies: Iterable[Mapping[str, Any]]) -> tuple[Engine, ...]:
    """Return the engines on GPUs among the objects of one Application.

    KServe keeps the arguments in the ServingRuntime and the GPUs in the InferenceService: one completes the other.
    Pods that are alike (leader and worker) are one engine.
    """
    containers = [
        (started(body.get("kind"), each), _parallelism(body)) for body in bodies for each in _containers(body)
    ]
    asked = next((found for each, _ in containers if (found := _gpus(each))), ("", 0))
    made: list[Engine] = []
    for each, split in containers:
        resource, count = _gpus(each) or asked
        if runs_vllm(each) and count:
            given = Arguments({**split, **arguments(each)})
            engine = Engine(given, str(each.get("image") or ""), resource, count)
            made += [] if engine in made else [engine]
    return tuple(made)


def started(kind: Any, container: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a container as its kind starts it: that of an LLMInferenceService says no command, its release does."""
    own = kind == _LLM_KIND and container.get("name") == _LLM_CONTAINER and not container.get("command")
    if not own or not _image(container).startswith("vllm"):
        return container
    words = shell_words(additional(container)[1]) or ()
    return {**container, "command": ["vllm", "serve"], "args": [*items(container.get("args")), *words]}


def additional(container: Mapping[str, Any]) -> tuple[int | None, str]:
    """Return the entry of `env` with the arguments that a release's command adds, and its line; (None, "") without."""
    for index, entry in enumerate(items(container.get("env"))):
        if mapping(entry).get("name") == _LLM_ARGUMENTS:
            return index, str(entry.get("value") or "")
    return None, ""


def shell_words(line: str) -> tuple[str, ...] | None:
    """Return the words of a line as a shell reads them; None when it cannot: a quote is open."""
    try:
        return tuple(shlex.split(line))
    except ValueError:
        return None


def _parallelism(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the arguments that KServe makes of an LLMInferenceService's `parallelism`."""
    split = mapping(mapping(body.get("spec")).get("parallelism"))
    named = {f"{key}-parallel-size": str(split[key]) for key in ("tensor", "pipeline", "data") if split.get(key)}
    return {**named, **({"enable-expert-parallel": ""} if split.get("expert") else {})}


def _containers(node: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every mapping that looks like a container: it names an image or asks for resources."""
    if isinstance(node, Mapping):
        if isinstance(node.get("resources"), Mapping) or isinstance(node.get("image"), str):
            yield node
        for value in node.values():
            yield from _containers(value)
    elif isinstance(node, list):
        for value in node:
            yield from _containers(value)


def runs_vllm(container: Mapping[str, Any]) -> bool:
    """Say whether a container starts vLLM's server: by its command, or its image's entry point."""
    words = command_line(container)
    serves = words[:2] == ["vllm", "serve"] or "vllm.entrypoints.openai.api_server" in words
    entry = not container.get("command") and _image(container).startswith("vllm")
    return serves or (entry and any("--" in word for word in words))


def command_line(container: Mapping[str, Any]) -> list[str]:
    """Return the words of a container's command and arguments."""
    return [str(word) for key in ("command", "args") for word in items(container.get(key))]


def _image(container: Mapping[str, Any]) -> str:
    """Return the last part of an image's name, with its tag."""
    return str(container.get("image") or "").rpartition("/")[2]


def arguments(container: Mapping[str, Any]) -> dict[str, str]:
    """Return a container's options: `--name=value`, `--name value` and `--name`; underscores count as dashes."""
    found: dict[str, str] = {}
    name = ""
    for word in command_line(container):
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            name = name.replace("_", "-")
            found[name] = value
        elif name and not found[name]:
            found[name] = word
    return found


def _gpus(container: Mapping[str, Any]) -> tuple[str, int] | None:
    resources = container.get("resources")
    limits = resources.get("limits") if isinstance(resources, Mapping) else None
    for name, count in (limits or {}).items() if isinstance(limits, Mapping) else ():
        if (str(name) == _WHOLE or str(name).startswith(_SLICE)) and str(count).isdigit() and int(str(count)):
            return str(name), int(str(count))
    return None


def served(engine: Engine, values: Mapping[str, Any], facts: ClusterFacts, known: Tables, version: str) -> Served:
    """Join an engine with its values and its cluster; InputError when nobody knows its pool or the pool's memory."""
    model = mapping(values.get("model"))
    pool = _pool(facts, str(mapping(values.get("capacity")).get("gpu") or ""), engine.resource)
    memory = _memory(pool, engine.resource, known)
    size = float(model.get("sizeGiB") or 0)
    shape = known.guess(*(str(model.get(key) or "") for key in ("architecture", "name", "source")))
    sliced = engine.resource != _WHOLE
    return Served(
        shape=shape,
        weights_gib=size,
        setup=_setup(engine, str(model.get("quantization") or "none"), shape, memory, version, pool.product),
        product=pool.product + (f" ({engine.resource.removeprefix(_SLICE)})" if sliced else ""),
        memory_gib=memory,
        count=engine.count,
        per_node=pool.perNode,
        time_slices=1 if sliced else pool.timeSlices,
        # How many slices of a profile a GPU gives is the charts' to know.
        price=None if sliced or pool.pricePerHour is None else pool.pricePerHour / pool.timeSlices,
    )


def _pool(facts: ClusterFacts, name: str, resource: str) -> GpuPool:
    if name in facts.gpus:
        return facts.gpus[name]
    profile = resource.removeprefix(_SLICE) if resource.startswith(_SLICE) else None
    fitting = [pool for pool in facts.gpus.values() if (pool.mig or "").replace("+", ".") == (profile or "")]
    if len(fitting) == 1 and not name:
        return fitting[0]
    raise InputError(
        f"cluster {facts.name!r} has no single pool of GPUs for {name or resource!r}",
        hint="name one of cluster.gpus: " + (", ".join(facts.gpus) or "it has none"),
    )


def _memory(pool: GpuPool, resource: str, known: Tables) -> float:
    """GiB of what one resource gives: a whole GPU, or a slice whose profile names it."""
    if resource.startswith(_SLICE):
        size = resource.removeprefix(_SLICE).partition("g.")[2].partition("gb")[0]
        return int(size) - _SLICE_LOSS_GIB
    if pool.memoryGiB:
        return pool.memoryGiB
    if bare(pool.product) in known.gpus:
        return known.gpu(pool.product).memoryGiB
    raise InputError(f"nobody knows how much memory {pool.product!r} has", hint="write memoryGiB into its pool")


def _setup(
    engine: Engine, quantization: str, shape: Architecture | None, memory: float, version: str, product: str
) -> Setup:
    given = engine.arguments
    seqs, batch = batch_defaults(memory, "A100" in product)
    kv = given.values.get("kv-cache-dtype", "auto")
    data = int(given.number("data-parallel-size", 1))
    return Setup(
        max_model_len=int(given.number("max-model-len", shape.maxModelLen if shape else 4096)),
        quantization=quantization if quantization in WEIGHT_BYTES else "none",
        kv_bytes=1 if kv.startswith("fp8") else 2,
        tensor_parallel=int(given.number("tensor-parallel-size", 1)),
        pipeline_parallel=int(given.number("pipeline-parallel-size", 1)),
        expert_ranks=data if "enable-expert-parallel" in given.values else 1,
        utilization=given.number("gpu-memory-utilization", 0.9),
        max_num_seqs=int(given.number("max-num-seqs", seqs)),
        max_num_batched_tokens=int(given.number("max-num-batched-tokens", batch)),
        eager="enforce-eager" in given.values,
        samples=given.values.get("runner") != "pooling",
        version=version,
    )


def batch_defaults(memory_gib: float, a100: bool = False) -> tuple[int, int]:
    """Return vLLM's own max_num_seqs and max_num_batched_tokens for its server on a GPU of this memory."""
    if memory_gib >= _HUGE_GIB:
        return 1024, 16384
    return (1024, 8192) if memory_gib >= _LARGE_GIB and not a100 else (256, 2048)
