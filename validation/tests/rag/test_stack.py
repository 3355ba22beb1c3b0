"""The smoke step against the real Llama Stack 0.7.3 and OGX 1.5.0, whole and broken."""

import dataclasses
import json
import time
from collections.abc import Callable

import pytest
import requests

from leanrag.core.outcome import Outcome
from leanrag.core.result import Item
from leanrag.rag.case import Case, Suite
from leanrag.rag.client import Client
from leanrag.rag.discover import discover
from leanrag.rag.runner import run_smoke
from leanrag.rag.session import Session
from leanrag.rag.standin.server import Behaviour

from .conftest import target_of
from .proxy import FaultProxy
from .stack import KEY, Stack

pytestmark = pytest.mark.stack

BY_OGX = "OGX 1.5.0 does not recognise its own citation markers"


def case(suite: Suite, name: str) -> Case:
    return next(one for one in suite.cases if one.name == name)


def test_a_working_service_passes_every_case_and_keeps_nothing(stack: Stack, built_in: Suite) -> None:
    result = run_smoke(target_of(stack), (built_in,))
    assert [item for item in result.items if item.outcome not in (Outcome.PASS, Outcome.NOT_RUN)] == []
    assert result.outcome is Outcome.PASS, result.reason
    skipped = [{"what": "answer-clean", "why": BY_OGX}] if stack.api == "ogx" else []
    assert result.facts["skipped"] == skipped
    assert result.facts["passed"] == 2 + len(built_in.cases) - len(skipped)
    assert result.facts["leftBehind"] == []
    mine = {"authorization": f"Bearer {KEY}"}
    names = [
        one["name"] for one in requests.get(f"{stack.url}/v1/vector_stores", headers=mine, timeout=10).json()["data"]
    ]
    assert len([name for name in names if name.startswith("leanrag-smoke-")]) <= 1  # at most the fixture's own
    assert json.dumps(dataclasses.asdict(result), default=dict).count(KEY) == 0


# fault, the case that meets it, words of its reason
FAULTS = [
    ("empty-search", "vector-gpu", "silently empty"),
    ("empty-search", "filter-team", "silently empty"),
    ("wrong-document-first", "vector-gpu", "first result is not gpu.md"),
    ("foreign-document", "hybrid-vpn", "outside the corpus"),
    ("filter-ignored", "filter-team", "should have been filtered out"),
    ("no-citation", "answer-gpu", "no citation of gpu.md"),
    ("never-searched", "answer-gpu", "never searched"),
    ("search-inside-found-nothing", "refuse-off-topic", "silently empty"),
    ("wrong-dimension", "dimension-agrees", "embeddings 128"),
    ("wrong-model", "models-listed", "is not listed"),
    ("error-inside-200", "vector-vpn", "collection not loaded"),
    ("not-an-object", "vector-vpn", "not an object"),
    ("crash", "keyword-quota", "HTTP 500"),
    ("reset", "keyword-quota", "connection was cut"),
    ("html", "keyword-quota", "not JSON"),
    ("redirect", "keyword-quota", "not followed"),
    ("huge", "keyword-quota", "more than 8388608 bytes"),
    ("cut-stream", "stream-responses", "cut or failed"),
    ("cut-stream", "stream-chat", "0 finish reasons"),
    ("open-door", "status-401-no-key", "HTTP 200 instead of 401"),
    ("open-door", "status-401-wrong-key", "HTTP 200 instead of 401"),
]


@pytest.mark.parametrize(("fault", "name", "words"), FAULTS, ids=[f"{fault}-{name}" for fault, name, _ in FAULTS])
def test_a_broken_service_fails_with_the_reason(
    fault: str, name: str, words: str, broken: Callable[..., Session], built_in: Suite
) -> None:
    item = broken(fault).check(case(built_in, name))
    assert (item.outcome, words in item.reason) == (Outcome.FAIL, True), item.reason
    assert broken("").check(case(built_in, name)).outcome is Outcome.PASS


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_a_service_that_does_not_finish_fails_in_time(
    fault: str, broken: Callable[..., Session], built_in: Suite
) -> None:
    item = broken(fault, timeout=1.0).check(case(built_in, "vector-gpu"))
    assert item.outcome is Outcome.FAIL
    assert "no complete answer within 1 s" in item.reason


def asked(session: Session, suite: Suite, *names: str) -> list[Item]:
    return [session.check(case(suite, name)) for name in names]


def test_an_engine_that_makes_things_up_fails_every_refusal(broken: Callable[..., Session], built_in: Suite) -> None:
    items = asked(broken(behaviour=Behaviour.MAKES_UP), built_in, "refuse-off-topic", "refuse-near-miss")
    assert [item.outcome for item in items] == [Outcome.FAIL] * 2
    assert all("cannot answer" in item.reason for item in items)


def test_an_engine_that_cites_nothing_fails_on_llama_stack_and_is_covered_up_by_ogx(
    broken: Callable[..., Session], built_in: Suite, stack: Stack
) -> None:
    """OGX 1.5.0 credits the best search result by itself (utils.py, extract_citations_from_text)."""
    [item] = asked(broken(behaviour=Behaviour.UNCITED), built_in, "answer-gpu")
    assert item.outcome is (Outcome.PASS if stack.api == "ogx" else Outcome.FAIL), item.reason


def test_an_engine_that_dies_or_falls_silent_fails(broken: Callable[..., Session], built_in: Suite) -> None:
    [dead] = asked(broken(behaviour=Behaviour.CRASHES), built_in, "response-shape")
    assert dead.outcome is Outcome.FAIL, dead.reason
    mute, shape = asked(broken(behaviour=Behaviour.MUTE), built_in, "answer-gpu", "response-shape")
    assert (mute.outcome, shape.outcome) == (Outcome.FAIL, Outcome.FAIL), (mute.reason, shape.reason)


@pytest.mark.parametrize(
    ("fault", "words", "timeout"),
    [("failed-inside-200", "dimensions must be 384", 10.0), ("stuck-in-progress", "still in_progress", 1.5)],
)
def test_documents_that_cannot_be_stored_fail_the_step_and_leave_nothing(
    fault: str,
    words: str,
    timeout: float,
    stack: Stack,
    proxy: FaultProxy,
    built_in: Suite,
    broken: Callable[..., Session],
) -> None:
    broken(fault)
    few = Suite("few", built_in.documents[:1], (case(built_in, "vector-quota"),))
    result = run_smoke(target_of(stack, proxy.url), (few,), timeout=timeout)
    assert result.outcome is Outcome.FAIL
    assert words in result.reason
    assert [item.outcome for item in result.items] == [Outcome.PASS, Outcome.FAIL, Outcome.NOT_RUN]
    assert result.facts["leftBehind"] == []


def test_silence_and_sickness_at_the_start_are_told_apart(
    stack: Stack, proxy: FaultProxy, built_in: Suite, broken: Callable[..., Session]
) -> None:
    broken("hang-from-the-start")
    silent = run_smoke(target_of(stack, proxy.url), (built_in,), timeout=1.0)
    broken("unhealthy")
    sick = run_smoke(target_of(stack, proxy.url), (built_in,))
    assert (silent.outcome, sick.outcome) == (Outcome.INCONCLUSIVE, Outcome.FAIL), (silent.reason, sick.reason)


def test_the_deadline_of_the_step_ends_it_without_an_answer(stack: Stack, proxy: FaultProxy, built_in: Suite) -> None:
    chosen = Suite("late", (), (case(built_in, "models-listed"), case(built_in, "stream-chat")))
    client = Client.to(target_of(stack, proxy.url), timeout=10, until=time.monotonic())
    outcomes = {Session(client, chosen).check(one).outcome for one in chosen.cases}
    assert outcomes == {Outcome.INCONCLUSIVE}


def test_a_service_without_a_contract_is_asked_what_it_is(stack: Stack) -> None:
    found, declared = discover(stack.url, api_key=KEY), target_of(stack)
    assert (found.api, found.provider, found.dimension) == (declared.api, declared.provider, declared.dimension)
    assert (found.chat_model, found.embedding_model) == (declared.chat_model, declared.embedding_model)
    assert (found.search_modes, found.filters) == (("vector",), False)
