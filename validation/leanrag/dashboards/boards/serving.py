"""Serving: are the promises kept, and if not, why not?"""

from leanrag.dashboards.model import Board, Panel, Query, Row
from leanrag.dashboards.words import ENGINE, PLACE, clusters, limit, models, namespaces, promised, quantile, rate, share

_BY_MODEL = "model_name"
# charts/serving/model names the service of its spans so.
_TRACES = "${__field.labels.model_name}"
_RUNNING = "vllm:num_requests_running"
FAILED = rate("vllm:request_success_total", _BY_MODEL, f'{ENGINE},finished_reason=~"error|abort"')
# A promise is about the mean of each request, which the simulator does not tell.
BETWEEN = (
    promised("vllm:request_time_per_output_token_seconds", "itl")
    + f" or {promised('vllm:inter_token_latency_seconds', 'itl')}"
)
ENDED = rate("vllm:request_success_total", _BY_MODEL)


def _latency(title: str, metric: str, objective: str, about: str) -> Panel:
    queries = (Query(metric, "{{model_name}}"), limit(objective))
    return Panel(title, about, queries, "s", runbook="ObjectiveBurnsFast", traces=_TRACES)


# Both series are recorded by the same rules, so all their labels are alike.
_BUDGET = "(1 - leanrag:objective:target)"


def _spent(window: str) -> str:
    """Return how many times what is allowed was broken within a window."""
    broken = f'leanrag:objective_broken:ratio{window}{{model=~"$model"}}'
    return f"max by (model, objective) ({broken} / {_BUDGET})"


_ERRORS = Row(
    "Is the error budget safe?",
    (
        Panel(
            "How fast is it spent?",
            "Over an hour: at 1 it is spent just in time, at 14.4 a month's budget is gone in two days.",
            (Query(_spent("1h"), "{{model}} {{objective}}"),),
            "none",
            width=16,
            steps=((None, "green"), (1.0, "orange"), (14.4, "red")),
            runbook="ObjectiveBurnsFast",
        ),
        Panel(
            "How much is left of three days?",
            "100 % is all of it; below 0 the promise was broken.",
            (Query(f"1 - {_spent('3d')}", "{{model}} {{objective}}"),),
            "percentunit",
            kind="number",
            steps=((None, "red"), (0.0, "orange"), (0.25, "green")),
            runbook="ObjectiveBurnsSlowly",
        ),
    ),
)

_PROMISES = Row(
    "Are the promises kept?",
    (
        _latency(
            "How long until the first token?",
            promised("vllm:time_to_first_token_seconds", "ttft"),
            "ttft",
            "The percentile that the promise names. Above the limit: look at the queue first, then at the KV cache.",
        ),
        _latency(
            "How fast do tokens follow?",
            BETWEEN,
            "itl",
            "The mean of each request. It rises with the batch; long prompts without chunked prefill make it jump. "
            "The engine's smallest bucket is 10 ms.",
        ),
        _latency(
            "How long does a whole answer take?",
            promised("vllm:e2e_request_latency_seconds", "e2e"),
            "e2e",
            "From arrival to the last token; the engine's smallest bucket is 0.3 s.",
        ),
    ),
)

_DEMAND = Row(
    "What is asked of it?",
    (
        Panel(
            "How many requests fail?",
            "Requests that ended in an error or were given up, of all that ended.",
            (Query(f"({FAILED} or 0 * {ENDED}) / ({ENDED} > 0)", "{{model_name}}"), limit("errorRate")),
            "percentunit",
            runbook="ObjectiveBurnsFast",
        ),
        Panel(
            "How many requests run, and wait?",
            "Waiting for minutes means saturation: more pods, or a larger batch.",
            (
                Query(f"sum by (model_name) ({_RUNNING}{{{ENGINE}}})", "{{model_name}} running"),
                Query(f"sum by (model_name) (vllm:num_requests_waiting{{{ENGINE}}})", "{{model_name}} waiting"),
            ),
            "short",
            runbook="EngineQueueGrows",
        ),
        Panel(
            "How long do requests wait?",
            "95th percentile of the time in the engine's queue, whose smallest bucket is 0.3 s.",
            (Query(quantile("vllm:request_queue_time_seconds", _BY_MODEL), "{{model_name}}"), limit("queue")),
            "s",
            runbook="EngineQueueGrows",
            traces=_TRACES,
        ),
    ),
)

_WORK = Row(
    "How much does it do, and is it full?",
    (
        Panel(
            "How many tokens does it read and write?",
            "Prompt tokens include those found in the prefix cache.",
            (
                Query(rate("vllm:prompt_tokens_total", _BY_MODEL), "{{model_name}} read"),
                Query(rate("vllm:generation_tokens_total", _BY_MODEL), "{{model_name}} written"),
            ),
            "tokens/s",
        ),
        Panel(
            "How full is the KV cache?",
            "Of each pod. Near 100 % running requests are thrown out and computed again.",
            (Query(f"max by (model_name, pod) (vllm:kv_cache_usage_perc{{{ENGINE}}})", "{{model_name}} {{pod}}"),),
            "percentunit",
            most=1,
            runbook="KvCacheFull",
        ),
        Panel(
            "How many requests are thrown out?",
            "Preemptions. Any at all for long: the KV cache is too small for this batch and these contexts.",
            (Query(rate("vllm:num_preemptions_total", _BY_MODEL), "{{model_name}}"),),
            "ops",
            runbook="KvCacheFull",
        ),
    ),
)

_SAVED = Row(
    "What work is saved?",
    (
        Panel(
            "How much of the prompts is in the prefix cache?",
            "By tokens. Near 0 with RAG prompts: something that changes stands before what repeats.",
            (
                Query(
                    share("vllm:prefix_cache_hits_total", "vllm:prefix_cache_queries_total", _BY_MODEL),
                    "{{model_name}}",
                ),
            ),
            "percentunit",
            most=1,
        ),
        Panel(
            "How many guessed tokens are right?",
            "Below about a third, speculative decoding costs more than it saves.",
            (
                Query(
                    share(
                        "vllm:spec_decode_num_accepted_tokens_total",
                        "vllm:spec_decode_num_draft_tokens_total",
                        "pod",
                        PLACE,
                    ),
                    "{{pod}}",
                ),
            ),
            "percentunit",
            most=1,
            needs="speculative decoding",
        ),
        Panel(
            "How many pods does llm-d route to?",
            "Ready ones of each pool. Fewer than replicas: look at the pods that are missing.",
            (
                Query(
                    f"max by (name) (llm_d_epp_ready_endpoints{{{PLACE}}})"
                    f" or max by (name) (inference_pool_ready_pods{{{PLACE}}})",
                    "{{name}}",
                ),
            ),
            "short",
            needs="llm-d",
        ),
    ),
)

BOARD = Board(
    "serving",
    "Serving",
    "Whether each model keeps its promises, and if not, why. Dashed lines are the limits of its slo: block.",
    (_ERRORS, _PROMISES, _DEMAND, _WORK, _SAVED),
    (clusters(_RUNNING), namespaces(_RUNNING), models(_RUNNING)),
)
