"""The smoke step: run every case of every suite against one target and say in one sentence what came of it."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from leanrag.core.errors import LeanragError
from leanrag.core.outcome import Outcome
from leanrag.core.result import JSON, Item, StepResult
from leanrag.rag.case import BUILT_IN, Suite, load_suite
from leanrag.rag.client import Client
from leanrag.rag.http import NoAnswerError, ServiceError
from leanrag.rag.session import Session
from leanrag.rag.target import Target
from leanrag.rag.trace import new_trace

STEP = "smoke"
READY = "the service is ready"
READY_PROVES = "The service answers on its address and calls itself healthy."
REQUEST_SECONDS = 30.0
STEP_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class _Ran:
    items: tuple[Item, ...]
    left_behind: tuple[str, ...]


def run_smoke(
    target: Target,
    suites: Iterable[Suite] | None = None,
    *,
    timeout: float = REQUEST_SECONDS,
    deadline: float = STEP_SECONDS,
) -> StepResult:
    """Run the suites (the built-in one when none is given) and return the step.

    FAIL when a case failed; INCONCLUSIVE when the endpoint does not answer, the deadline came first or nothing could
    run; PASS otherwise, with skipped cases counted and their reasons in `facts`. `timeout` bounds a request and
    `deadline` the step, both in seconds of wall time. Only InputError for unusable case files leaves this function.
    """
    started = time.monotonic()
    chosen = (load_suite(BUILT_IN),) if suites is None else tuple(suites)
    client = Client.to(target, timeout=timeout, until=started + deadline, trace=new_trace())
    asked = ask_ready(client)
    if asked.outcome is not Outcome.PASS:
        return _ended(started, asked.outcome, asked.reason, (asked,), {"url": target.url, "traceId": client.http.trace})
    ran = tuple(_run(client, suite) for suite in chosen)
    items = (asked, *(item for one in ran for item in one.items))
    left = tuple(path for one in ran for path in one.left_behind)
    outcome, reason = conclude(items)
    return _ended(started, outcome, reason, items, _facts(client, chosen, items, left))


def conclude(items: Iterable[Item]) -> tuple[Outcome, str]:
    """Decide the step from its items: the first failure is named, skipped cases are counted, never passed."""
    rows = tuple(items)
    count = Counter(item.outcome for item in rows)
    skipped = f", {count[Outcome.NOT_RUN]} skipped" if count[Outcome.NOT_RUN] else ""
    tally = f"{count[Outcome.PASS]} of {len(rows) - count[Outcome.NOT_RUN]} passed{skipped}"
    for outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE):
        if count[outcome]:
            first = next(item for item in rows if item.outcome is outcome)
            return outcome, f"{tally}; {first.name}: {first.reason}"
    # readiness alone is not an answer: it asks no question
    if not any(item.outcome is Outcome.PASS and item.name != READY for item in rows):
        return Outcome.INCONCLUSIVE, f"no case could run{skipped}"
    return Outcome.PASS, tally


def ask_ready(client: Client) -> Item:
    """Ask whether the service is there: silence and a closed port are INCONCLUSIVE, a wrong answer is FAIL."""
    started = time.monotonic()
    outcome, version = Outcome.PASS, ""
    try:
        version = client.ready()
        reason = f"got version {version}"
    except (LeanragError, NoAnswerError) as error:
        outcome, reason = Outcome.INCONCLUSIVE, str(error)
    except ServiceError as error:
        outcome, reason = Outcome.FAIL, str(error)
    return Item(READY, outcome, reason, READY_PROVES, round(time.monotonic() - started, 3), {"version": version})


def _run(client: Client, suite: Suite) -> _Ran:
    with Session(client, suite) as session:
        items = tuple(_items(session))
    return _Ran(items, session.left_behind)


def _items(session: Session) -> Iterator[Item]:
    if session.suite.documents:
        yield session.ingest()
    for case in session.suite.cases:
        yield session.check(case)


def _facts(
    client: Client, suites: tuple[Suite, ...], items: tuple[Item, ...], left: tuple[str, ...]
) -> dict[str, JSON]:
    target = client.target
    count = Counter(item.outcome for item in items)
    skipped: list[JSON] = [{"what": item.name, "why": item.reason} for item in items if item.outcome is Outcome.NOT_RUN]
    return {
        "url": target.url,
        "traceId": client.http.trace,
        "api": target.api,
        "version": items[0].facts.get("version", ""),
        "vectorStore": target.vector_store,
        "corpus": {suite.name: suite.fingerprint for suite in suites if suite.documents},
        "passed": count[Outcome.PASS],
        "failed": count[Outcome.FAIL],
        "unanswered": count[Outcome.INCONCLUSIVE],
        "skipped": skipped,
        "leftBehind": list(left),
    }


def _ended(
    started: float, outcome: Outcome, reason: str, items: tuple[Item, ...], facts: dict[str, JSON]
) -> StepResult:
    return StepResult(STEP, outcome, reason, round(time.monotonic() - started, 3), items, facts)
