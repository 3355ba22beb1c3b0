"""What a model needs of a GPU, from its shape: weights, one step's activations, the engine itself, and the KV cache.

The formula is vLLM's own (v1/worker/gpu_worker.py, determine_available_memory): the KV cache gets utilisation x memory,
less weights, less the peak of one profiling step, less what CUDA and NCCL hold. Sizes are bytes of one GPU.
"""

from dataclasses import dataclass

from leanrag.size.tables import Architecture

GIB = 2**30
BLOCK = 16
# Bytes of one weight of a layer: bf16, FP8, INT8, and INT4 with a scale of 2 bytes in every group of 128.
WEIGHT_BYTES = {"none": 2.0, "fp8": 1.0, "int8": 1.0, "int4": 0.5 + 2 / 128}
_UNQUANTISED = 2

# NCCL's buffers by GPUs of one replica: NVIDIA's ai-dynamo/aiconfigurator 095f58a, systems/*.yaml, misc.nccl_mem.
_NCCL = {1: 0, 2: 358_612_992}
_NCCL_MORE = 411_041_792
# Modules and cuBLAS workspaces that CUDA holds beside torch: llm-d-planner e50305a, VLLM_NON_TORCH_MEMORY_TP1_GIB.
_CUDA = 0.15 * GIB
# vLLM's profiling step samples with top-k and top-p. Up to 0.16 that sorts all logits in torch; bytes of one logit that
# are alive then: bf16 logits 2, their float32 copy 4, sorted values 4, indices 8; from 128 rows on a second index 8 and
# cub's double buffer 12 (SortStable.cu, segmented_sort_pairs), below it two int2 of 8, keys 4 and the buffer 12.
_SORT_MANY, _SORT_FEW, _SORT_ROWS = 38, 50, 128
# From 0.17 a Triton kernel works in place: bf16 2, float32 4, probabilities 4, noise 4 (ops/topk_topp_sampler.py).
_NO_SORT, _NO_SORT_SINCE = 14, (0, 17)
# From 0.21 CUDA graphs count, too (VLLM_MEMORY_PROFILER_ESTIMATE_CUDAGRAPHS). Start-up logs show 0.1 to 1 GiB,
# depending on how many batch sizes are captured: an allowance, the one figure here that is not computed.
_GRAPHS, _GRAPHS_SINCE = 0.5 * GIB, (0, 21)


@dataclass(frozen=True, slots=True)
class Setup:
    """How an engine runs: the arguments of vLLM that decide about memory.

    `expert_ranks` are data parallel engines that share a mixture's experts. `version` is vLLM's ("" = unknown: the
    hungrier way is assumed). `overhead_gib` replaces activations and engine.
    """

    max_model_len: int
    quantization: str = "none"
    kv_bytes: float = 2
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    expert_ranks: int = 1
    utilization: float = 0.9
    max_num_seqs: int = 256
    max_num_batched_tokens: int = 2048
    eager: bool = False
    samples: bool = True
    version: str = ""
    overhead_gib: float | None = None

    @property
    def gpus(self) -> int:
        """GPUs of one replica."""
        return self.tensor_parallel * self.pipeline_parallel


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether it fits, in bytes of one GPU; `tokens` of KV cache of the replica, `needed` for one longest request."""

    budget: float
    weights: float
    activations: float
    engine: float
    needed: float
    tokens: int
    concurrency: float

    @property
    def cache(self) -> float:
        """What is left for the KV cache; negative when not even the weights fit."""
        return self.budget - self.weights - self.activations - self.engine

    @property
    def fits(self) -> bool:
        """At least one request of the longest length can be answered."""
        return self.cache >= self.needed

    @property
    def wanted(self) -> float:
        """What it needs to fit."""
        return self.weights + self.activations + self.engine + self.needed


def fit(shape: Architecture, setup: Setup, memory_gib: float) -> Fit:
    """Lay one replica's share over the memory of one GPU (GiB that CUDA gives)."""
    per_token = kv_per_token(shape, setup)
    needed = per_token * -(-setup.max_model_len // BLOCK) * BLOCK
    activations, engine = _overhead(shape, setup)
    own = weight_share(shape, setup)
    budget = memory_gib * GIB * setup.utilization
    left = max(0.0, budget - own - activations - engine)
    tokens = int(left / per_token / BLOCK) * BLOCK
    return Fit(budget, own, activations, engine, needed, tokens, tokens / setup.max_model_len)


def weight_share(shape: Architecture, setup: Setup) -> float:
    """Return the weights of one GPU; expert parallel engines split the experts: at least what is not active."""
    whole = weights(shape, setup.quantization)
    if setup.expert_ranks == 1 or not shape.activeB:
        return whole / setup.gpus
    experts = 1e9 * (shape.linearB - shape.activeB) * WEIGHT_BYTES[setup.quantization]
    return (whole - experts + experts / setup.expert_ranks) / setup.gpus


def weights(shape: Architecture, quantization: str) -> float:
    """Return the bytes of all weights: a quantisation shrinks the layers, not the embedding and lm_head."""
    rest = shape.parametersB - shape.linearB
    return 1e9 * (shape.linearB * WEIGHT_BYTES[quantization] + rest * _UNQUANTISED)


def kv_per_token(shape: Architecture, setup: Setup) -> float:
    """Return the bytes of one token in the KV cache of one GPU.

    Heads are split over tensor parallel GPUs, but at least one stays on each; a latent (MLA) is whole on every GPU.
    """
    layers = shape.layers / setup.pipeline_parallel
    if shape.kvLatent:
        return layers * shape.kvLatent * setup.kv_bytes
    heads = max(1.0, shape.kvHeads / setup.tensor_parallel)
    return 2 * layers * heads * shape.headDim * setup.kv_bytes


def activation_bytes(shape: Architecture, setup: Setup) -> float:
    """Return the peak of one profiling step: the widest layer of a full batch, or the sampler on all logits."""
    tokens = max(setup.max_num_batched_tokens, setup.max_num_seqs)
    stream = tokens * shape.hidden * 2
    # Gate, up and their product, and one more residual stream; a mixture also copies each token for every expert.
    layer = tokens * 2 * (3 * shape.intermediate / setup.tensor_parallel + (1 + shape.expertsPerToken) * shape.hidden)
    return stream + max(layer, sampler_bytes(shape, setup))


def sampler_bytes(shape: Architecture, setup: Setup) -> float:
    """Return what sampling once for every sequence takes; every tensor parallel GPU holds all logits."""
    if not setup.samples:
        return 0.0
    rows = setup.max_num_seqs
    each = _SORT_MANY if rows >= _SORT_ROWS else _SORT_FEW
    if setup.version and release(setup.version) >= _NO_SORT_SINCE:
        each = _NO_SORT
    return float(rows * shape.vocabulary * each)


def _overhead(shape: Architecture, setup: Setup) -> tuple[float, float]:
    if setup.overhead_gib is not None:
        return setup.overhead_gib * GIB, 0.0
    graphs = 0.0 if setup.eager or (setup.version and release(setup.version) < _GRAPHS_SINCE) else _GRAPHS
    return activation_bytes(shape, setup), _CUDA + _NCCL.get(setup.gpus, _NCCL_MORE) + graphs


def gib(size: float) -> str:
    """Return bytes as GiB with one decimal."""
    return f"{size / GIB:.1f}"


def release(version: str) -> tuple[int, int]:
    """Return major and minor of a version such as 0.18.0+rhaiv.7; (0, 0) for what is none."""
    parts = version.removeprefix("v").split(".")
    return (int(parts[0]), int(parts[1])) if len(parts) > 1 and parts[0].isdigit() and parts[1].isdigit() else (0, 0)
