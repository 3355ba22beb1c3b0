"""`leanrag size`: an answer in a few lines, one document for programs, one sentence for bad input."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from leanrag.catalog.repository import Repository
from leanrag.cli.size import size_verb
from leanrag.core.errors import InputError
from leanrag.size.published import compare, sources, table
from leanrag.size.served import Arguments, Engine, served
from leanrag.size.tables import tables

ROOT = Path(__file__).resolve().parents[3]


def size(*arguments: str) -> Result:
    return CliRunner().invoke(size_verb, ["--root", str(ROOT), *arguments], standalone_mode=False)


def test_what_fits_is_said_in_a_few_lines_with_exit_0() -> None:
    answer = size("granite-3.1-8b", "--gpu", "NVIDIA-L4", "--engine", "0.18.0", "--max-num-seqs", "64")
    assert answer.return_value == 0
    assert answer.output.splitlines()[0] == "granite-3.1-8b fits on NVIDIA-L4"
    page = (ROOT / "docs" / "sizing.md").read_text()
    assert "holds" in answer.output and "KV cache" in answer.output and answer.output in page


def test_what_does_not_fit_names_the_ways_out_with_exit_1() -> None:
    answer = size("llama-3.3-70b", "--gpu", "NVIDIA-H100-80GB-HBM3", "--engine", "0.18.0")
    assert answer.return_value == 1
    assert answer.output.startswith("llama-3.3-70b does not fit on NVIDIA-H100-80GB-HBM3\n  needs ")
    assert "ways out: 2 GPUs (tensor parallel 2) or weights in INT4" in answer.output


def test_a_rate_and_a_price_say_replicas_and_cost() -> None:
    words = ("qwen3-8b", "--gpu", "NVIDIA-L40S", "--rate", "10", "--price", "2", "--format", "json")
    document = json.loads(size(*words).output)
    low, high = document["costPerMillionOutputTokens"]
    slow, fast = document["requestsPerSecond"]
    assert document["replicas"] >= 10 / slow and 0 < low < high
    # a GPU hour of 2, always busy, divided by its tokens: 256 for each request
    assert low == pytest.approx(2 / (fast * 256 * 3600) * 1e6)


def test_the_price_of_a_gpu_comes_from_cluster_yaml_and_a_shared_one_costs_its_part() -> None:
    facts = Repository(ROOT).cluster("dev").facts
    [(name, pool)] = facts.gpus.items()
    shared = pool.model_copy(update={"pricePerHour": 1.2, "timeSlices": 2})
    engine = Engine(Arguments({}), "vllm:1", "nvidia.com/gpu", 1)
    priced = served(engine, {}, facts.model_copy(update={"gpus": {name: shared}}), tables(ROOT), "")
    assert priced.price == 0.6
    assert served(engine, {}, facts.model_copy(update={"gpus": {name: pool}}), tables(ROOT), "").price is None


def test_a_gpu_of_unknown_speed_gets_its_capacity_and_no_invented_pace() -> None:
    words = ("qwen3-8b", "--gpu", "NVIDIA-A10G", "--max-model-len", "2048", "--format", "json")
    document = json.loads(size(*words).output)
    assert document["kvTokens"] > 0 and "speed" not in document


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), "no model named"),
        (("granite-3.1-8b",), "no GPU named"),
        (("granite-9", "--gpu", "NVIDIA-L4"), "no architecture 'granite-9'"),
        (("granite-3.1-8b", "--gpu", "L4"), "no GPU 'L4'"),
        (("overlays/dev/models/none.yaml",), "no cluster serves it"),
    ],
)
def test_bad_input_is_one_sentence_with_a_way_out(words: tuple[str, ...], problem: str) -> None:
    failed = size(*words).exception
    assert isinstance(failed, InputError) and problem in failed.message and failed.hint


@pytest.mark.helm
def test_an_overlay_is_sized_on_the_gpus_of_its_clusters() -> None:
    answer = size(str(ROOT / "overlays/prod/models/chat.yaml"), "--format", "json")
    document = json.loads(answer.output)
    assert (document["model"], document["gpu"]) == ("prod-model-chat", "NVIDIA-H100-80GB-HBM3")
    assert document["fits"] is True and answer.return_value == 0


def test_the_page_shows_what_the_command_prints() -> None:
    page = (ROOT / "docs" / "sizing.md").read_text()
    assert table(compare(tables(ROOT))) in page
    assert all(text in page for text in sources().values())
