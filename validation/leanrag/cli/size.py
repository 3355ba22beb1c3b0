"""The verb `leanrag size`: does a model fit a GPU, how much does it hold, how fast and at what price."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from leanrag.catalog.repository import Repository
from leanrag.cli.options import format_option, root_option
from leanrag.core.errors import InputError
from leanrag.core.result import JSON
from leanrag.size import words
from leanrag.size.judge import judge
from leanrag.size.memory import WEIGHT_BYTES, Setup
from leanrag.size.overlay import from_overlay
from leanrag.size.published import compare, sources, table
from leanrag.size.served import Served, batch_defaults
from leanrag.size.speed import Traffic, speed
from leanrag.size.tables import Tables, bare, tables

_KV = {"auto": 2.0, "fp8": 1.0}
_MAX_MODEL_LEN = 8192
_SETUP = {
    "tensor_parallel": "tensor_parallel",
    "quantization": "quantization",
    "max_model_len": "max_model_len",
    "utilization": "utilization",
    "max_num_seqs": "max_num_seqs",
    "max_num_batched_tokens": "max_num_batched_tokens",
    "engine": "version",
    "overhead": "overhead_gib",
}
_positive = click.IntRange(1)


@click.command("size")
@root_option
@click.argument("model", required=False)
@click.option("--gpu", help="Node label nvidia.com/gpu.product, such as NVIDIA-L40S.")
@click.option("--tensor-parallel", type=click.IntRange(1, 64), help="GPUs of one replica.")
@click.option("--quantization", type=click.Choice(list(WEIGHT_BYTES)), help="Type of the weights; none: 16 bit.")
@click.option("--kv-cache-dtype", "kv", type=click.Choice(list(_KV)), help="fp8 holds twice the tokens of 16 bit.")
@click.option("--max-model-len", type=_positive, help=f"Longest request in tokens; default {_MAX_MODEL_LEN}.")
@click.option(
    "--gpu-memory-utilization", "utilization", type=click.FloatRange(0, 1, min_open=True), help="Default 0.9."
)
@click.option("--max-num-seqs", type=_positive, help="Requests in one batch; default: vLLM's own for that GPU.")
@click.option("--max-num-batched-tokens", type=_positive, help="Tokens in one batch; default as above.")
@click.option("--engine", help="Version of vLLM; without it the hungriest is assumed.")
@click.option("--overhead-gib", "overhead", type=click.FloatRange(0), help="Activations and engine, not computed.")
@click.option("--rate", type=click.FloatRange(0), default=0.0, help="Requests a second to serve: how many replicas?")
@click.option("--prompt-tokens", type=_positive, default=1024, show_default=True)
@click.option("--output-tokens", type=_positive, default=256, show_default=True)
@click.option("--price", type=click.FloatRange(0), help="Of one GPU hour; default: as cluster.yaml says.")
@click.option("--published", is_flag=True, help="Print our formula against every published capacity, and end.")
@format_option
def size_verb(root: Path, model: str | None, published: bool, fmt: str, **asked: Any) -> int:
    """Say whether MODEL fits a GPU: a model's name, or an overlay file (then with its clusters' GPUs).

    Names are those of `architectures` in charts/common/values.yaml, or begin with one. Exit 0 = it fits, 1 = it does
    not, 2 = no answer.
    """
    known = tables(Repository(root).root)
    if published:
        click.echo(_published(known, fmt))
        return 0
    answers = [_answer(name, one, known, asked) for name, one in _cases(root, model, known, asked)]
    documents: list[JSON] = [words.document(each) for each in answers]
    shown = documents[0] if len(documents) == 1 else documents
    click.echo(json.dumps(shown, indent=2) if fmt == "json" else "\n".join(words.text(each) for each in answers))
    outcomes = {each.fits for each in answers}
    return 1 if False in outcomes else 2 if None in outcomes else 0


def _published(known: Tables, fmt: str) -> str:
    runs = compare(known)
    if fmt == "text":
        cited = "\n".join(f"{name}: {text}" for name, text in sources().items())
        return f"{table(runs)}\n{cited}"
    rows: list[JSON] = [
        {"model": run.model, "gpu": run.gpu, "measured": run.measured, "computed": run.computed, "error": run.error}
        for run in runs
    ]
    return json.dumps(rows, indent=2)


def _cases(root: Path, model: str | None, known: Tables, asked: dict[str, Any]) -> list[tuple[str, Served]]:
    if not model:
        raise InputError("no model named", hint="leanrag size granite-3.1-8b --gpu NVIDIA-L4, or an overlay file")
    given = {_SETUP[key]: value for key, value in asked.items() if key in _SETUP and value is not None}
    given |= {"kv_bytes": _KV[asked["kv"]]} if asked["kv"] else {}
    if Path(model).suffix in {".yaml", ".yml"}:
        cases = from_overlay(Repository(root), Path(model), known)
        return [(name, replace(one, setup=replace(one.setup, **given))) for name, one in cases]
    return [(model, _alone(model, str(asked["gpu"] or ""), given, known))]


def _alone(model: str, product: str, given: dict[str, Any], known: Tables) -> Served:
    """A model and a GPU without a cluster around them."""
    if not product:
        raise InputError(f"{model}: no GPU named", hint="say --gpu PRODUCT; known are: " + ", ".join(known.gpus))
    shape = known.architecture(model)
    memory = known.gpu(product).memoryGiB
    seqs, batch = batch_defaults(memory, "A100" in product)
    setup = Setup(_MAX_MODEL_LEN, max_num_seqs=seqs, max_num_batched_tokens=batch)
    setup = replace(setup, **given)
    return Served(shape, 0, setup, product, memory, setup.gpus, 8, 1)


def _answer(name: str, one: Served, known: Tables, asked: dict[str, Any]) -> words.Answer:
    traffic = Traffic(asked["prompt_tokens"], asked["output_tokens"], asked["rate"])
    judgement = judge(one)
    gpu = known.gpus.get(bare(one.product))
    fitted = judgement.fitted
    pace = speed(one.shape, one.setup, gpu, fitted, traffic) if one.shape and gpu and fitted else None
    price = one.price if asked["price"] is None else asked["price"]
    return words.Answer(name, one, judgement, traffic, pace, price)
