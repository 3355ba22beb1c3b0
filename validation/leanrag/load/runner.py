"""Runs GuideLLM as a program of its own. Its exit code proves nothing; only a report that can be read counts."""

import contextlib
import functools
import gzip
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from leanrag.core.errors import InputError, LeanragError, StoppedError, ToolError
from leanrag.core.files import write_atomic
from leanrag.core.outcome import Outcome
from leanrag.core.process import Completed, last_lines, run
from leanrag.core.progress import say
from leanrag.core.result import JSON, StepResult
from leanrag.load import health, prompts, scenario
from leanrag.load.prompts import Ask
from leanrag.load.reader import read
from leanrag.load.scenario import Work
from leanrag.slo.objectives import Traffic
from leanrag.slo.shape import STEADY, Shape

NAME = "load"
_HINT = "install guidellm==0.8.1 in an environment of its own and name its program"


def check_version(guidellm: Path) -> None:
    """Raise ToolError unless this program is GuideLLM 0.8.1: its options changed in 0.4, 0.7 and 0.8."""
    found = _version(guidellm, guidellm.stat().st_mtime_ns if guidellm.exists() else 0)
    if found != scenario.VERSION:
        raise ToolError(f"{guidellm}: GuideLLM {found or 'of unknown version'}, not {scenario.VERSION}", hint=_HINT)


@functools.cache
def _version(guidellm: Path, changed: int) -> str:
    """Ask the program once while it stays the same: it imports all of itself to answer, which takes seconds."""
    said = run([guidellm, "--version"], what="guidellm --version", timeout=60, hint=_HINT).stdout
    return said.rpartition("version:")[2].strip()


def run_load(
    url: str,
    model: str,
    traffic: Traffic,
    seed: int,
    out: Path,
    guidellm: Path,
    api_key: str = "",
    labels: Mapping[str, str] | None = None,
    *,
    shape: Shape = STEADY,
    asks: Sequence[Ask] = (),
    enforce: bool = False,
) -> StepResult:
    """Send the declared traffic to an OpenAI API (`url` has no /v1), and keep the report.

    It lands as `out`/guidellm.json.gz, named in facts["report"]; what the client used meanwhile as `out`/client.json.
    `asks` are the requests (by default the plan of this traffic, shape and seed); `enforce` ends the run when the
    service cannot carry them.

    PASS says only that a readable report exists; without one the result is INCONCLUSIVE with the tool's last words.
    Raises ToolError for another version of GuideLLM, InputError when `out` cannot be written, StoppedError on a signal.
    """
    check_version(guidellm)
    work = Work(out.resolve())
    started = time.monotonic()
    told = scenario.scenario(url, model, traffic, seed, work, labels or {}, shape=shape, enforce=enforce)
    _prepare(work, told, asks or prompts.plan(traffic, shape, seed))
    say(f"load: {traffic.sent} requests to {model} at {url}, at most {traffic.max_duration_seconds:g} s")
    try:
        with health.Watch(work.folder) as watch:
            done, words = _run(guidellm, work, traffic, scenario.environment(traffic, work, api_key, shape))
    finally:
        shutil.rmtree(work.home, ignore_errors=True)
    health.keep(work.folder / health.FILE, watch.samples)
    problem = words or _keep(work)
    seconds = time.monotonic() - started
    facts: dict[str, JSON] = {"seed": seed, "argv": list(scenario.argv(guidellm, work)), "tool": scenario.VERSION}
    if done is not None:
        facts["exitCode"] = done.returncode
    if problem:
        said = last_lines(done.stderr, 3) if done else ""
        return StepResult(NAME, Outcome.INCONCLUSIVE, f"{problem}{': ' + said if said else ''}", seconds, facts=facts)
    facts["report"] = str(work.kept)
    return StepResult(NAME, Outcome.PASS, f"{model}: report written in {seconds:.0f} s", seconds, facts=facts)


def _prepare(work: Work, told: Mapping[str, JSON], asks: Sequence[Ask]) -> None:
    # An old report must not be taken for this run's, nor what its client used.
    for old in (work.report, work.kept, work.folder / health.FILE):
        with contextlib.suppress(FileNotFoundError):
            old.unlink()
    write_atomic(work.prompts, prompts.as_csv(asks))
    write_atomic(work.scenario, json.dumps(told, indent=2) + "\n")
    work.home.mkdir(exist_ok=True)


def _run(guidellm: Path, work: Work, traffic: Traffic, env: Mapping[str, str]) -> tuple[Completed | None, str]:
    """Return what the program left, and what went wrong before a report could be looked for."""
    limit, started = scenario.deadline(traffic), time.monotonic()
    try:
        done = run(
            scenario.argv(guidellm, work),
            what="guidellm run",
            timeout=limit,
            cwd=work.folder,
            env=env,
            check=False,
        )
    except StoppedError:
        # A signal is the caller's to answer; our own deadline is an answer: none.
        if time.monotonic() - started < limit:
            raise
        return None, f"GuideLLM did not end within {limit:.0f} s and was stopped; it writes no partial report"
    return done, "" if work.report.is_file() else f"GuideLLM wrote no report (exit {done.returncode})"


def _keep(work: Work) -> str:
    """Keep the report compressed, if it can be read; return what is wrong with it."""
    try:
        read(work.report)
        write_atomic(work.kept, gzip.compress(work.report.read_bytes(), mtime=0))
        work.report.unlink()
    except InputError as error:
        return error.message
    except OSError as error:
        raise LeanragError(f"{work.kept}: {error.strerror}", hint="free space or name another folder") from None
    return ""
