"""`leanrag slo`: how often a gate errs and what it costs, before a request is sent."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from leanrag.cli.openslo import openslo_verbs
from leanrag.cli.options import format_option, path_type
from leanrag.cli.recording import recording_verb
from leanrag.core.errors import InputError
from leanrag.core.result import JSON
from leanrag.load.commands import read_slo
from leanrag.slo.lines import Boundaries
from leanrag.slo.objectives import Slo, Zone
from leanrag.slo.oc import Point, characteristic, lognormal_share, notable
from leanrag.slo.plan import Planned, plan
from leanrag.slo.sequential import FIRST, boundaries

first_option = click.option("--first", default=FIRST, show_default=True, help="Requests before the first look.")
every_option = click.option("--every", default=1, show_default=True, help="Requests from look to look.")


@click.group("slo", no_args_is_help=True)
def slo_group() -> None:
    """Objectives: what their test does, what it costs, and the OpenSLO format."""


@slo_group.command("oc")
@click.option("--slo", "slo_file", type=path_type, help="A file with an slo: block: the tests that its gate uses.")
@click.option("--percentile", default=95.0, show_default=True, help="Without a file: the percentile promised.")
@click.option("--good", type=float, help="Share of slow requests at which a service should pass.")
@click.option("--bad", type=float, help="Share of slow requests at which it should not.")
@click.option("--between", type=(float, float), help="The zone as latency over limit, such as 0.9 1.1.")
@click.option("--sigma", default=0.5, show_default=True, help="For --between: of the logarithm of latency.")
@click.option("--confidence", default=0.95, show_default=True, help="1 less each of both errors.")
@click.option("--cap", type=int, help="Most requests; by default as many as the fixed test with these errors.")
@first_option
@every_option
@format_option
def oc_verb(
    slo_file: Path | None,
    percentile: float,
    good: float | None,
    bad: float | None,
    between: tuple[float, float] | None,
    sigma: float,
    confidence: float,
    cap: int | None,
    first: int,
    every: int,
    fmt: str,
) -> int:
    """Print how often a test passes, blocks and stays undecided, by the true share of slow requests.

    Exact for independent requests; where they hang together the gate decides later or not at all. Exit 0 = printed,
    2 = no such test.
    """
    allowed = (100.0 - percentile) / 100.0
    if slo_file:
        tests = [
            (one.objective.name, one.boundaries, one.objective.zone) for one in plan(read_slo(slo_file), first, every)
        ]
    else:
        zone = _zone(allowed, good, bad, between, sigma)
        error = round(1.0 - confidence, 12)
        tests = [(f"p{percentile:g}", boundaries(allowed, zone, error, error, cap, first, every), zone)]
    curves = [(name, test, characteristic(test, notable(test.allowed, zone))) for name, test, zone in tests]
    if fmt == "json":
        click.echo(json.dumps({"tests": [_document(*curve) for curve in curves]}, indent=2))
    else:
        click.echo("\n\n".join(_text(*curve) for curve in curves))
    return 0


def _zone(
    allowed: float, good: float | None, bad: float | None, between: tuple[float, float] | None, sigma: float
) -> Zone:
    if not 0.0 < allowed < 1.0:
        raise InputError("the percentile is not between 0 and 100", hint="say --percentile 95")
    if between and min(*between, sigma) > 0.0:
        return Zone(*(lognormal_share(allowed, ratio, sigma) for ratio in between))
    if good is None or bad is None:
        raise InputError("no zone named", hint="say --good 0.03 --bad 0.07, or --between 0.9 1.1, or --slo FILE")
    return Zone(good, bad)


def _document(name: str, test: Boundaries, points: tuple[Point, ...]) -> dict[str, JSON]:
    shown: list[JSON] = [
        {"share": point.share, "test": asdict(point.test), "naive": point.naive, "exact": asdict(point.exact)}
        for point in points
    ]
    return {
        "name": name,
        "allowed": test.allowed,
        "zone": {"good": test.zone.good, "bad": test.zone.bad},
        "falsePass": test.alpha,
        "falseBlock": test.beta,
        "cap": test.cap,
        "points": shown,
    }


def _text(name: str, test: Boundaries, points: tuple[Point, ...]) -> str:
    zone = test.zone
    lines = [
        f"{name}: {test.allowed:.3g} of requests may be slow; zone {zone.good:.3g} to {zone.bad:.3g}; "
        f"at most {test.cap} requests; false pass at most {test.alpha:.3g}, false block at most {test.beta:.3g}",
        f"{'':8} {'this test':^40}   {f'sample at most {test.allowed:.3g}':^20}   {'one look':^24}",
        f"{'share':>8} {'pass':>8} {'block':>8} {'undecided':>10} {'requests':>10}   {'pass':^20}   "
        f"{'pass':>7} {'block':>7} {'undecided':>10}",
    ]
    for point in points:
        did, once = point.test, point.exact
        lines.append(
            f"{point.share:8.4f} {did.passed:8.4f} {did.failed:8.4f} {did.undecided:10.4f} {did.mean_n:10.1f}   "
            f"{point.naive:^20.4f}   {once.passed:7.4f} {once.failed:7.4f} {once.undecided:10.4f}"
        )
    return "\n".join(lines)


@slo_group.command("plan")
@click.argument("slo_file", metavar="FILE", type=path_type)
@first_option
@every_option
@format_option
def plan_verb(slo_file: Path, first: int, every: int, fmt: str) -> int:
    """Print the test of each objective in FILE: what decides, after how many requests and minutes.

    Exit 0 = every objective can pass, 1 = one never can, 2 = no answer.
    """
    slo = read_slo(slo_file)
    tests = plan(slo, first, every)
    documents: list[JSON] = [_planned(one, slo) for one in tests]
    if fmt == "json":
        click.echo(json.dumps({"decision": slo.decision, "objectives": documents}, indent=2))
    else:
        click.echo("\n".join(_sentence(one, slo) for one in tests) or "no objective is about single requests")
    return 0 if tests and all(one.earliest for one in tests) else 1


def _planned(one: Planned, slo: Slo) -> dict[str, JSON]:
    ends: JSON = None
    if one.ends:
        ends = {name: asdict(end) for name, end in zip(("good", "bad"), one.ends, strict=True)}
    test = one.boundaries
    return {
        "name": one.objective.name,
        "test": one.kind,
        "falsePass": test.alpha,
        "falseBlock": test.beta,
        "earliestPass": one.earliest,
        "cap": test.cap,
        "capSeconds": test.cap / slo.traffic.rate if slo.traffic.rate else None,
        "zone": ends,
    }


def _sentence(one: Planned, slo: Slo) -> str:
    def lasting(n: float) -> str:
        return f" ({n / slo.traffic.rate / 60:.1f} min)" if slo.traffic.rate else ""

    test, objective = one.boundaries, one.objective
    told = f"{objective.name}: {objective.sentence}; {one.kind} test, at most {test.cap:,} requests{lasting(test.cap)}"
    told += f", a PASS after {one.earliest:,} at the earliest" if one.earliest else "; it can never pass"
    if one.kind == "sequential" and one.ends:
        good, bad = one.ends
        told += (
            f"; on average {good.mean_n:.0f}{lasting(good.mean_n)} where {test.zone.good:.3g} are slow and "
            f"{bad.mean_n:.0f}{lasting(bad.mean_n)} where {test.zone.bad:.3g} are"
        )
    return f"{told}; wrong in at most {test.alpha:.3g} of passes, {test.beta:.3g} of blocks"


for _verb in (*openslo_verbs, recording_verb):
    slo_group.add_command(_verb)
