"""Model comparison: side by side, at the same time, on the traffic that each of them has."""

from dataclasses import replace

from leanrag.dashboards.boards.serving import BETWEEN, ENDED, FAILED
from leanrag.dashboards.model import Board, Panel, Query, Row
from leanrag.dashboards.words import CLUSTER, ENGINE, clusters, models, namespaces, promised, rate

_RUNNING = "vllm:num_requests_running"
_NAME = "{{model_name}}"
_TTFT = Query(promised("vllm:time_to_first_token_seconds", "ttft"), _NAME)
_ITL = Query(BETWEEN, _NAME)
_WRITTEN = Query(rate("vllm:generation_tokens_total", "model_name"), _NAME)
_FAILED = Query(f"({FAILED} or 0 * {ENDED}) / ({ENDED} > 0)", _NAME)
_FULL = Query(f"max by (model_name) (vllm:kv_cache_usage_perc{{{ENGINE}}})", _NAME)


def _moved(metric: str, to: str) -> str:
    """Return a metric of the exporter with the pod on the GPU where others have it; scrapes move it out of the way."""
    return f'label_replace({metric}, "{to}", "$1", "exported_{to}", "(.+)")'


# Memory of the GPUs that a model's pods hold.
_MEMORY = Query(
    "sum by (model_name) (sum by (namespace, pod) ("
    + _moved(_moved(f"DCGM_FI_DEV_FB_USED{{{CLUSTER}}}", "pod"), "namespace")
    + ") * on (namespace, pod) group_left (model_name)"
    + f" (1 + 0 * max by (namespace, pod, model_name) ({_RUNNING}{{{ENGINE}}}))) * 1048576",
    _NAME,
)


def _recorded(name: str, otherwise: str = "") -> Query:
    """Return a series that a model's own rules record."""
    of = '{namespace=~"$namespace",model=~"$model"}'
    return Query(f"max by (model) ({name}{of}{otherwise.format(of=of)})", "{{model}}")


def _column(query: Query, title: str, unit: str) -> Query:
    return replace(query, legend=title, unit=unit)


_SIDE = Row(
    "Which one is better now?",
    (
        Panel(
            "How do the models compare?",
            "Only fair on equal traffic and GPUs: `leanrag compare` runs both and says whether a difference is real.",
            (
                _column(_TTFT, "First token", "s"),
                _column(_ITL, "Between tokens", "s"),
                _column(_WRITTEN, "Tokens written", "tokens/s"),
                _column(_FAILED, "Failed", "percentunit"),
                _column(_FULL, "KV cache", "percentunit"),
            ),
            "short",
            kind="table",
            width=24,
            by=("model_name",),
        ),
    ),
)

_TIME = Row(
    "How do they differ over time?",
    (
        Panel("Who starts sooner?", "Time to the first token.", (_TTFT,), "s"),
        Panel("Who goes on faster?", "Time between two tokens.", (_ITL,), "s"),
        Panel("Who writes more?", "Tokens written a second, all pods.", (_WRITTEN,), "tokens/s"),
    ),
)

_COST = Row(
    "What do they take?",
    (
        Panel(
            "How much GPU memory do they hold?",
            "By the pods on the GPUs. Fewer bits leave more for the KV cache; vLLM takes its whole share either way.",
            (_MEMORY,),
            "bytes",
            needs="DCGM",
        ),
        Panel(
            "How full are their KV caches?",
            "The fullest pod. What INT4 saves in weights shows here.",
            (_FULL,),
            "percentunit",
            most=1,
        ),
        Panel(
            "How long are their GPUs idle?",
            "Share of the time without a request, and paid for all the same.",
            (_recorded("leanrag:gpu_idle:ratio5m"),),
            "percentunit",
            most=1,
            needs="a GPU",
        ),
        Panel(
            "What does a GPU make?",
            "Tokens a second of one GPU that is held, busy or not.",
            (_recorded("leanrag:tokens_per_gpu_second:rate5m"),),
            "tokens/s",
            width=12,
            needs="a GPU",
        ),
        Panel(
            "What do a million tokens cost?",
            "Of the last hour, idle time included, in the currency of the prices in cluster.yaml.",
            # Where no cluster has a price, no rule records a cost; a model without one is drawn as nothing.
            (_recorded("leanrag:cost_per_million_tokens:rate1h", " or NaN * leanrag:gpu:count{of}"),),
            "none",
            width=12,
            needs="a GPU",
        ),
    ),
)

BOARD = Board(
    "models",
    "Model comparison",
    "Two or more models side by side, such as BF16 against INT4: choose them above.",
    (_SIDE, _TIME, _COST),
    (clusters(_RUNNING), namespaces(_RUNNING), models(_RUNNING)),
)
