"""Server-sent events as Llama Stack 0.7.3 and OGX 1.5.0 write them: `data: <JSON>` and a blank line.

Neither sends `data: [DONE]` at the end of a chat stream (vLLM does), so its absence is no fault.
"""

import json
import re
from typing import Any

from leanrag.rag.http import Reply, ServiceError, brief

# Only these end a line of an event stream; str.splitlines would also cut at U+2028 inside a JSON string.
_LINE_END = re.compile(r"\r\n|\n|\r")


def events(reply: Reply) -> tuple[dict[str, Any], ...]:
    """Return the JSON objects of a complete stream in order; an error event, or none at all, is a ServiceError."""
    if reply.status != 200:
        raise ServiceError(f"HTTP {reply.status}: {brief(reply.text)}")
    if not reply.content_type.startswith("text/event-stream"):
        raise ServiceError(f"content type {reply.content_type or 'absent'} instead of text/event-stream")
    found = tuple(_event(line) for line in _data(reply.text))
    if not found:
        raise ServiceError("HTTP 200 with an empty stream")
    for event in found:
        if event.get("error") and "object" not in event:
            raise ServiceError(f"the stream carries an error: {brief(json.dumps(event['error']))}")
    return found


def _data(text: str) -> tuple[str, ...]:
    lines = (line[5:].strip() for line in _LINE_END.split(text) if line.startswith("data:"))
    return tuple(line for line in lines if line and line != "[DONE]")


def _event(line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        raise ServiceError(f"an event is not JSON: {brief(line)}") from None
    if not isinstance(event, dict):
        raise ServiceError(f"an event is not an object: {brief(line)}")
    return event
