"""The step without a service behind the address."""

import pytest

from leanrag.core.outcome import Outcome
from leanrag.rag.case import Suite
from leanrag.rag.runner import run_smoke
from leanrag.rag.target import Target

from .stack import free_port


def target(url: str) -> Target:
    return Target(url, "llamastack", "milvus", "vllm/chat", "vllm-embed/minilm", 384)


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_nobody_at_the_address_is_no_answer_in_one_sentence(host: str, built_in: Suite) -> None:
    url = f"http://{host}:{free_port()}"
    result = run_smoke(target(url), (built_in,), timeout=5)
    assert result.outcome is Outcome.INCONCLUSIVE
    assert result.reason == f"{url}: nobody answers"


def test_no_time_at_all_is_no_answer(built_in: Suite) -> None:
    result = run_smoke(target(f"http://127.0.0.1:{free_port()}"), (built_in,), deadline=0)
    assert (result.outcome, result.reason) == (Outcome.INCONCLUSIVE, "the deadline of the step was reached")
