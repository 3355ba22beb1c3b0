"""What GuideLLM 0.8.1 is told: one scenario file, a short command line and a closed environment.

Every key was checked against that version's own schemas; the runner refuses another version.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from leanrag.core.result import JSON
from leanrag.slo.binomial import certain_failure
from leanrag.slo.feasible import MOST_ERRORS
from leanrag.slo.objectives import Traffic
from leanrag.slo.shape import STEADY, Shape, peak

VERSION = "0.8.1"
# Stricter than any confidence a gate would use.
CONFIDENCE = 0.999
# Above these one worker's event loop shows in the figures; two are enough up to the client's ceiling.
ONE_WORKER_STREAMS = 16
ONE_WORKER_RATE = 20.0
CONNECT_SECONDS = 5.0
# A run's processes start in 5 to 24 s and write their report after it; neither is part of its duration.
STAGE_OVERHEAD = 30.0
# Requests that one client holds at a time, sent or waiting for their moment; GuideLLM's own default.
MOST_HELD = 10240
# A chunk is short: GuideLLM looks for growing queues from here on, instead of after its own 30 s.
ENFORCED_AFTER = 10.0
# The labels by which a report says what was declared: GuideLLM calls every list of moments "trace".
SHAPE_LABEL, RATE_LABEL, SCENARIO_LABEL = "leanrag/shape", "leanrag/rate", "leanrag/scenario"
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
_KEY_VARIABLE = "GUIDELLM__SPEC__BACKEND__API_KEY"


@dataclass(frozen=True, slots=True)
class Work:
    """The files of one run, all in one folder."""

    folder: Path

    @property
    def scenario(self) -> Path:
        """What GuideLLM is told."""
        return self.folder / "scenario.json"

    @property
    def prompts(self) -> Path:
        """What it sends."""
        return self.folder / "prompts.csv"

    @property
    def report(self) -> Path:
        """What it writes."""
        return self.folder / "guidellm.json"

    @property
    def kept(self) -> Path:
        """The report as it is kept."""
        return self.folder / "guidellm.json.gz"

    @property
    def home(self) -> Path:
        """Its home: caches land here and go with it."""
        return self.folder / "home"


def fingerprint(traffic: Traffic, shape: Shape = STEADY) -> str:
    """Return the name of this traffic without its seed: figures of two runs compare only under the same one."""
    told = json.dumps([asdict(traffic), shape.facts()], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def scenario(
    url: str,
    model: str,
    traffic: Traffic,
    seed: int,
    work: Work,
    labels: Mapping[str, str],
    *,
    shape: Shape = STEADY,
    enforce: bool = False,
) -> dict[str, JSON]:
    """Return the whole run as GuideLLM's scenario file; the API key is not in it.

    `enforce` ends the run as soon as GuideLLM sees that the service cannot carry the traffic.
    """
    return {
        "spec": {
            "backend": _backend(url, model, traffic),
            "profile": _profile(traffic, shape),
            "constraints": _constraints(traffic, shape, enforce),
            "data": [{"kind": "csv_file", "path": str(work.prompts)}],
            "seed": {"kind": "static", "value": seed},
            "outputs": [{"kind": "json", "path": str(work.report)}],
            "metrics": {"kind": "generative", "sample_size": 0},
        },
        "metadata": {"labels": {**labels, **declared(traffic, shape)}},
    }


def _backend(url: str, model: str, traffic: Traffic) -> dict[str, JSON]:
    return {
        "kind": "openai_http",
        "target": url,
        "model": model,
        "request_format": "/v1/chat/completions",
        "stream": True,
        # The default waits for ever: a hung server would never be an error.
        "timeout": traffic.timeout_seconds,
        "timeout_connect": CONNECT_SECONDS,
        "verify": True,
        "follow_redirects": False,
        # Not every OpenAI endpoint has /health; this one also proves the key.
        "api_routes": {"/health": "v1/models"},
    }


def declared(traffic: Traffic, shape: Shape) -> dict[str, JSON]:
    """Return the labels that a report carries of its traffic."""
    told: dict[str, JSON] = {SCENARIO_LABEL: fingerprint(traffic, shape)}
    if shape.scheduled:
        told |= {SHAPE_LABEL: shape.name, RATE_LABEL: f"{traffic.rate:g}"}
    return told


def _profile(traffic: Traffic, shape: Shape) -> dict[str, JSON]:
    # No warm-up here: the judge leaves out exactly the first requests, so that `requests` are measured, not about as
    # many as GuideLLM's window happens to hold.
    if shape.scheduled:
        # By the list's own moments; the default waits for what came before in the recording.
        return {"kind": "replay", "schedule_turn": "timestamp"}
    if traffic.profile == "constant":
        return {"kind": "constant", "rate": traffic.rate}
    return {"kind": "concurrent", "streams": traffic.streams}


def _constraints(traffic: Traffic, shape: Shape, enforce: bool) -> list[JSON]:
    saturation: dict[str, JSON] = {"kind": "over_saturation", "mode": "enforce" if enforce else "monitor"}
    if enforce:
        saturation["min_seconds"] = ENFORCED_AFTER
    # A list ends with its last request; stopped by a count, GuideLLM calls it "dataset_incomplete".
    ending: list[JSON] = [] if shape.scheduled else [{"kind": "max_requests", "count": traffic.sent}]
    return [
        *ending,
        {"kind": "max_duration", "seconds": traffic.max_duration_seconds},
        # So many errors FAIL every error rate that can be promised, whatever the rest would do.
        {"kind": "max_errors", "count": certain_failure(traffic.sent, MOST_ERRORS, CONFIDENCE)},
        saturation,
    ]


def argv(guidellm: Path, work: Work) -> tuple[str, ...]:
    """Return the command line; nothing secret is on it."""
    return (str(guidellm), "run", "--config", str(work.scenario), "--disable-console")


def environment(traffic: Traffic, work: Work, api_key: str = "", shape: Shape = STEADY) -> dict[str, str]:
    """Return the whole environment: no proxy, no hub, no home of the user's, and the key where `ps` cannot see it."""
    most = peak(shape, traffic.rate or 0.0)
    small = (traffic.streams or 0) <= ONE_WORKER_STREAMS and most <= ONE_WORKER_RATE
    closed = {
        "HOME": str(work.home),
        "XDG_CACHE_HOME": str(work.home / "cache"),
        "HF_HOME": str(work.home / "huggingface"),
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "GUIDELLM__MAX_WORKER_PROCESSES": "1" if small else "2",
    }
    if shape.scheduled:
        # A request of the list is held from the beginning until it is answered.
        closed["GUIDELLM__MAX_CONCURRENCY"] = str(min(traffic.sent, MOST_HELD))
    kept = {name: value for name in _KEPT if (value := os.environ.get(name))}
    return {**kept, **closed, **({_KEY_VARIABLE: api_key} if api_key else {})}


def deadline(traffic: Traffic, stages: int = 1) -> float:
    """Return the seconds after which a run is stopped."""
    return stages * (traffic.max_duration_seconds + STAGE_OVERHEAD) + STAGE_OVERHEAD
