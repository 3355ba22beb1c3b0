"""W3C Trace Context (Level 1) of the smoke step: all its requests are one trace, so that a verdict leads to its spans.

Servers that trace nothing ignore both headers. The parent spans that they name are sent by nobody: the step keeps no
spans of its own. `tracestate` is what charts/observe/tracing keeps every such trace by.
"""

import secrets
from collections.abc import Mapping

STATE = "leanrag=smoke"


def new_trace() -> str:
    """Return a fresh trace id, 32 hex digits."""
    return secrets.token_hex(16)


def headers(trace: str) -> Mapping[str, str]:
    """Return the headers of one request of a trace, marked as sampled; none for an empty id."""
    return {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01", "tracestate": STATE} if trace else {}
