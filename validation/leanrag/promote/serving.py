"""What the promoter tells about itself: /healthz, /livez and /metrics (OpenMetrics)."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from leanrag.core.errors import InputError
from leanrag.evidence.store import METRICS, is_verdict
from leanrag.promote.lead import Pinned
from leanrag.promote.moves import Wait
from leanrag.promote.rounds import Report
from leanrag.promote.verdicts import Body

OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
ALIVE = 600.0  # seconds without a turn of the loop until a restart is worth trying
MAX_METRICS = 200_000  # characters that one verdict may add
_OURS = "leanrag_"


@dataclass(slots=True)
class Health:
    """The promoter's state, written by its loop and read by the server; `interval` is seconds between rounds."""

    interval: float
    turned: float = field(default_factory=time.monotonic)
    succeeded: float | None = None
    succeeded_at: float = 0.0
    problem: str = "no round yet"
    failures: int = 0
    refused: int = 0
    written: int = 0
    waits: tuple[Wait, ...] = ()
    pinned: tuple[Pinned, ...] = ()

    def success(self, report: Report) -> None:
        """Remember a round that came to its end."""
        self.turned = self.succeeded = time.monotonic()
        self.succeeded_at = time.time()
        self.problem = "; ".join(report.refused) if report.refused and not report.written else ""
        self.refused += len(report.refused)
        self.written += len(report.written)
        self.waits = tuple(each for each in report.decisions if isinstance(each, Wait))
        self.pinned = report.pinned

    def failure(self, problem: str) -> None:
        """Remember a round that could not be done."""
        self.turned = time.monotonic()
        self.failures += 1
        self.problem = problem

    def sick(self) -> str:
        """Return why the promoter does not do its work now, or an empty text."""
        late = self.succeeded is not None and time.monotonic() - self.succeeded > 60 + 6 * self.interval
        return self.problem or ("no round has ended lately" if late else "")

    def dead(self) -> str:
        """Return why a restart may help, or an empty text; an outage elsewhere is no reason."""
        return "the loop stands still" if time.monotonic() - self.turned > ALIVE else ""

    def metrics(self) -> str:
        """Return its own metrics, without the end mark."""
        families = [
            ("last_success_timestamp_seconds", "gauge", "When a round last came to its end.", self.succeeded_at),
            ("healthy", "gauge", "1 when the last round did what it wanted.", int(not self.sick())),
            ("rounds_failed", "counter", "Rounds that an outage ended.", self.failures),
            ("pushes_refused", "counter", "Pushes that the remote refused.", self.refused),
            ("pins_written", "counter", "Changes of pins and holds pushed to main.", self.written),
        ]
        lines = []
        for name, kind, text, value in families:
            full = f"leanrag_promoter_{name}"
            suffix = "_total" if kind == "counter" else ""
            lines += [f"# TYPE {full} {kind}", f"# HELP {full} {text}", f"{full}{suffix} {value}"]
        lines += [
            "# TYPE leanrag_promoter_waiting gauge",
            "# HELP leanrag_promoter_waiting Clusters that wait, and why.",
        ]
        lines += [f'leanrag_promoter_waiting{{cluster="{each.cluster}",why="{each.why}"}} 1' for each in self.waits]
        return "\n".join((*lines, *self._leads())) + "\n"

    def _leads(self) -> Iterable[str]:
        since = {each.cluster: each.at for each in self.pinned}
        lead = {each.cluster: each.lead for each in self.pinned}
        families = (
            ("pinned_timestamp_seconds", "Since when a cluster runs its commit, Unix time.", since),
            ("lead_time_seconds", "From the commit that a cluster runs to its pin.", lead),
        )
        for name, text, values in families:
            full = f"leanrag_promoter_{name}"
            yield from (f"# TYPE {full} gauge", f"# HELP {full} {text}")
            yield from (f'{full}{{cluster="{cluster}"}} {value:.10g}' for cluster, value in values.items())


def merged(own: str, bodies: Mapping[str, Iterable[Body]]) -> str:
    """Return one OpenMetrics document of the promoter's metrics and those of each cluster's newest verdict.

    A family may stand in a document once, so samples of equal families are put together; foreign families are left out.
    """
    families: dict[str, tuple[list[str], list[str]]] = {}
    for text in (own, *(_newest(each) for _, each in sorted(bodies.items()))):
        _add(families, text)
    return "".join(f"{line}\n" for meta, samples in families.values() for line in (*meta, *samples)) + "# EOF\n"


def _newest(bodies: Iterable[Body]) -> str:
    verdicts = sorted((body for body in bodies if is_verdict(body)), key=lambda body: _created(body))
    text = str((verdicts[-1].get("data") or {}).get(METRICS) or "") if verdicts else ""
    return text if len(text) <= MAX_METRICS else ""


def _created(body: Body) -> str:
    return str((body.get("metadata") or {}).get("creationTimestamp") or "")


def _add(families: dict[str, tuple[list[str], list[str]]], text: str) -> None:
    current: tuple[list[str], list[str]] | None = None
    for line in text.splitlines():
        words = line.split(" ", 3)
        if line.startswith("# ") and len(words) >= 3 and words[1] in ("TYPE", "HELP", "UNIT"):
            current = families.setdefault(words[2], ([], [])) if words[2].startswith(_OURS) else None
            if current is not None and not any(known.startswith(" ".join(words[:3])) for known in current[0]):
                current[0].append(line)
        elif current is not None and line.startswith(_OURS) and line not in current[1]:
            current[1].append(line)


def serve(port: int, health: Health, metrics: Callable[[], str]) -> ThreadingHTTPServer:
    """Answer on a port, on all addresses, in a thread of its own; shut the returned server down at the end."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            asked = {"/healthz": health.sick, "/livez": health.dead}.get(self.path)
            if self.path == "/metrics":
                self._answer(200, metrics(), OPEN_METRICS)
            elif asked is None:
                self._answer(404, "no such page\n", "text/plain")
            else:
                said = asked()
                self._answer(503 if said else 200, f"{said or 'ok'}\n", "text/plain; charset=utf-8")

        def _answer(self, code: int, text: str, kind: str) -> None:
            data = text.encode()
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing: probes come every few seconds."""

    try:
        server = ThreadingHTTPServer(("", port), Handler)
    except OSError as error:
        raise InputError(f"port {port} cannot be listened on: {error.strerror}", hint="name another") from None
    threading.Thread(target=server.serve_forever, daemon=True, name="serve").start()
    return server
