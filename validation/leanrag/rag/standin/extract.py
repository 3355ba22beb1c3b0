"""The extractive answer: pure functions from an OpenAI chat request to a reply.

Reads the context as Llama Stack 0.7.3 and OGX 1.5.0 write it (VectorStoresConfig.annotation_prompt_params):
`[1] document_id: …, score: … cite as <|ID|>` followed by the chunk, between BEGIN and END of file_search results.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

REFUSAL = "I do not know."
TOOLS = ("file_search", "knowledge_search")
# A sentence answers only when it shares more than half of the question's content words: "price of an H100 node"
# must not be answered with a sentence about the taint of H100 nodes.
ENOUGH = 0.5
_SOURCE = re.compile(r"^\[\d+\] [^\n]*cite as <\|([^|\n]+)\|>\n(.*?)(?=^\[\d+\] |^END of file_search|\Z)", re.M | re.S)
_STOP_WORDS = """
a an and are as at be by can do does for from get has have how i in is it its long many me much my of on or our receive
receives that the their there they this to was we what when where which who whom why will with you your
"""
_STOP = frozenset(_STOP_WORDS.split())


@dataclass(frozen=True, slots=True)
class Reply:
    """What the engine says: a text, or the name and arguments (JSON text) of one tool call."""

    text: str = ""
    tool: str = ""
    arguments: str = ""


def words(text: str) -> frozenset[str]:
    """Return the content words of a text, lower case, plurals folded ("nodes" is "node")."""
    found = re.findall(r"[^\W_]+", text.lower())
    return frozenset(w[:-1] if len(w) > 3 and w.endswith("s") else w for w in found if w not in _STOP)


def text_of(message: Mapping[str, Any]) -> str:
    """Return a message's text, whether it is a string or a list of parts."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "\n".join(str(part.get("text", "")) for part in content)


def sources(context: str) -> tuple[tuple[str, str], ...]:
    """Return (id to cite, chunk text) of every search result in a tool message, best first."""
    return tuple((found[1], found[2]) for found in _SOURCE.finditer(context))


def reply(messages: Iterable[Mapping[str, Any]], tools: Iterable[Mapping[str, Any]] | None, cite: bool = True) -> Reply:
    """Call file_search once when it is offered and nothing was found yet; then answer from the results, or refuse."""
    said = tuple(messages)
    question = next((text_of(m) for m in reversed(said) if m.get("role") == "user"), "")
    asked = tuple(text_of(m) for m in said if m.get("role") == "tool")
    tool = _search_tool(tools)
    if tool and not asked:
        return Reply(tool=tool, arguments=json.dumps({"query": question}))
    found = sources("\n".join(asked)) or tuple(("", text_of(m)) for m in said if m.get("role") == "system")
    return Reply(text=_answer(question, found, cite))


def _search_tool(tools: Iterable[Mapping[str, Any]] | None) -> str:
    offered = (str((tool.get("function") or {}).get("name", "")) for tool in tools or ())
    return next((name for name in offered if name in TOOLS), "")


def _answer(question: str, found: Iterable[tuple[str, str]], cite: bool) -> str:
    wanted = words(question)
    best, answer = ENOUGH, ""
    for identity, chunk in found:
        for sentence in re.split(r"(?<=[.!?])\s+|\n", chunk):
            share = len(wanted & words(sentence)) / len(wanted) if wanted else 0.0
            if share > best:
                best, answer = share, _cited(sentence.strip(), identity if cite else "")
    return answer or REFUSAL


def _cited(sentence: str, identity: str) -> str:
    """Put the marker before the full stop, as the servers' instruction asks ("at the end of sentences before …")."""
    if not identity:
        return sentence
    body, stop = (sentence[:-1], sentence[-1]) if sentence.endswith((".", "!", "?")) else (sentence, "")
    return f"{body} <|{identity}|>{stop}"
