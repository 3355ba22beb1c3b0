"""The `slo:` block: every mistake is found at once, with its key and the way out."""

import copy
from typing import Any

import pytest

from leanrag.core.errors import InputError
from leanrag.slo.objectives import Zone
from leanrag.slo.spec import parse

GOOD: dict[str, Any] = {
    "confidence": 0.95,
    "objectives": {
        "ttft": {"percentile": 95, "limit": 500, "unit": "ms"},
        "itl": {"percentile": 95, "limit": 50, "unit": "ms"},
        "e2e": {"percentile": 95, "limit": 10, "unit": "s"},
        "errorRate": {"limit": 0.01, "unit": "share"},
        "availability": {"limit": 0.99, "unit": "share"},
    },
    "traffic": {
        "profile": "constant",
        "rate": 4,
        "requests": 320,
        "promptTokens": 256,
        "outputTokens": 64,
        "timeoutSeconds": 30,
        "warmupRequests": 16,
        "maxDurationSeconds": 120,
    },
}


def with_(path: str, value: Any) -> dict[str, Any]:
    block = copy.deepcopy(GOOD)
    *parents, last = path.split(".")
    here = block
    for parent in parents:
        here = here[parent]
    here[last] = value
    return block


def refusal(block: Any) -> str:
    with pytest.raises(InputError) as error:
        parse(block, "m.yaml: slo")
    assert error.value.hint
    return error.value.message


def test_the_default_block_is_read_as_written() -> None:
    slo = parse(GOOD, "slo")
    assert [one.metric for one in slo.objectives] == ["ttft", "itl", "e2e", "errorRate", "availability"]
    assert [one.allowed for one in slo.objectives] == [0.05, 0.05, 0.05, 0.01, 0.01]
    assert [one.limit_seconds for one in slo.objectives[:3]] == pytest.approx([0.5, 0.05, 10])
    assert (slo.traffic.rate, slo.traffic.streams, slo.traffic.sent) == (4, None, 336)


def test_an_overlay_for_streams_wins_over_the_merged_default_rate() -> None:
    slo = parse(with_("traffic", GOOD["traffic"] | {"profile": "concurrent", "streams": 8}), "slo")
    assert (slo.traffic.profile, slo.traffic.streams, slo.traffic.rate) == ("concurrent", 8, None)


def test_an_objective_set_to_null_is_not_promised() -> None:
    assert parse(with_("objectives.itl", None), "slo").find("itl") is None


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("objectives.ttf", {}, "m.yaml: slo.objectives.ttf: no such key; did you mean ttft?"),
        ("objectives.ttft.limits", 3, "objectives.ttft.limits: no such key; did you mean limit?"),
        ("traffic.stream", 3, "did you mean streams?"),
        ("objectives.ttft.limit", "500", "objectives.ttft.limit: input should be a valid number, not '500'"),
        ("objectives.ttft.limit", 0, "greater than 0"),
        ("objectives.ttft.limit", -5, "greater than 0"),
        ("objectives.ttft.limit", float("nan"), "finite number"),
        ("objectives.ttft.limit", float("inf"), "finite number"),
        ("objectives.ttft.limit", True, "valid number"),
        ("objectives.ttft.unit", "us", "'ms' or 's'"),
        ("objectives.ttft.percentile", 100, "less than 100"),
        ("objectives.ttft.percentile", 0.95, "greater than or equal to 50"),
        ("objectives.errorRate.limit", 0, "greater than 0"),
        ("objectives.availability.limit", 1, "less than 1"),
        ("traffic.requests", 0, "greater than 0"),
        ("traffic.requests", 320.5, "valid integer"),
        ("traffic.profile", "sweep", "'constant' or 'concurrent'"),
        (
            "objectives.ttft.zone",
            {"good": 0.03, "bat": 0.07},
            "objectives.ttft.zone.bat: no such key; did you mean bad?",
        ),
        (
            "objectives.ttft.zone",
            {"good": 0.0, "bad": 0.07},
            "ttft.zone.good: input should be greater than 0",
        ),
        ("objectives.goodput", {"limit": 1}, "less than 1"),
        ("objectives.throughput", {"limit": 100, "unit": "ms"}, "'tokens/s' or 'requests/s'"),
        ("objectives.throughput", {"limit": 100, "unit": "tokens/s", "percentile": 95}, "percentile: no such key"),
        ("traffic.shape", {"arrival": "poisson"}, "traffic.shape.arrival: no such key; did you mean arrivals?"),
        ("decision", "bayes", "'exact' or 'sequential'"),
        ("extension", 1.5, "less than or equal to 1"),
        ("extension", float("nan"), "finite number"),
        ("shareAlpha", "sidak", "'none', 'holm' or 'bonferroni'"),
        ("confidence", 95, "less than 1"),
    ],
)
def test_a_wrong_key_or_value_is_named(path: str, value: Any, words: str) -> None:
    assert words in refusal(with_(path, value))


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("traffic.requests", 120, "objectives.errorRate: 0.01 at 95 % needs >= 299 requests; traffic sends 120"),
        (
            "objectives.ttft.percentile",
            99.9,
            "objectives.ttft: p99.9 at 95 % needs >= 2995 requests; traffic sends 320",
        ),
        ("objectives.e2e.limit", 60, "60 s is above traffic.timeoutSeconds 30"),
        ("traffic.outputTokens", 1, "one output token has no gap"),
        ("traffic.rate", 1, "336 requests at 1/s take 336 s, the run ends after 120 s"),
        ("traffic.rate", 400, "400/s is more than one client measures honestly"),
        ("traffic.rate", None, "traffic.rate: is missing; profile constant needs it"),
        ("traffic.profile", "concurrent", "traffic.streams: is missing; profile concurrent needs it"),
        ("objectives.errorRate.limit", 0.2, "0.2 is more than 0.1"),
        ("objectives.ttft.zone", {"good": 0.05, "bad": 0.07}, "objectives.ttft.zone: 0.05 to 0.07 does not hold 0.05"),
        ("objectives.ttft.zone", {"good": 0.07, "bad": 0.03}, "objectives.ttft.zone: 0.07 to 0.03 does not hold 0.05"),
        ("objectives.throughput", {"limit": 256, "unit": "tokens/s"}, "256 tokens/s, and the traffic asks for 256;"),
        ("objectives.throughput", {"limit": 5, "unit": "requests/s"}, "5 requests/s, and the traffic asks for 4;"),
        ("objectives.queue", {"percentile": 95, "limit": 31, "unit": "s"}, "31 s is above traffic.timeoutSeconds 30"),
        ("objectives.goodput", {"limit": 0.99999}, "objectives.goodput: 0.99999 at 95 % needs >= 299572 requests"),
        ("traffic.shape", {"arrivals": "burst"}, "traffic.shape.burst: is missing"),
        ("decision", "sequential", "decision: sequential needs a zone"),
    ],
)
def test_a_promise_that_the_traffic_cannot_prove_is_refused(path: str, value: Any, words: str) -> None:
    assert words in refusal(with_(path, value))


def test_every_objective_is_read_with_its_unit_percentile_and_zone() -> None:
    block = with_("decision", "sequential") | {"extension": 0.5, "shareAlpha": "holm"}
    block["objectives"] = {
        "throughput": {"limit": 200, "unit": "tokens/s"},
        "goodput": {"limit": 0.95, "zone": {"good": 0.03, "bad": 0.07}},
        "queue": {"percentile": 90, "limit": 300, "unit": "ms"},
        "tpot": {"percentile": 95, "limit": 50, "unit": "ms"},
    }
    slo = parse(block, "slo")
    found = {one.metric: one for one in slo.objectives}
    assert list(found) == ["tpot", "queue", "goodput", "throughput"]
    assert [one.allowed for one in slo.objectives] == [0.05, 0.1, 0.05, 0.5]
    assert found["goodput"].zone == Zone(0.03, 0.07) and found["tpot"].zone is None
    assert (slo.confidence, slo.decision, slo.extension, slo.share_alpha) == (0.95, "sequential", 0.5, "holm")


def test_a_block_without_the_new_keys_is_decided_as_before() -> None:
    slo = parse(GOOD, "slo")
    assert (slo.decision, slo.extension, slo.share_alpha) == ("exact", 0.0, "none")


def test_the_shape_of_traffic_is_read_and_a_ramp_counts_by_its_mean_rate() -> None:
    block = with_("traffic.shape", {"arrivals": "ramp", "rampTo": 8, "spread": 0.5})
    block["objectives"]["throughput"] = {"limit": 300, "unit": "tokens/s"}
    slo = parse(block, "slo")
    assert slo.shape is not None and (slo.shape.ramp_to, slo.shape.mixed) == (8, True)
    block["objectives"]["throughput"]["limit"] = 400
    assert "the traffic asks for 384" in refusal(block)
    assert parse(GOOD, "slo").shape is None


def test_a_recording_must_last_for_the_extension_too() -> None:
    recording = [[float(at), 256, 64] for at in range(336)]
    block = with_("traffic.shape", {"arrivals": "replay", "recording": recording})
    assert parse(block, "slo").traffic.sent == 336
    block["extension"] = 0.5
    assert "recording: holds 336 requests, 496 are sent" in refusal(block)


def test_an_extension_is_a_second_look_and_needs_more_requests_for_each() -> None:
    """Each of the two has half of the errors: 368 without a failure prove 1 % at 97.5 %, and 320 + 32 do not."""
    block = with_("extension", 0.1)
    assert "objectives.errorRate: 0.01 at 97.5 % needs >= 368 requests; traffic sends 352" in refusal(block)
    assert parse(with_("extension", 0.15), "slo").extension == 0.15


SEQUENTIAL = GOOD | {"decision": "sequential", "objectives": {"ttft": GOOD["objectives"]["ttft"]}}


def zoned(good: float, bad: float, **more: Any) -> dict[str, Any]:
    ttft = GOOD["objectives"]["ttft"] | {"zone": {"good": good, "bad": bad}}
    return SEQUENTIAL | {"objectives": {"ttft": ttft}} | more


def test_a_zone_needs_as_many_requests_as_its_test_that_looks_once() -> None:
    assert parse(zoned(0.0318, 0.0729), "slo").find("ttft")
    narrow = refusal(zoned(0.04, 0.06))
    assert "objectives.ttft: a zone of 0.04 to 0.06 at 95 % needs >= " in narrow and "or widen the zone" in narrow
    assert "ten million" in refusal(zoned(0.0499, 0.0501))
    assert "a zone of 0.0318 to 0.0729 at 99 % needs >= 615" in refusal(zoned(0.0318, 0.0729, confidence=0.99))


def test_a_queue_has_no_order_and_so_no_zone() -> None:
    block = copy.deepcopy(SEQUENTIAL)
    zone = {"good": 0.03, "bad": 0.07}
    block["objectives"]["queue"] = {"percentile": 95, "limit": 1, "unit": "s", "zone": zone}
    assert "objectives.queue.zone: the engine counts requests and gives no order" in refusal(block)


def test_a_sequential_decision_that_may_err_half_the_time_is_refused() -> None:
    assert "needs more than 0.5" in refusal(zoned(0.03, 0.07, confidence=0.5))


def test_goodput_without_a_latency_of_the_client_promises_nothing() -> None:
    block = with_("objectives", {"goodput": {"limit": 0.95}, "queue": {"percentile": 95, "limit": 1, "unit": "s"}})
    assert "objectives.goodput: no latency is promised; promise one of ttft, itl, tpot, e2e" in refusal(block)


def test_a_throughput_that_no_number_of_parts_can_prove_is_refused() -> None:
    block = with_("objectives", {"throughput": {"limit": 100, "unit": "tokens/s"}}) | {"confidence": 0.9999999}
    assert "needs >= 24 parts of the run; it is cut into 20" in refusal(block)


def test_one_output_token_has_no_time_per_token() -> None:
    block = with_("objectives", {"tpot": {"percentile": 95, "limit": 50, "unit": "ms"}})
    block["traffic"]["outputTokens"] = 1
    assert "objectives.tpot: one output token has no gap" in refusal(block)


def test_p99_needs_299_requests_and_the_message_says_so() -> None:
    block = with_("objectives", {"ttft": {"percentile": 99, "limit": 500, "unit": "ms"}})
    block["traffic"]["requests"] = 120
    assert "p99 at 95 % needs >= 299 requests; traffic sends 120" in refusal(block)


def test_all_problems_are_said_at_once() -> None:
    block = with_("objectives.ttft.limit", -1)
    block["objectives"]["e2e"] = {"percentile": 95}
    block["traffic"] = {"profile": "constant", "rates": 4}
    lines = refusal(block).splitlines()
    keys = ["objectives.ttft.limit", "objectives.e2e.limit", "objectives.e2e.unit", "traffic.requests", "traffic.rates"]
    assert all(any(line.startswith(f"m.yaml: slo.{key}:") for line in lines) for key in keys)


@pytest.mark.parametrize("block", [None, [], "fast", 5])
def test_a_block_that_is_no_map_is_refused(block: Any) -> None:
    assert "not a map" in refusal(block)
