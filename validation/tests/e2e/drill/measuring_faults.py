"""Faults of measuring: what GuideLLM reports of a broken engine, and what a broken RAG service answers.

The real judge and the real smoke test run as programs. Their outcome becomes dev's honest, signed verdict; so a judge
that calls a broken engine good would be promoted, and seen.
"""

import gzip
import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leanrag.core import yamlio
from leanrag.core.process import Completed, run
from leanrag.rag.standin.minilm import MiniLM
from leanrag.rag.standin.server import Engine

from ...load.server import Behaviour, FakeModel
from ...rag.proxy import FaultProxy
from ...rag.stack import KEY, Stack, minilm_folder, start
from .. import program
from .desk import Desk
from .fault import Fault
from .paper import Document, step

REPORTS = Path(__file__).resolve().parents[2] / "load" / "reports"
TRAFFIC = {"promptTokens": 64, "outputTokens": 32, "timeoutSeconds": 5, "warmupRequests": 0, "maxDurationSeconds": 600}
TTFT = {"ttft": {"percentile": 95, "limit": 500, "unit": "ms"}}
CONCURRENT = {"profile": "concurrent", "streams": 2, "requests": 60}
CONSTANT = {"profile": "constant", "rate": 5, "requests": 60}
OUTCOMES = {0: "PASS", 1: "FAIL", 2: "INCONCLUSIVE"}


@dataclass(slots=True)
class Laboratory:
    """What measuring needs: a folder, and, once asked for, a real RAG service behind a proxy that breaks things."""

    folder: Path
    stack: Stack | None = None
    proxy: FaultProxy | None = None
    open_engines: list[Engine] = field(default_factory=list)

    def service(self) -> tuple[FaultProxy, Path]:
        """Return the proxy before a running OGX, and the contract that describes it."""
        if self.stack is None or self.proxy is None:
            engine = Engine("127.0.0.1", 0, MiniLM.load(minilm_folder())).start()
            (self.folder / "ogx").mkdir(parents=True)
            self.stack = start("ogx", self.folder / "ogx", engine).wait()
            self.proxy = FaultProxy(self.stack.url)
            self.proxy.key = KEY
        contract = self.folder / "rag.json"
        contract.write_text(json.dumps(self.stack.contract), encoding="utf-8")
        return self.proxy, contract

    def close(self) -> None:
        """Stop what was started."""
        if self.proxy:
            self.proxy.shutdown()
        if self.stack:
            self.stack.stop()


@dataclass(slots=True)
class Measured:
    """A desk, the laboratory, and what the measuring program said last."""

    desk: Desk
    laboratory: Laboratory
    said: str = ""
    outcome: str = ""

    def wrong_pins(self) -> tuple[str, ...]:
        """Return what moved without right."""
        return self.desk.wrong_pins()

    def program(self, *arguments: str, **environment: str) -> Completed:
        """Run a verb of leanrag, and keep its outcome and its last line."""
        variables = os.environ | environment
        done = run([program.LEANRAG, *arguments], what=arguments[0], check=False, timeout=180, env=variables)
        assert "Traceback" not in done.stderr, done.stderr[-600:]
        self.outcome = OUTCOMES.get(done.returncode, "NOT_RUN")
        self.said = _last(done)
        return done

    def publish(self, name: str) -> None:
        """Let dev's gate sign a verdict whose step `name` ended as the program did."""

        def change(paper: Document) -> None:
            paper["outcome"], paper["reason"] = self.outcome, self.said
            paper["steps"] = [step("converge"), step(name, self.outcome), step("verdict")]
            paper["objectives"] = paper["objectives"] if self.outcome == "PASS" else []

        self.desk.passes(change=change)


def _last(done: Completed) -> str:
    """Return the sentence that says it: the last line of the report, or the error before its hint."""
    lines = done.stdout.strip().splitlines() or [line for line in done.stderr.splitlines() if "error:" in line]
    return (lines or ["nothing was said"])[-1].strip()[:240]


MeasuringFault = Fault[Measured]


def judged(
    report: str | Path, objectives: dict[str, Any], traffic: dict[str, Any], *arguments: str
) -> Callable[[Measured], None]:
    """Return a break: the judge gets a report of a broken run."""

    def breaks(stage: Measured) -> None:
        block = {"confidence": 0.95, "objectives": objectives, "traffic": TRAFFIC | traffic}
        slo = stage.laboratory.folder / "slo.yaml"
        slo.write_text(yamlio.dump({"slo": block}), encoding="utf-8")
        path = report if isinstance(report, Path) else REPORTS / f"{report}.json.gz"
        stage.program("judge", str(path), f"--slo={slo}", *arguments)
        stage.publish("judge")

    return breaks


def edited(report: str, change: Callable[[str], str], objectives: dict[str, Any] = TTFT) -> Callable[[Measured], None]:
    """Return a break: a good report whose text was changed."""

    def breaks(stage: Measured) -> None:
        text = gzip.decompress((REPORTS / f"{report}.json.gz").read_bytes()).decode()
        changed = change(text)
        assert changed != text, "nothing was changed"
        path = stage.laboratory.folder / "report.json"
        path.write_text(changed, encoding="utf-8")
        judged(path, objectives, CONSTANT)(stage)

    return breaks


def smoked(fault: str) -> Callable[[Measured], None]:
    """Return a break: the RAG service does one thing wrong while it is asked its known questions."""

    def breaks(stage: Measured) -> None:
        proxy, contract = stage.laboratory.service()
        proxy.fault = fault
        try:
            asked = ("smoke", proxy.url, f"--contract={contract}", "--answering", "--deadline=60")
            stage.program(*asked, "--api-key-env=DRILL_KEY", DRILL_KEY=KEY)
        finally:
            proxy.fault = ""
        stage.publish("smoke")

    return breaks


def loaded(behaviour: Behaviour | None, limit: int = 200) -> Callable[[Measured], None]:
    """Return a break: the real GuideLLM measures an engine of known latency; without a behaviour there is no engine."""

    def breaks(stage: Measured) -> None:
        objectives = {"ttft": {"percentile": 90, "limit": limit, "unit": "ms"}}
        traffic = {"profile": "constant", "rate": 8, "requests": 40, "outputTokens": 4, "warmupRequests": 2}
        block = {"confidence": 0.95, "objectives": objectives, "traffic": TRAFFIC | traffic}
        slo = stage.laboratory.folder / "slo.yaml"
        slo.write_text(yamlio.dump({"slo": block}), encoding="utf-8")
        out = stage.laboratory.folder / "load"
        subprocess.run(["rm", "-rf", str(out)], check=True)
        if behaviour is None:
            stage.program("load", "http://127.0.0.1:9", "--model=tiny", f"--slo={slo}", f"--out={out}")
        else:
            with FakeModel(behaviour) as engine:
                stage.program("load", engine.url, "--model=tiny", f"--slo={slo}", f"--out={out}")
        if (report := out / "guidellm.json.gz").is_file():
            stage.program("judge", str(report), f"--slo={slo}", "--model=tiny")
        stage.publish("judge")

    return breaks


def outcome(*wanted: str) -> Callable[[Measured], str]:
    """Return a look: the program gave one of these outcomes, and the promoter moved nothing."""

    def look(stage: Measured) -> str:
        assert stage.outcome in wanted, f"{stage.outcome}: {stage.said}"
        stage.desk.promote()
        assert stage.desk.pin() == stage.desk.old, "the pin moved"
        return f"{stage.outcome}: {stage.said}"

    return look


FAIL, UNSURE = outcome("FAIL"), outcome("INCONCLUSIVE")
NO = outcome("FAIL", "INCONCLUSIVE")
ITL = {"itl": {"percentile": 95, "limit": 50, "unit": "ms"}}
FAULTS: tuple[MeasuringFault, ...] = (
    Fault("M01", "every request fails with 500; the report's p95 is 0.0 ms", "FAIL",
          judged("all-500", TTFT, CONCURRENT), FAIL, True),
    Fault("M02", "the run ended itself after six errors", "FAIL",
          judged("all-500-max-errors", TTFT, CONCURRENT), FAIL),
    Fault("M03", "the engine hangs: no request ever ends", "FAIL", judged("hang", TTFT, CONCURRENT), FAIL),
    Fault("M04", "every stream is cut off after its first tokens", "FAIL",
          judged("cut-stream", TTFT, CONCURRENT), FAIL),
    Fault("M05", "answers of three tokens where 32 were asked for", "INCONCLUSIVE",
          judged("short-output", TTFT, CONCURRENT), UNSURE),
    Fault("M06", "a second of silence in each answer", "FAIL",
          judged("stall-1s", {"e2e": {"percentile": 95, "limit": 1, "unit": "s"}}, CONCURRENT), FAIL),
    Fault("M07", "eight answers that stall: too few to prove anything", "INCONCLUSIVE",
          judged("stall-1s", ITL, CONCURRENT), UNSURE),
    Fault("M08", "answers come in one piece: ITL is 0.0", "INCONCLUSIVE",
          judged("stream-false", TTFT | ITL, CONCURRENT | {"outputTokens": 16}), UNSURE),
    Fault("M09", "the rate is above the engine's capacity", "FAIL",
          judged("over-saturated", TTFT, CONSTANT | {"rate": 16}), FAIL),
    Fault("M10", "arrivals 1.5 times as often as declared", "INCONCLUSIVE", judged("poisson-seed-bug", TTFT, CONSTANT),
          UNSURE),
    Fault("M11", "the report is of another model", "INCONCLUSIVE",
          judged("constant-good", TTFT, CONSTANT, "--model=granite"), UNSURE),
    Fault("M12", "the report lists no requests, the client was late", "INCONCLUSIVE",
          judged("sweep-no-requests", TTFT, CONSTANT | {"rate": 92, "requests": 500}), UNSURE),
    Fault("M13", "the sample's p95 is within the limit, by too few requests", "INCONCLUSIVE",
          judged("concurrent-good", {"ttft": {"percentile": 95, "limit": 145, "unit": "ms"}},
                 {"profile": "concurrent", "streams": 8, "requests": 160}), UNSURE),
    Fault("M14", "the report is missing", "no answer",
          judged(Path("/nonexistent/report.json"), TTFT, CONSTANT), UNSURE),
    Fault("M15", "the report is truncated", "no answer", edited("constant-good", lambda text: text[: len(text) // 2]),
          UNSURE),
    Fault("M16", "the report is of an unknown schema version", "no answer",
          edited("constant-good", lambda text: text.replace('"version": 2', '"version": 99', 1)), UNSURE),
    Fault("M17", "the report says NaN for a latency", "no answer",
          edited("constant-good", lambda text: _nan(text)), UNSURE),
    Fault("M20", "live: an engine twice as slow as the limit", "FAIL", loaded(Behaviour(first_token=0.4)), FAIL, True),
    Fault("M21", "live: an engine that answers 500", "FAIL", loaded(Behaviour(status=500)), NO),
    Fault("M22", "live: an engine that serves another model", "no PASS", loaded(Behaviour(model="granite")), NO),
    Fault("M23", "live: no engine at all", "no PASS", loaded(None), NO),
    Fault("M30", "retrieval is silently empty: 200 and no rows", "FAIL", smoked("empty-search"), FAIL, True),
    Fault("M31", "the embedding model answers in another dimension", "FAIL", smoked("wrong-dimension"), NO),
    Fault("M32", "the RAG API answers without a key", "FAIL", smoked("open-door"), FAIL, True),
    Fault("M33", "a document of another tenant is found", "FAIL", smoked("foreign-document"), FAIL),
    Fault("M34", "the service lists other models than declared", "FAIL", smoked("wrong-model"), NO),
    Fault("M35", "an error inside a 200", "FAIL", smoked("error-inside-200"), NO),
    Fault("M36", "every answer ends in the middle", "FAIL", smoked("cut-stream"), NO),
    Fault("M37", "the filter of a search is ignored", "FAIL", smoked("filter-ignored"), NO),
)  # fmt: skip


def _nan(text: str) -> str:
    document = json.loads(text)

    def spoil(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: float("nan") if k == "time_to_first_token_ms" else spoil(v) for k, v in value.items()}
        return [spoil(v) for v in value] if isinstance(value, list) else value

    return json.dumps(spoil(document))
