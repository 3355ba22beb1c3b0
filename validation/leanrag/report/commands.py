"""Write reports of a verdict that is on disk: each file whole or not at all."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from leanrag.core.errors import InputError
from leanrag.core.files import write_atomic
from leanrag.core.outcome import Outcome
from leanrag.gate.reading import read_verdict
from leanrag.report import as_json, html, junit, text

Reporter = Callable[[Mapping[str, Any]], str]

REPORTERS: Mapping[str, Reporter] = {
    "text": text.render,
    "json": as_json.render,
    "junit": junit.render,
    "html": html.render,
}


def write_report(
    verdict_path: Path,
    *,
    html_out: Path | None = None,
    junit_out: Path | None = None,
    json_out: Path | None = None,
) -> Outcome:
    """Write the reports that have a path, and return the verdict's outcome.

    A verdict that cannot be used is an InputError with the reason (it counts as NOT_RUN), and nothing is written.
    All texts are made before the first is written, so a defect in one leaves no half set.
    """
    document = _document(verdict_path)
    wanted = {"html": html_out, "junit": junit_out, "json": json_out}
    texts = [(path, REPORTERS[kind](document)) for kind, path in wanted.items() if path is not None]
    for path, content in texts:
        write_atomic(path, content)
    return Outcome(document["outcome"])


def show(verdict_path: Path, form: str = "text", report: Path | None = None) -> str:
    """Return a verdict as `form` (a key of REPORTERS) for stdout; `report` is named under the text form."""
    if form not in REPORTERS:
        raise InputError(f"no report format {form!r}", hint="formats are: " + ", ".join(REPORTERS))
    shown = REPORTERS[form](_document(verdict_path))
    return f"{shown}\nreport: {report}\n" if report and form == "text" else shown


def _document(path: Path) -> Mapping[str, Any]:
    read = read_verdict(path)
    if read.document is None:
        raise InputError(f"{read.outcome}: {read.reason}", hint="run the gate again: leanrag gate run")
    return read.document
