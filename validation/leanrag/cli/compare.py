"""The verb `leanrag compare`: is a candidate worse than a baseline? From reports, or by measuring both in turns."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from leanrag.cli.measure import guidellm_option, key_from, key_option, program_from
from leanrag.cli.options import path_type
from leanrag.compare.comparison import Asked, Comparison, compare
from leanrag.compare.contrast import Margins
from leanrag.compare.document import document
from leanrag.compare.endpoint import Endpoint
from leanrag.compare.facts import terms
from leanrag.compare.interleave import Plan, measure
from leanrag.compare.sides import Side, priced, read_side
from leanrag.core.errors import InputError
from leanrag.core.files import write_atomic
from leanrag.load.commands import read_slo
from leanrag.report import compare_page, compare_text
from leanrag.slo.objectives import Slo

_FORMATS = {"text": compare_text.text, "json": compare_text.render_json}
_share = click.FloatRange(0, 1, min_open=True, max_open=True)
_OPTIONS = (
    click.option("--same-code", type=path_type, help="Folder of further runs of the baseline: five tell its noise."),
    click.option("--slo", "slo_file", type=path_type, help="Compare what this slo: block promises, goodput included."),
    click.option("--varies", multiple=True, help="What is meant to differ: engine, arguments[.NAME], model or store."),
    click.option("--same", multiple=True, help="A fact that no file holds and you answer for: gpu, engine, scenario."),
    click.option("--margin", type=_share, default=0.1, show_default=True, help="So much worse is still not worse."),
    click.option(
        "--share-margin", type=_share, default=0.02, show_default=True, help="The same for shares, such as errors."
    ),
    click.option("--model", default="", help="Which model of a verdict; or the served name to ask for."),
    click.option("--warmup", type=click.IntRange(0), help="First requests of a run to leave out."),
    click.option(
        "--price", type=click.FloatRange(0, min_open=True), help="Of one GPU hour: what do a million tokens cost?"
    ),
    click.option("--html", "html_out", type=path_type, help="Write one self-contained page."),
    click.option("--json", "json_out", type=path_type, help="Write the comparison as a document."),
    click.option("--format", "fmt", type=click.Choice(list(_FORMATS)), default="text", show_default=True),
)
_MEASURING = (
    click.option("--out", default=Path("out/compare"), show_default=True, type=path_type, help="Folder for the runs."),
    click.option("--rounds", type=click.IntRange(1), default=2, show_default=True, help="A round is two runs of each."),
    click.option("--candidate-model", default="", help="The candidate's served name, where it is another."),
    click.option("--gpu", default="", help="What both sides run on, for the record."),
    click.option("--gpus", type=click.IntRange(1), help="GPUs of one side."),
    key_option,
    guidellm_option,
    click.option("--serving", default="", help="In a cluster: namespace of the engines; BASE and NEW are releases."),
    click.option("--rag", default="", help="In a cluster: namespace of the RAG API, which the gate loads, too."),
    click.option("--tokens", type=path_type, help="In a cluster: folder with the mounted Secrets, one folder each."),
    click.option("--kubeconfig", type=path_type, help="In a cluster, outside a pod: how to reach it."),
)


def _all(verb: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed((*_OPTIONS, *_MEASURING)):
        verb = option(verb)
    return verb


@click.command("compare")
@click.argument("base")
@click.argument("new")
@_all
def compare_verb(base: str, new: str, fmt: str, html_out: Path | None, json_out: Path | None, **given: Any) -> int:
    """Compare NEW, the candidate, with BASE.

    Both are load reports, kept rows, verdicts or folders of them; or both are addresses of OpenAI APIs, which are then
    measured in turns (A-B-B-A); with --serving both are releases in a cluster. Exit 0 = better, or not worse by more
    than the margin; 1 = worse; 2 = undecided or not comparable.
    """
    made = document(_compared(base, new, given))
    for path, text in ((html_out, compare_page.render), (json_out, compare_text.render_json)):
        if path is not None:
            write_atomic(path, text(made))
    click.echo(_FORMATS[fmt](made))
    return {"PASS": 0, "FAIL": 1}.get(str(made["outcome"]), 2)


def _compared(base: str, new: str, given: dict[str, Any]) -> Comparison:
    agreed = terms(given["varies"], given["same"])
    same_code = read_side(given["same_code"], given["model"]) if given["same_code"] else None
    left, right, slo = _sides(base, new, given)
    asked = Asked(agreed, Margins(given["margin"], given["share_margin"]), slo, given["warmup"])
    return compare(priced(left, given["price"]), priced(right, given["price"]), same_code, asked)


def _sides(base: str, new: str, given: dict[str, Any]) -> tuple[Side, Side, Slo | None]:
    if given["serving"]:
        return _of_cluster(base, new, given)
    if _is_address(base) != _is_address(new):
        raise InputError("one side is an address, the other a file", hint="measure both: leanrag compare URL URL")
    if _is_address(base):
        plan = _plan(base, new, given)
        return *_read(measure(plan)), plan.slo
    model, slo = given["model"], read_slo(given["slo_file"]) if given["slo_file"] else None
    return read_side(Path(base), model), read_side(Path(new), given["candidate_model"] or model), slo


def _read(folders: tuple[Path, Path]) -> tuple[Side, Side]:
    return read_side(folders[0]), read_side(folders[1])


def _of_cluster(base: str, new: str, given: dict[str, Any]) -> tuple[Side, Side, Slo | None]:
    # Imported here: the Kubernetes client takes a second to load, and only a run in a cluster needs it.
    from leanrag.cli.compare_cluster import alone, plan_in_cluster, reach

    program = given["guidellm"] or Path(shutil.which("guidellm") or "guidellm")
    plan, lease = plan_in_cluster(base, new, given, program, reach(given["kubeconfig"]))
    with alone(lease) as disturbed:
        folders = measure(plan, disturbed)
    return *_read(folders), plan.slo


def _plan(base: str, new: str, given: dict[str, Any]) -> Plan:
    missing = [name for name, key in (("--slo", "slo_file"), ("--model", "model")) if not given[key]]
    if missing:
        raise InputError(f"measuring needs {' and '.join(missing)}", hint="name the traffic and the served model")
    key, model = key_from(given["api_key_env"]), given["model"]
    return Plan(
        Endpoint("base", base.removesuffix("/v1"), model, key),
        Endpoint("candidate", new.removesuffix("/v1"), given["candidate_model"] or model, key),
        read_slo(given["slo_file"]),
        given["out"],
        program_from(given["guidellm"]),
        given["rounds"],
        given["gpu"],
        given["gpus"],
    )


def _is_address(text: str) -> bool:
    return text.startswith(("http://", "https://"))
