"""OpenAI wire format of the stand-in: bodies and stream chunks as data, without a socket."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from leanrag.rag.standin.extract import Reply, text_of, words


def error(message: str, kind: str, code: int) -> dict[str, Any]:
    """Return an error body in the shape vLLM uses."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def models(served: Sequence[str]) -> dict[str, Any]:
    """Return the body of GET /v1/models."""
    data = [
        {"id": name, "object": "model", "created": 0, "owned_by": "leanrag", "max_model_len": 4096} for name in served
    ]
    return {"object": "list", "data": data}


def embeddings(request: Mapping[str, Any], vectors: Sequence[Sequence[float]], tokens: int) -> dict[str, Any]:
    """Return the body of POST /v1/embeddings: float lists, or little-endian float32 when base64 is asked for."""
    coded = request.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _base64(vector) if coded else list(vector)}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "model": request["model"], "data": data, "usage": usage}


def _base64(vector: Sequence[float]) -> str:
    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode()


def identity(request: Mapping[str, Any]) -> str:
    """Return an id that is the same for the same conversation."""
    return "chatcmpl-" + hashlib.sha256(json.dumps(request["messages"], sort_keys=True).encode()).hexdigest()[:24]


def usage(request: Mapping[str, Any], reply: Reply) -> dict[str, int]:
    """Count content words as tokens: enough for shape, never for cost."""
    prompt = sum(len(words(text_of(message))) for message in request["messages"])
    written = len((reply.text or reply.arguments).split())
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}


def completion(request: Mapping[str, Any], reply: Reply) -> dict[str, Any]:
    """Return the body of POST /v1/chat/completions without streaming."""
    message: dict[str, Any] = {"role": "assistant", "content": None if reply.tool else reply.text}
    if reply.tool:
        message["tool_calls"] = [_call(request, reply)]
    choice = {"index": 0, "message": message, "finish_reason": _finish(reply), "logprobs": None}
    return {**_head(request, "chat.completion"), "choices": [choice], "usage": usage(request, reply)}


def chunks(request: Mapping[str, Any], reply: Reply) -> Iterator[dict[str, Any]]:
    """Yield the chunks of a streamed completion: role, words or a tool call, finish, and usage when asked for."""
    head = _head(request, "chat.completion.chunk")

    def chunk(delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]}

    yield chunk({"role": "assistant", "content": ""})
    if reply.tool:
        yield chunk({"tool_calls": [{"index": 0, **_call(request, reply)}]})
    for word in re.findall(r"\S+\s*", "" if reply.tool else reply.text):
        yield chunk({"content": word})
    yield chunk({}, _finish(reply))
    if (request.get("stream_options") or {}).get("include_usage"):
        yield {**head, "choices": [], "usage": usage(request, reply)}


def _head(request: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {"id": identity(request), "object": kind, "created": 0, "model": request["model"]}


def _finish(reply: Reply) -> str:
    return "tool_calls" if reply.tool else "stop"


def _call(request: Mapping[str, Any], reply: Reply) -> dict[str, Any]:
    function = {"name": reply.tool, "arguments": reply.arguments}
    return {"id": "call_" + identity(request)[-16:], "type": "function", "function": function}
