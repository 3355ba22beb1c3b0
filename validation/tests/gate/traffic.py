"""What a model promises under which traffic, and a load step that left its reports."""

from leanrag.core.outcome import Outcome
from leanrag.core.result import StepResult

TRAFFIC = {
    "profile": "concurrent",
    "streams": 8,
    "requests": 150,
    "promptTokens": 64,
    "outputTokens": 32,
    "timeoutSeconds": 30,
    "warmupRequests": 16,
    "maxDurationSeconds": 60,
}


def slo(limit=300, percentile=95, **traffic):
    objectives = {"ttft": {"percentile": percentile, "limit": limit, "unit": "ms"}}
    return {"confidence": 0.95, "objectives": objectives, "traffic": TRAFFIC | traffic}


def loaded(**reports):
    return {"load": StepResult("load", Outcome.PASS, "", 0.0, (), {"reports": reports})}
