"""Sends a few requests one after the other and takes their times: what one needs that has the engine to itself."""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

from leanrag.core.errors import InputError, UnreachableError
from leanrag.core.progress import say
from leanrag.core.shapes import items, mapping
from leanrag.diagnose.model import Alone
from leanrag.diagnose.slow import middle
from leanrag.load.prompts import prompts
from leanrag.slo.objectives import Traffic

# Quartiles of eight lie between measured ones.
COUNT = 8
_HINT = "check address, model and key; nothing else may use the engine meanwhile"


@dataclass(frozen=True, slots=True)
class _Took:
    """Seconds to the first token and between tokens."""

    ttft: float
    itl: float


def measure(
    url: str,
    model: str,
    traffic: Traffic,
    seed: int,
    api_key: str = "",
    count: int = COUNT,
    seconds: float = math.inf,
) -> Alone:
    """Return what `count` requests of this traffic's size take one by one, after one that only warms up.

    `url` has no /v1; `seconds` is the time for all of them. Raises UnreachableError when nobody answers within the
    traffic's timeout, InputError for an answer that is not a stream.
    """
    say(f"diagnose: {count} requests to {model}, one at a time")
    texts, until = prompts(seed, count + 1, traffic.prompt_tokens), time.monotonic() + seconds
    took = [_ask(url, model, text, traffic, api_key, until) for text in texts][1:]
    return Alone(middle([each.ttft for each in took]), middle([each.itl for each in took]), f"{count} sent one by one")


def _ask(url: str, model: str, prompt: str, traffic: Traffic, api_key: str, until: float) -> _Took:
    body = {
        "model": model,
        "messages": [{"role": "user", "content": prompt}],
        "max_completion_tokens": traffic.output_tokens,
        "ignore_eos": True,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    began = time.monotonic()
    if (left := min(traffic.timeout_seconds, until - began)) <= 0:
        raise UnreachableError(f"{url}: too slow for {COUNT} lone requests in the time that was left", hint=_HINT)
    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy of the machine between the two
            reply = session.post(
                f"{url}/v1/chat/completions",
                json=body,
                headers=headers,
                stream=True,
                timeout=left,
                allow_redirects=False,
            )
            if reply.status_code != 200:
                raise InputError(f"{url}: HTTP {reply.status_code} to a lone request", hint=_HINT)
            return _timed(_events(reply, began + left), began, url)
    except requests.RequestException as error:
        raise UnreachableError(f"{url}: {type(error).__name__} while measuring lone requests", hint=_HINT) from None


def _events(reply: requests.Response, until: float) -> Iterator[dict[str, Any]]:
    for line in _lines(reply, until):
        if line.startswith(b"data:") and line[5:].strip() != b"[DONE]":
            try:
                yield dict(mapping(json.loads(line[5:])))
            except ValueError:
                raise InputError("a lone request's stream holds something that is not JSON", hint=_HINT) from None


def _lines(reply: requests.Response, until: float) -> Iterator[bytes]:
    """Yield lines until a moment: a stream that never ends keeps every single read short."""
    line = b""
    # One byte at a time: a larger chunk would wait for more tokens than there are yet.
    for byte in reply.iter_content(1):
        if time.monotonic() > until:
            raise UnreachableError("a lone request was not answered in its time", hint=_HINT)
        if byte == b"\n":
            yield line
            line = b""
        else:
            line += byte


def _timed(events: Iterator[dict[str, Any]], began: float, url: str) -> _Took:
    first, last, tokens = 0.0, 0.0, 0
    for event in events:
        if any(mapping(mapping(each).get("delta")).get("content") for each in items(event.get("choices"))):
            last = time.monotonic()
            first = first or last
            tokens += 1
        tokens = int(mapping(event.get("usage")).get("completion_tokens") or tokens)
    if not first or tokens < 2:
        raise InputError(f"{url}: a lone request came back with {tokens} tokens in its stream", hint=_HINT)
    return _Took(first - began, (last - first) / (tokens - 1))
