"""Decisions: what was expected and what came, each a pure function that returns (problems, what came, in words)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from leanrag.rag.client import Answer, Hit, message_parts
from leanrag.rag.http import Reply, brief

Judgement: TypeAlias = tuple[tuple[str, ...], str]

_REFUSAL = re.compile(
    r"\b(do not|don't|does not|doesn't|did not|didn't|cannot|can't|could not|couldn't|unable to|not able to|no)\b"
    r"[^.!?]{0,60}\b(know|answer|find|found|contain|include|information|mention|provide|say|specify|determine)",
    re.I,
)
_MARKER = re.compile(r"<\|[^|<>]{1,80}\|>")


def search(hits: Sequence[Hit], expect: Mapping[str, Any]) -> Judgement:
    """Judge search results; none at all is always a problem."""
    names = [hit.document for hit in hits]
    saw = ", ".join(name or "a foreign document" for name in dict.fromkeys(names)) or "nothing"
    if not hits:
        return ("HTTP 200 with no results: the index is silently empty",), saw
    problems = []
    if "" in names:
        problems.append("a result is from outside the corpus of this store")
    if "top" in expect and names[0] != expect["top"]:
        problems.append(f"first result is not {expect['top']}")
    if missing := [name for name in expect.get("within", ()) if name not in names]:
        problems.append(f"{', '.join(missing)} not among the results")
    if "only" in expect and (extra := [name for name in dict.fromkeys(names) if name and name not in expect["only"]]):
        problems.append(f"{', '.join(extra)} should have been filtered out")
    problems += _lacks(hits[0].text, expect.get("text", ()), "the first result")
    return tuple(problems), saw


def answer(given: Answer, expect: Mapping[str, Any]) -> Judgement:
    """Judge an answer; one that did not come from search results is always a problem, also when it is right."""
    cited = ", ".join(name or "a foreign document" for name in given.cited) or "nothing"
    saw = f"'{brief(given.text)}' citing {cited}"
    problems = []
    if given.found is None:
        problems.append("the model never searched")
    elif not given.found:
        problems.append("the search inside /v1/responses found nothing: the index is silently empty")
    if not given.text.strip():
        problems.append("the answer is empty")
    problems += _lacks(given.text, expect.get("text", ()), "the answer")
    if "cites" in expect and expect["cites"] not in given.cited:
        problems.append(f"no citation of {expect['cites']}")
    if expect.get("refuses") and not _REFUSAL.search(given.text):
        problems.append("it answers a question that the corpus cannot answer")
    if expect.get("withoutMarkers") and _MARKER.search(given.text):
        problems.append("a raw citation marker is left in the text")
    return tuple(problems), saw


def response(body: Mapping[str, Any], expect: Mapping[str, Any]) -> Judgement:
    """Judge the shape of a /v1/responses body."""
    text = "".join(str(part.get("text", "")) for part in message_parts(body))
    problems = []
    if body.get("object") != "response":
        problems.append(f"object is {body.get('object')!r} instead of 'response'")
    if body.get("status") != expect["status"] and not _ended_by_length(body):
        problems.append(f"status is {body.get('status')!r} instead of '{expect['status']}'")
    if not text:
        problems.append("no message with a text in output")
    if expect.get("usage"):
        problems += _usage(body.get("usage"), "input_tokens", "output_tokens")
    return tuple(problems), f"status {body.get('status')}, {len(text)} characters"


def _ended_by_length(body: Mapping[str, Any]) -> bool:
    """A model may talk until its token limit: the answer has no end then, the service is sound (both servers' word)."""
    details = body.get("incomplete_details") or {}
    return body.get("status") == "incomplete" and details.get("reason") in ("length", "max_output_tokens")


def responses_stream(events: Sequence[Mapping[str, Any]], expect: Mapping[str, Any]) -> Judgement:
    """Judge the event stream of /v1/responses."""
    last = events[-1].get("response") or {}
    types = [str(event.get("type")) for event in events]
    if types[-1] == "response.incomplete" and _ended_by_length(last):
        types[-1] = "response.completed"
    deltas = [str(event.get("delta", "")) for event in events if event.get("type") == "response.output_text.delta"]
    problems = _order(types, expect.get("order", ()))
    numbers = [event["sequence_number"] for event in events if isinstance(event.get("sequence_number"), int)]
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        problems.append("sequence numbers do not rise")
    if types[-1] != "response.completed":
        problems.append(f"it ends with {types[-1]}: the stream is cut or failed")
    elif expect.get("sameText"):
        whole = "".join(str(part.get("text", "")) for part in message_parts(last))
        if not whole or "".join(deltas) != whole:
            problems.append("the deltas put together are not the final text")
    if expect.get("usage") and types[-1] == "response.completed":
        problems += _usage(last.get("usage"), "input_tokens", "output_tokens")
    return tuple(problems), f"{len(events)} events, {len(deltas)} deltas, the last is {types[-1]}"


def chat_stream(events: Sequence[Mapping[str, Any]], expect: Mapping[str, Any]) -> Judgement:
    """Judge the chunks of /v1/chat/completions with stream and include_usage."""
    choices = [choice for event in events for choice in event.get("choices") or ()]
    text = "".join(str((choice.get("delta") or {}).get("content") or "") for choice in choices)
    ends = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    problems = []
    if kinds := {str(event.get("object")) for event in events} - {"chat.completion.chunk"}:
        problems.append(f"events of kind {', '.join(sorted(kinds))}")
    if not text:
        problems.append("no text in any chunk")
    if len(ends) != 1:
        problems.append(f"{len(ends)} finish reasons instead of one: the stream is cut or malformed")
    elif ends[0] not in expect.get("finish", (ends[0],)):
        problems.append(f"finish reason {ends[0]}")
    if expect.get("usage"):
        problems += _usage(events[-1].get("usage"), "prompt_tokens", "completion_tokens")
    return tuple(problems), f"{len(events)} chunks, {len(text)} characters, finish {', '.join(ends) or 'none'}"


def status(reply: Reply, expect: Mapping[str, Any]) -> Judgement:
    """Judge a status code and what the body says."""
    problems = []
    if reply.status not in expect["status"]:
        wanted = " or ".join(str(code) for code in expect["status"])
        problems.append(f"HTTP {reply.status} instead of {wanted}")
    problems += _lacks(reply.text, expect.get("says", ()), "the body")
    return tuple(problems), f"HTTP {reply.status}: {brief(reply.text, 80)}"


def recovery(refused: Reply, health: Reply, seconds: float, expect: Mapping[str, Any]) -> Judgement:
    """Judge whether the service was at once there again after a request that it refused."""
    problems = []
    if not 400 <= refused.status < 500:
        problems.append(f"the bad request got HTTP {refused.status}, so nothing was refused")
    if health.status != 200:
        problems.append(f"/v1/health got HTTP {health.status}")
    if seconds > expect["healthWithin"]:
        problems.append("one bad request holds up everybody (rich tracebacks: set the server's log format to json)")
    return tuple(problems), f"HTTP {refused.status}, then /v1/health after {seconds:.2f} s"


def models(listed: Iterable[str], wanted: Iterable[str]) -> Judgement:
    """Judge /v1/models against the names in the contract."""
    present = tuple(listed)
    problems = tuple(f"{name} is not listed" for name in wanted if name not in present)
    return problems, ", ".join(present) or "no model"


def dimension(seen: Mapping[str, int | None]) -> Judgement:
    """Judge whether every place names the same dimension (floats a vector)."""
    saw = ", ".join(f"{place} {count if count is not None else 'silent'}" for place, count in seen.items())
    problems = [f"{place} does not say its dimension" for place, count in seen.items() if count is None]
    if len({count for count in seen.values() if count is not None}) > 1:
        problems.append("the dimensions differ: vectors cannot be stored or compared")
    return tuple(problems), saw


def _lacks(text: str, wanted: Iterable[str], where: str) -> list[str]:
    return [f"{where} does not contain '{words}'" for words in wanted if words.casefold() not in text.casefold()]


def _usage(usage: Any, *keys: str) -> list[str]:
    given = usage if isinstance(usage, Mapping) else {}
    good = all(isinstance(given.get(key), int) and given[key] > 0 for key in keys)
    return [] if good else [f"usage without {' and '.join(keys)} above zero"]


def _order(types: Sequence[str], wanted: Iterable[str]) -> list[str]:
    """Return the first wanted event that does not come after the one before it."""
    position = 0
    for name in wanted:
        try:
            position = types.index(name, position) + 1
        except ValueError:
            return [f"no {name} where it belongs"]
    return []
