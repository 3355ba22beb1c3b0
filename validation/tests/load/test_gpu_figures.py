"""DCGM's figures of a run: what is there is told, what is absent stays absent."""

import pytest

from leanrag.engine.exposition import series
from leanrag.engine.snapshot import Snapshot
from leanrag.load.gpu_figures import gpus

LABELS = {"gpu": "0", "UUID": "GPU-a", "modelName": "NVIDIA H100 80GB HBM3", "namespace": "models", "pod": "tiny-0"}


def says(moment, labels=LABELS, **fields):
    return Snapshot(moment, {series(f"DCGM_FI_{name}", **labels): value for name, value in fields.items()})


def during(**fields):
    """Three scrapes: a tuple is one reading a scrape, a number the same in all."""
    readings = {name: value if isinstance(value, tuple) else (value,) * 3 for name, value in fields.items()}
    return [says(1000.0 + at * 30, **{name: value[at] for name, value in readings.items()}) for at in range(3)]


def test_figures_of_a_run():
    (one,) = gpus(
        during(
            DEV_GPU_UTIL=(80, 90, 100),
            PROF_PIPE_TENSOR_ACTIVE=(0.2, 0.3, 0.4),
            PROF_DRAM_ACTIVE=0.5,
            DEV_FB_USED=(60000, 72000, 71000),
            DEV_POWER_USAGE=(500, 600, 700),
            DEV_TOTAL_ENERGY_CONSUMPTION=(1_000_000, 20_000_000, 37_000_000),
            DEV_POWER_VIOLATION=(5, 5, 9),
            DEV_THERMAL_VIOLATION=7,
            DEV_XID_ERRORS=0,
        ),
        1000.0,
        1060.0,
    )
    assert (one.uuid, one.product) == ("GPU-a", "NVIDIA H100 80GB HBM3")
    assert (one.busy, one.tensor_active, one.memory_active) == (pytest.approx(0.9), pytest.approx(0.3), 0.5)
    assert (one.memory_used_most, one.power, one.energy) == (72000, 600, 36000)
    assert (one.held_back, one.xid) == (("POWER",), 0)
    assert one.entry()["memoryUsedMostMiB"] == 72000


def test_fields_that_the_exporter_lacks_are_absent():
    (one,) = gpus(during(DEV_GPU_UTIL=50), 1000.0, 1060.0)
    assert (one.tensor_active, one.memory_used_most, one.power, one.energy, one.held_back, one.xid) == (
        None,
        None,
        None,
        None,
        (),
        None,
    )


def test_an_energy_counter_that_fell_is_not_believed():
    (one,) = gpus(during(DEV_GPU_UTIL=50, DEV_TOTAL_ENERGY_CONSUMPTION=(9, 1, 5)), 1000.0, 1060.0)
    assert one.energy is None


def test_scrapes_outside_the_run_do_not_count():
    (one,) = gpus([says(900.0, DEV_GPU_UTIL=1), *during(DEV_GPU_UTIL=50)], 1000.0, 1060.0)
    assert one.busy == 0.5


def test_only_the_gpus_of_the_pod_are_told():
    other = says(1000.0, {**LABELS, "UUID": "GPU-b", "pod": "somebody"}, DEV_GPU_UTIL=99)
    mine = during(DEV_GPU_UTIL=50)
    both = [Snapshot(each.moment, {**other.samples, **each.samples}) for each in mine]
    assert [one.uuid for one in gpus(both, 1000.0, 1060.0)] == ["GPU-a", "GPU-b"]
    assert [one.uuid for one in gpus(both, 1000.0, 1060.0, pod="tiny-0")] == ["GPU-a"]


def test_no_exporter_is_no_gpu():
    assert gpus((), 0.0, 1.0) == ()
