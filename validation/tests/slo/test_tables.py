"""The published figures that the gate was designed by come out of the code that decides."""

import importlib.util
import math
import sys
from pathlib import Path
from typing import Any

import pytest

from leanrag.slo.lines import operating
from leanrag.slo.objectives import Zone
from leanrag.slo.oc import lognormal_share, naive
from leanrag.slo.sequential import boundaries, fixed

FOLDER = Path(__file__).parents[2] / "benchmarks" / "gate"


def load(name: str) -> Any:
    """Import a module of the benchmark by its file: that folder is no package."""
    spec = importlib.util.spec_from_file_location(f"gate_bench_{name}", FOLDER / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


reference, rules, simulate = load("reference"), load("rules"), load("simulate")


def share(ratio: float, allowed: float = 0.05) -> float:
    return lognormal_share(allowed, ratio, 0.5)


def by_chance(chance: float, runs: int) -> float:
    """What a drawn figure of three decimals may be off: three and a half standard errors."""
    return 3.5 * math.sqrt(max(chance * (1 - chance), 1 / runs) / runs) + 5e-4


@pytest.mark.parametrize("n", reference.COUNTED)
def test_the_naive_rule_passes_as_often_as_published(n: int) -> None:
    found = [naive(0.05, n, one) for one in reference.SHARES]
    assert found == pytest.approx(reference.COUNTED[n], abs=0.0055)


@pytest.mark.parametrize("n", [50, 100])
def test_the_naive_rule_on_latencies_passes_as_often_as_published(n: int) -> None:
    runs = 2000
    for ratio, wanted in zip(reference.RATIOS, reference.MEASURED[n], strict=True):
        assert simulate.passes_by_percentile(n, ratio, runs, 1) == pytest.approx(wanted, abs=by_chance(wanted, runs))


@pytest.mark.parametrize("n", reference.EXACT)
def test_the_exact_test_does_what_was_published(n: int) -> None:
    for ratio, wanted in zip(reference.EXACT_RATIOS, reference.EXACT[n], strict=True):
        found = operating(fixed(0.05, 0.95, n), share(ratio))
        assert [found.passed, found.failed, found.undecided] == pytest.approx(wanted, abs=0.013)


@pytest.mark.parametrize(("near", "far"), [(0.9, 1.1), (0.8, 1.2)])
def test_walds_test_passes_as_often_as_published_and_takes_as_long(near: float, far: float) -> None:
    test = rules.sprt(0.05, Zone(share(near), share(far)), 0.05, 2000, 99)
    told = reference.OPEN[f"SPRT {near}T to {far}T"]
    for ratio, (passed, n) in zip(reference.EXACT_RATIOS, told, strict=True):
        found = operating(test, share(ratio))
        assert found.passed == pytest.approx(passed, abs=by_chance(passed, reference.OPEN_RUNS))
        assert found.mean_n == pytest.approx(n, rel=0.04)


@pytest.mark.parametrize(("percentile", "near", "far", "error"), [key for key in reference.CUT if key[0] == 95])
def test_cut_off_walds_test_errs_more_than_it_says_and_ours_does_not(
    percentile: int, near: float, far: float, error: float
) -> None:
    zone = Zone(share(near), share(far))
    (n, passes), *told = reference.CUT[percentile, near, far, error]
    plain, ours = rules.sprt(0.05, zone, error, n, passes), boundaries(0.05, zone, error, error)
    shares = (zone.good, (zone.good + zone.bad) / 2, zone.bad, 1.5 * zone.bad)
    for one, (passed, _) in zip(shares, told, strict=True):
        assert operating(plain, one).passed == pytest.approx(passed, abs=by_chance(passed, reference.CUT_RUNS))
    assert operating(plain, zone.bad).passed > error
    assert operating(ours, zone.bad).passed <= error
    assert operating(ours, zone.good).failed <= error


def test_no_test_at_all_takes_much_less_than_ours() -> None:
    zone = Zone(share(0.9), share(1.1))
    test = boundaries(0.05, zone, 0.05, 0.05)
    good, bad = operating(test, zone.good), operating(test, zone.bad)
    least = rules.least(zone, test.cap, 0.05, (good.undecided, bad.undecided))
    assert least <= (good.mean_n + bad.mean_n) / 2 <= 1.05 * least
