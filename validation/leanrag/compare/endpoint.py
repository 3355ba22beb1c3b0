"""What an engine says of itself: version, cache settings, tokens that its cache holds. Silence is "not known"."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import requests

from leanrag.core.errors import InputError
from leanrag.engine.exposition import parse

TIMEOUT = 10.0
MAX_BODY = 16 * 1024 * 1024
CACHE_CONFIG = "vllm:cache_config_info"
KV_TOKENS = "kv_cache_size_tokens"
# Not settings but what came of them on this GPU at this start; labels that begin with _ are vLLM's own notes.
_RESULTS = frozenset({"engine", "num_gpu_blocks", "num_cpu_blocks", KV_TOKENS, "kv_cache_max_concurrency"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One side to measure: `url` of an OpenAI API without /v1, the served `model`, and its API key."""

    name: str
    url: str
    model: str
    api_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Said:
    """What an engine said: "vllm 0.32.0", its cache settings by name, tokens of its KV cache."""

    engine: str = ""
    arguments: Mapping[str, str] | None = None
    kv_tokens: int | None = None


def ask(endpoint: Endpoint) -> Said:
    """Return what the engine says now; what it does not say, or says unreadably, is left out."""
    version, metrics = _get(endpoint, "/version"), _get(endpoint, "/metrics")
    engine = _version(version)
    labels = _cache(metrics.text) if metrics is not None else {}
    held = labels.get(KV_TOKENS, "")
    settings = {key: value for key, value in labels.items() if key not in _RESULTS and not key.startswith("_")}
    return Said(f"vllm {engine}" if engine else "", settings or None, int(held) if held.isdecimal() else None)


def _get(endpoint: Endpoint, path: str) -> requests.Response | None:
    headers = {"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}
    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy of the machine between the question and the answer
            answer = session.get(endpoint.url.rstrip("/") + path, headers=headers, timeout=TIMEOUT)
        return answer if answer.ok and len(answer.content) <= MAX_BODY else None
    except requests.RequestException:
        return None


def _version(answer: requests.Response | None) -> str:
    try:
        said = answer.json() if answer is not None else None
    except ValueError:
        return ""
    version = said.get("version") if isinstance(said, dict) else None
    return version if isinstance(version, str) else ""


def _cache(text: str) -> dict[str, str]:
    try:
        found = [series for series in parse(text).samples if series.name == CACHE_CONFIG]
    except InputError:
        return {}
    return dict(found[0].labels) if found else {}
