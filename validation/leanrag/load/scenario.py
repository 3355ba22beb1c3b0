"""What GuideLLM 0.8.1 is told: one scenario file, a short command line and a closed environment.

Every key was checked against that version's own schemas; the runner refuses another version.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from leanrag.core.result import JSON
from leanrag.slo.binomial import certain_failure
from leanrag.slo.feasible import MOST_ERRORS
from leanrag.slo.objectives import Traffic

VERSION = "0.8.1"
# Stricter than any confidence a gate would use.
CONFIDENCE = 0.999
# Above these one worker's event loop shows in the figures; two are enough up to the client's ceiling.
ONE_WORKER_STREAMS = 16
ONE_WORKER_RATE = 20.0
CONNECT_SECONDS = 5.0
# A run's processes start in 5 to 24 s and write their report after it; neither is part of its duration.
STAGE_OVERHEAD = 30.0
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


def scenario(
    url: str, model: str, traffic: Traffic, seed: int, work: Work, labels: Mapping[str, str]
) -> dict[str, JSON]:
    """Return the whole run as GuideLLM's scenario file; the API key is not in it."""
    return {
        "spec": {
            "backend": _backend(url, model, traffic),
            "profile": _profile(traffic),
            "constraints": _constraints(traffic),
            "data": [{"kind": "csv_file", "path": str(work.prompts)}],
            "seed": {"kind": "static", "value": seed},
            "outputs": [{"kind": "json", "path": str(work.report)}],
            "metrics": {"kind": "generative", "sample_size": 0},
        },
        "metadata": {"labels": dict(labels)},
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


def _profile(traffic: Traffic) -> dict[str, JSON]:
    # No warm-up here: the judge leaves out exactly the first requests, so that `requests` are measured, not about as
    # many as GuideLLM's window happens to hold.
    if traffic.profile == "constant":
        return {"kind": "constant", "rate": traffic.rate}
    return {"kind": "concurrent", "streams": traffic.streams}


def _constraints(traffic: Traffic) -> list[JSON]:
    return [
        {"kind": "max_requests", "count": traffic.sent},
        {"kind": "max_duration", "seconds": traffic.max_duration_seconds},
        # So many errors FAIL every error rate that can be promised, whatever the rest would do.
        {"kind": "max_errors", "count": certain_failure(traffic.sent, MOST_ERRORS, CONFIDENCE)},
        {"kind": "over_saturation", "mode": "monitor"},
    ]


def argv(guidellm: Path, work: Work) -> tuple[str, ...]:
    """Return the command line; nothing secret is on it."""
    return (str(guidellm), "run", "--config", str(work.scenario), "--disable-console")


def environment(traffic: Traffic, work: Work, api_key: str = "") -> dict[str, str]:
    """Return the whole environment: no proxy, no hub, no home of the user's, and the key where `ps` cannot see it."""
    small = (traffic.streams or 0) <= ONE_WORKER_STREAMS and (traffic.rate or 0) <= ONE_WORKER_RATE
    closed = {
        "HOME": str(work.home),
        "XDG_CACHE_HOME": str(work.home / "cache"),
        "HF_HOME": str(work.home / "huggingface"),
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "GUIDELLM__MAX_WORKER_PROCESSES": "1" if small else "2",
    }
    kept = {name: value for name in _KEPT if (value := os.environ.get(name))}
    return {**kept, **closed, **({_KEY_VARIABLE: api_key} if api_key else {})}


def deadline(traffic: Traffic, stages: int = 1) -> float:
    """Return the seconds after which a run is stopped."""
    return stages * (traffic.max_duration_seconds + STAGE_OVERHEAD) + STAGE_OVERHEAD
