"""The RAG path: from documents in to answers out. The API server is OGX, or Llama Stack, its earlier name."""

from leanrag.dashboards.model import Board, Panel, Query, Row
from leanrag.dashboards.words import PLACE, clusters, namespaces

_REQUESTS = "ogx_requests_total"
_MILVUS = "Milvus"
# The service of its spans, as charts/rag/rag-stack names it.
_TRACES = "rag-stack"


def _either(expr: str) -> str:
    """Return a query of OGX, or the same of Llama Stack where that runs."""
    return f"{expr} or {expr.replace('ogx_', 'llama_stack_')}"


def _rate(metric: str, by: str, more: str = "") -> str:
    return f"sum by ({by}) (rate({metric}{{{PLACE}{more}}}[$__rate_interval]))"


def _late(metric: str, by: str) -> str:
    return f"histogram_quantile(0.95, {_rate(f'{metric}_bucket', f'le, {by}')})"


def _mean(metric: str, by: str) -> str:
    """Return the mean of a histogram without a bucket below 5 s: any percentile of it would read as 5 s."""
    return f"{_rate(f'{metric}_sum', by)} / ({_rate(f'{metric}_count', by)} > 0)"


_FAILED = _rate(_REQUESTS, "api", ',status_code=~"5.."')
_ALL = _rate(_REQUESTS, "api")

_ANSWER = Row(
    "Are questions answered?",
    (
        Panel(
            "How many requests come?",
            "Requests a second of each part of the API.",
            (Query(_either(_ALL), "{{api}}"),),
            "reqps",
        ),
        Panel(
            "How many fail?",
            "Share of requests that the server answered with 5xx.",
            (Query(_either(f"({_FAILED} or 0 * {_ALL}) / ({_ALL} > 0)"), "{{api}}"),),
            "percentunit",
            runbook="RagErrors",
        ),
        Panel(
            "How long do they take?",
            "Mean. Compare with the engine's own time: the rest is retrieval and the API itself.",
            (Query(_either(_mean("ogx_request_duration_seconds", "api")), "{{api}}"),),
            "s",
            traces=_TRACES,
        ),
    ),
)

_RETRIEVE = Row(
    "Does it find anything?",
    (
        Panel(
            "How many searches are made?",
            "By outcome. None while questions come: answers are made up.",
            (Query(_either(_rate("ogx_vector_io_queries_total", "status")), "{{status}}"),),
            "ops",
            runbook="RetrievalFails",
        ),
        Panel(
            "How long does a search take?",
            "95th percentile, by store.",
            (Query(_either(_late("ogx_vector_io_retrieval_duration_seconds", "provider")), "{{provider}}"),),
            "s",
            traces=_TRACES,
        ),
        Panel(
            "How many pieces does a search find?",
            "Mean of each search. 0: the collection is empty, or another embedding model filled it. OGX only.",
            (
                Query(
                    f"{_rate('ogx_vector_io_documents_retrieved_total', 'provider')}"
                    f" / ({_rate('ogx_vector_io_queries_total', 'provider')} > 0)",
                    "{{provider}}",
                ),
            ),
            "short",
            runbook="RetrievalEmpty",
            needs="OGX",
        ),
    ),
)

_INGEST = Row(
    "Do documents get in?",
    (
        Panel(
            "How do inserts end?",
            "By outcome. An error is a document that nobody will find.",
            (Query(_either(_rate("ogx_vector_io_inserts_total", "status")), "{{status}}"),),
            "ops",
            width=12,
        ),
        Panel(
            "How long does an insert take?",
            "95th percentile, embedding included.",
            (Query(_either(_late("ogx_vector_io_insert_duration_seconds", "provider")), "{{provider}}"),),
            "s",
            traces=_TRACES,
            width=12,
        ),
    ),
)

_STEPS = Row(
    "Where is the time spent?",
    (
        Panel(
            "How long does the model take to begin?",
            "Mean as the API sees it. Above the engine's own: the way there.",
            (Query(_either(_mean("ogx_inference_time_to_first_token_seconds", "model")), "{{model}}"),),
            "s",
            traces=_TRACES,
            width=12,
        ),
        Panel(
            "How long does the vector store take?",
            "95th percentile in Milvus itself.",
            (Query(_late("milvus_proxy_sq_latency", "query_type"), "{{query_type}}"),),
            "ms",
            width=12,
            needs=_MILVUS,
        ),
    ),
)

BOARD = Board(
    "rag",
    "RAG path",
    "From documents in to answers out: where it fails, and where the time goes.",
    (_ANSWER, _RETRIEVE, _INGEST, _STEPS),
    (clusters("up"), namespaces("up")),
)
