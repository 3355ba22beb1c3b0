"""`leanrag compare`: exit codes, one document on stdout, and measuring in turns."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from leanrag.cli.compare import compare_verb
from leanrag.compare import endpoint, interleave
from leanrag.compare.endpoint import Endpoint, Said
from leanrag.compare.interleave import Plan, measure
from leanrag.compare.sides import read_side
from leanrag.core.errors import InputError, ToolError
from leanrag.core.outcome import Outcome
from leanrag.core.result import StepResult
from leanrag.engine import registry
from leanrag.load.commands import read_slo
from leanrag.load.rows import write_rows

from .sides import run

REPORTS = Path(__file__).parents[1] / "load" / "reports"
ABOUT = {"model": "tiny", "gpu": "NVIDIA-L4", "engine": "vllm 0.11.2", "tool": "guidellm 0.8.1", "scenario": "5f1d"}
SAID = Said("vllm 0.11.2", {"cache_dtype": "auto"}, 87296)
SLO = """
confidence: 0.95
objectives: {ttft: {percentile: 95, limit: 2, unit: s}}
traffic: {profile: concurrent, streams: 4, requests: 100, promptTokens: 64, outputTokens: 32, timeoutSeconds: 5,
          warmupRequests: 0, maxDurationSeconds: 60}
"""


def kept(folder: Path, seeds: range, factor: float = 1.0) -> Path:
    for seed in seeds:
        stage = next(iter(run(seed, 200, factor).stages.values()))
        write_rows(folder / f"run-{seed}" / "rows.jsonl.zst", stage, ABOUT)
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kept(tmp_path_factory.mktemp("base"), range(4))


def ask(*args: object) -> tuple[int, Result]:
    result = CliRunner().invoke(compare_verb, [str(arg) for arg in args], standalone_mode=False)
    return result.return_value, result


@pytest.mark.parametrize(("factor", "code", "answer"), [(1.0, 0, "indistinguishable"), (1.6, 1, "worse")])
def test_exit_codes_are_those_of_every_verb(base: Path, tmp_path: Path, factor: float, code: int, answer: str) -> None:
    new = kept(tmp_path, range(10, 14), factor)
    returned, result = ask(base, new, "--same", "arguments", "--margin", "0.25", "--format", "json")
    assert returned == code, result.output
    assert json.loads(result.stdout)["answer"] == answer


def test_what_may_not_be_compared_is_exit_2_and_still_drawn(base: Path, tmp_path: Path) -> None:
    new = kept(tmp_path / "new", range(10, 12))
    returned, result = ask(base, new, "--html", tmp_path / "page.html", "--json", tmp_path / "c.json")
    assert returned == 2
    assert "arguments: not known of either side" in result.output
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")
    assert json.loads((tmp_path / "c.json").read_text())["answer"] == "not comparable"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["http://a", "out/b"], "one side is an address"),
        (["http://a", "http://b"], "--slo and --model"),
        (["nowhere", "nowhere"], "no such report"),
        (["x", "y", "--varies", "gpu"], "must be the same"),
    ],
)
def test_bad_input_is_one_sentence_with_the_way_out(args: list[str], words: str) -> None:
    result = CliRunner().invoke(compare_verb, args, standalone_mode=False)
    assert isinstance(result.exception, InputError)
    assert words in result.exception.message
    assert result.exception.hint


class Machine:
    """Stands for GuideLLM and the engines: it keeps the order in which sides were measured."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.seeds: list[int] = []
        self.fails_at = 0
        self.said: dict[str, Said] = {}

    def run_load(self, url: str, model: str, traffic: Any, seed: int, out: Path, *args: Any, **more: Any) -> StepResult:
        self.order.append(url)
        self.seeds.append(seed)
        if len(self.order) == self.fails_at:
            return StepResult("load", Outcome.INCONCLUSIVE, "GuideLLM wrote no report", 1.0)
        out.mkdir(parents=True)
        report = shutil.copy(REPORTS / "concurrent-good.json.gz", out.resolve() / "guidellm.json.gz")
        return StepResult("load", Outcome.PASS, "", 1.0, facts={"report": str(report)})

    def ask(self, side: Endpoint) -> Said:
        return self.said.get(f"{side.url}{len(self.order)}", SAID)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(interleave, "run_load", made.run_load)
    monkeypatch.setattr(interleave, "ask", made.ask)
    return made


def plan(tmp_path: Path) -> Plan:
    (tmp_path / "slo.yaml").write_text(SLO)
    sides = (Endpoint("base", "http://a", "mock-llm", "key-a"), Endpoint("candidate", "http://b", "mock-llm"))
    return Plan(*sides, read_slo(tmp_path / "slo.yaml"), tmp_path / "out", tmp_path / "guidellm", 2, "NVIDIA-L4", 1)


def test_sides_are_measured_in_turns_never_with_the_same_prompts(machine: Machine, tmp_path: Path) -> None:
    folders = measure(plan(tmp_path))
    assert [url[-1] for url in machine.order] == list("abbaabba")
    assert len(set(machine.seeds)) == 8
    left, right = (read_side(folder) for folder in folders)
    assert len(left.runs) == len(right.runs) == 4
    assert left.facts.scenario == right.facts.scenario != ""
    assert (left.facts.engine, left.facts.gpu, left.told.kvTokens) == ("vllm 0.11.2", "NVIDIA-L4", 87296)
    assert "key-a" not in (folders[0] / "side.json").read_text()


def test_half_a_comparison_is_none(machine: Machine, tmp_path: Path) -> None:
    machine.fails_at = 3
    with pytest.raises(ToolError, match=r"run 3 of 8 \(candidate\): GuideLLM wrote no report"):
        measure(plan(tmp_path))
    assert not (tmp_path / "out" / "base" / "side.json").exists()


def test_a_comparison_that_was_disturbed_is_none(machine: Machine, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="after run 2 of 8: the gate took over"):
        measure(plan(tmp_path), lambda: "the gate took over" if len(machine.order) == 2 else "")


def test_an_engine_that_changes_meanwhile_is_no_side(machine: Machine, tmp_path: Path) -> None:
    machine.said["http://b8"] = Said("vllm 0.12.0", SAID.arguments, 87296)
    with pytest.raises(ToolError, match="the engine changed"):
        measure(plan(tmp_path))


def test_an_earlier_comparison_is_not_overwritten(machine: Machine, tmp_path: Path) -> None:
    measure(plan(tmp_path))
    with pytest.raises(InputError, match="earlier comparison"):
        measure(plan(tmp_path))


METRICS = """# TYPE vllm:cache_config_info gauge
vllm:cache_config_info{_block_size_resolved="True",block_size="16",cache_dtype="fp8",engine="0",\
kv_cache_size_tokens="87296",num_gpu_blocks="5456"} 1.0
"""


class Answer:
    def __init__(self, body: str) -> None:
        self.ok, self.text, self.content = True, body, body.encode()

    def json(self) -> Any:
        return json.loads(self.text)


def test_settings_are_told_apart_from_what_came_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = {"/version": '{"version": "0.11.2"}', "/metrics": METRICS}
    monkeypatch.setattr(endpoint, "_get", lambda side, path: Answer(bodies[path]))
    said = endpoint.ask(Endpoint("base", "http://a", "m"))
    assert said == Said("vllm 0.11.2", {"block_size": "16", "cache_dtype": "fp8"}, 87296)


@pytest.mark.parametrize("body", ["", "<html>", "[]", '{"version": 3}', "vllm:cache_config_info{"])
def test_an_engine_that_answers_nonsense_is_not_known(monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    monkeypatch.setattr(endpoint, "_get", lambda side, path: Answer(body))
    assert endpoint.ask(Endpoint("base", "http://a", "m")) == Said()


def test_silence_is_not_known() -> None:
    assert endpoint.ask(Endpoint("base", "http://127.0.0.1:9", "m")) == Said()


def test_the_metric_that_is_read_exists() -> None:
    assert registry.family(endpoint.CACHE_CONFIG) is not None
