"""The contract: what it must hold, and what a target without a capability says."""

import json
from typing import Any

import pytest

from leanrag.core.errors import InputError
from leanrag.rag.target import CAPABILITIES, Target, parse_contract

CONTRACT: dict[str, Any] = {
    "api": "llamastack",
    "url": "http://rag-stack.lr-rag.svc.cluster.local:8321",
    "vectorStore": "faiss",
    "provider": "faiss",
    "models": {"chat": "vllm/granite", "embedding": "vllm-embed/minilm"},
    "dimension": 384,
    "searchModes": ["vector"],
    "filters": True,
    "chunk": {"sizeTokens": 512, "overlapTokens": 50},
    "asyncAttach": False,
    "auth": None,
}


def parse(**changes: Any) -> Target:
    return parse_contract(json.dumps({**CONTRACT, **changes}), "rag.json")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"dimension": 0}, "rag.json: dimension: "),
        ({"url": "rag-stack:8321"}, "rag.json: url: "),
        ({"searchModes": ["telepathy"]}, "rag.json: searchModes.0: "),
        ({"models": {"chat": "x"}}, "rag.json: models.embedding: field required"),
        ({"surprise": 1}, "rag.json: surprise: extra inputs are not permitted"),
        ({"dimension": "many", "filters": "perhaps"}, "filters: "),
    ],
)
def test_a_contract_that_cannot_be_used_is_refused_with_its_place(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(**changes)
    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_text_that_is_no_contract_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^rag\.json: "):
        parse_contract(text, "rag.json")


def test_a_capability_that_the_contract_lacks_has_a_reason() -> None:
    target = parse()
    missing = {one for one in CAPABILITIES if target.lacks(one)}
    assert missing == {"keyword", "hybrid", "answering", "auth"}
    assert target.lacks("keyword") == "the contract of faiss has no keyword search"
    assert "vllm/granite is not an answering model" in target.lacks("answering")


def test_ogx_is_not_asked_for_what_it_cannot_do() -> None:
    assert "markers" in parse(api="ogx").lacks("markers")
    assert parse(api="llamastack").lacks("markers") == ""


def test_a_key_is_not_printed() -> None:
    target = parse_contract(json.dumps(CONTRACT), "rag.json", api_key="sesame")
    assert "sesame" not in repr(target)


def test_an_address_may_be_overridden_and_may_end_in_v1() -> None:
    target = parse_contract(json.dumps(CONTRACT), "rag.json", url="http://localhost:8321/v1/")
    assert target.url == "http://localhost:8321"
