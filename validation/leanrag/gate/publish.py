"""Make a verdict known: signed, as a ConfigMap, an Event, metrics, a termination message, and files that stay.

A verdict that the cluster does not take is not lost: its files stay on the volume, marked, and the next run says so.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leanrag.core.clock import stamp, utc_now
from leanrag.core.errors import LeanragError, UnreachableError
from leanrag.core.progress import say
from leanrag.evidence.keys import SigningKey
from leanrag.evidence.metrics import openmetrics
from leanrag.evidence.store import EVIDENCE, METRICS, VERDICT, build, next_attempt, to_delete
from leanrag.evidence.token import claims_of, sign
from leanrag.gate import notice
from leanrag.gate.board import Board
from leanrag.gate.shelf import WHOLE, Lost, Shelf, recorded
from leanrag.gate.thin import thin
from leanrag.gate.verdict import Skipped, Verdict

PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)
REPORT = "report.html"
Page = Callable[[Verdict], str]


@dataclass(frozen=True, slots=True)
class Published:
    """A verdict that is known: `name` of its ConfigMap and its token, empty when unsigned.

    With a `problem` the cluster does not know it: the caller must answer with exit 2, whatever the outcome.
    """

    verdict: Verdict
    name: str = ""
    token: str = ""
    problem: str = ""

    @property
    def sentence(self) -> str:
        """The last line of the log."""
        if self.problem:
            return notice.one_line(f"{self.problem}; the run itself said {notice.sentence(self.verdict)}")
        return notice.sentence(self.verdict)


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A verdict of one attempt, ready to be put up."""

    verdict: Verdict
    body: Mapping[str, Any]
    files: Mapping[str, str]


def publish(
    verdict: Verdict,
    *,
    board: Board,
    out: Path,
    deadline: float,
    key: SigningKey | None = None,
    page: Page | None = None,
    where: notice.Place | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Published:
    """Sign a verdict (without `key`: leave it unsigned), number it and make it known; `deadline` is seconds from now.

    The ConfigMap is what counts; it is tried again until the deadline. Event, pruning and files are worth a warning.
    `page` makes the report of the numbered verdict, `where` is the object of the Event. Raises nothing that a user
    could cause: what went wrong is `Published.problem`.
    """
    shelf = Shelf(out)
    whole = remember(verdict, shelf)
    _attempted("report store", lambda: shelf.put(verdict.id, {VERDICT: whole.text()}, recorded(verdict)))
    try:
        sealed = _put_up(thin(whole), board, key, deadline, sleep)
    except LeanragError as error:
        failed = Published(whole, problem=f"the verdict could not be published: {error.message}")
        notice.terminate(failed.sentence)
        return failed
    done = Published(sealed.verdict, sealed.body["metadata"]["name"], sealed.files.get(EVIDENCE, ""))
    _attempted("report store", lambda: shelf.published(verdict.id, _files(sealed, whole, page)))
    _attempted("verdicts of the past", lambda: _prune(board))
    _attempted("Event", lambda: _tell(done.verdict, board, where or notice.place()))
    notice.terminate(done.sentence)
    return done


def remember(verdict: Verdict, shelf: Shelf) -> Verdict:
    """Return the verdict with what earlier runs measured and could not publish named under `skipped`."""
    told = tuple(Skipped(f"the run {lost.id}", _lost(lost)) for lost in shelf.lost() if lost.id != verdict.id)
    for each in told:
        say(f"{each.what}: {each.why}")
    return replace(verdict, skipped=(*verdict.skipped, *told))


def _lost(lost: Lost) -> str:
    return f"it ended {lost.outcome} at {lost.end} and could not be published; its files are in the report store"


def _put_up(
    verdict: Verdict, board: Board, key: SigningKey | None, deadline: float, sleep: Callable[[float], None]
) -> _Sealed:
    """Create the ConfigMap under the next free number; asked again, it finds what an unheard answer created."""
    began, tries, sent = time.monotonic(), 0, dict[str, _Sealed]()
    while True:
        try:
            existing = board.verdicts()
            if found := _arrived(sent, existing):
                return found
            sealed = _seal(verdict, next_attempt(existing, verdict.revision or ""), board.namespace, key)
            sent[sealed.body["metadata"]["name"]] = sealed
            if board.create(sealed.body):
                return sealed
            problem, pause = UnreachableError("another run took the number again and again"), 0.0
        except UnreachableError as error:
            problem, pause = error, PAUSES[min(tries, len(PAUSES) - 1)]
            say(f"{error.message}; trying again in {pause:.0f} s")
        if time.monotonic() - began + pause > deadline:
            raise problem
        tries += 1
        sleep(pause)


def _arrived(sent: Mapping[str, _Sealed], existing: tuple[Mapping[str, Any], ...]) -> _Sealed | None:
    """An answer that was lost on its way may have been a yes: then our very text is there, and a second would lie."""
    for body in existing:
        ours = sent.get(body["metadata"]["name"])
        if ours and (body.get("data") or {}).get(VERDICT) == ours.files[VERDICT]:
            return ours
    return None


def _seal(verdict: Verdict, attempt: int, namespace: str, key: SigningKey | None) -> _Sealed:
    measured = verdict.measured_at or verdict.end
    numbered = replace(verdict, attempt=attempt, measured_at=measured, signed_by=key.kid if key else None)
    text = numbered.text()
    document = numbered.document()
    claims = claims_of(document, text)
    token = sign(claims, key) if key else ""
    metrics = openmetrics([document])
    # All annotations of an object together may have 256 KiB (apimachinery, TotalAnnotationSizeLimitB).
    sentence = notice.cut(notice.sentence(numbered), notice.MAX_TERMINATION)
    body = build(claims, text, token=token, sentence=sentence, metrics=metrics, namespace=namespace)
    return _Sealed(numbered, body, {VERDICT: text, METRICS: metrics} | ({EVIDENCE: token} if token else {}))


def _files(sealed: _Sealed, whole: Verdict, page: Page | None) -> Mapping[str, str]:
    said = sealed.verdict
    numbered = replace(whole, attempt=said.attempt, measured_at=said.measured_at, signed_by=said.signed_by)
    files = dict(sealed.files)
    if numbered != sealed.verdict:
        files[WHOLE] = numbered.text()
    if page:
        files[REPORT] = page(numbered)
    return files


def _prune(board: Board) -> None:
    for name in to_delete(board.verdicts()):
        board.delete(name)


def _tell(verdict: Verdict, board: Board, where: notice.Place) -> None:
    if where.kind:
        board.event(notice.event(verdict, where, board.namespace, stamp(utc_now())))


def _attempted(what: str, act: Callable[[], object]) -> None:
    """Do what must not cost the verdict, not even by a defect of ours."""
    try:
        act()
    except LeanragError as error:
        say(f"warning: {what}: {error.message}")
    except Exception as error:
        say(f"warning: {what}: unexpected {type(error).__name__}: {error}")
