"""Things that go wrong on demand, so that the gate can be seen to notice: `make demo FAULT=…`."""

from dataclasses import dataclass
from typing import Literal

from leanrag.core.errors import InputError

Where = Literal["chat", "rag"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: how it is made (`proxy` in front of a service, the engine `killed` or `renamed`), and how much of it.

    `size` is for errors the share 0 to 1, for cut-stream the pieces of a stream let through, for slow times the limit.
    """

    name: str
    what: str
    kind: Literal["proxy", "killed", "renamed"]
    where: Where = "chat"
    size: float = 0.0


FAULTS = (
    Fault("slow", "the chat engine answers only after three times the TTFT limit", "proxy", size=3.0),
    Fault("errors", "one in five requests to the chat engine ends with status 500", "proxy", size=0.2),
    Fault("dead", "the chat engine is killed when it has become ready, before the load", "killed"),
    Fault("empty-index", "every vector search answers 200 with no result", "proxy", where="rag"),
    Fault("wrong-model", "the chat engine serves another model name than everybody asks for", "renamed"),
    Fault("cut-stream", "the chat engine's streams end in the middle", "proxy", size=3),
)
RENAMED = "another-model"


def fault(name: str | None) -> Fault | None:
    """Return a fault by name, None for none; InputError for a name that is not in the list."""
    if not name:
        return None
    found = next((each for each in FAULTS if each.name == name), None)
    if found is None:
        raise InputError(f"no fault {name!r}", hint="faults are: " + ", ".join(each.name for each in FAULTS))
    return found


def proxy_size(wanted: Fault, ttft_limit: float) -> float:
    """Return the number for the proxy's --size; `ttft_limit` in seconds."""
    return wanted.size * ttft_limit if wanted.name == "slow" else wanted.size
