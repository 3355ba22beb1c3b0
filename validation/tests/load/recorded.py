"""A recorded run, the promise that it is judged by, and an engine that counted around it."""

from pathlib import Path

from leanrag.engine.snapshot import snapshot
from leanrag.load import kept
from leanrag.load.engine_figures import span
from leanrag.slo.objectives import Objective, Slo, Traffic

REPORT = Path(__file__).parent / "reports" / "concurrent-good.json.gz"
TRAFFIC = Traffic("concurrent", 150, 64, 32, 30.0, 16, 60.0, streams=8)
SLO = Slo((Objective("ttft", 300, "ms", 0.95, 95),), TRAFFIC)
STAGE = kept.read(REPORT).stages[0]
MODEL = "mock-llm"


def says(moment, finished=None, started=1.0):
    text = f"process_start_time_seconds {started}\n" if started else "go_goroutines 9\n"
    if finished is not None:
        labels = f'engine="0",finished_reason="length",model_name="{MODEL}"'
        text += f"vllm:request_success_total{{{labels}}} {finished}\n"
    return snapshot(text, moment)


def around(*finished, started=(1.0, 1.0)):
    begin, end = span(STAGE)
    moments = (begin - 1, *(begin + 1 + at for at in range(len(started) - 2)), end + 1)
    return tuple(says(*each) for each in zip(moments, finished, started, strict=True))
