"""`leanrag status` on one screen: a line for each cluster, and below it a line for each reason."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime

from leanrag.core.result import JSON
from leanrag.operate.ahead import Ahead
from leanrag.operate.application import moment
from leanrag.operate.look import Status
from leanrag.operate.standing import Pin, Standing, VerdictLine, span

HEADINGS = ("CLUSTER", "STATE", "PIN", "AGE", "MAIN IS AHEAD BY", "VERDICT", "FOLLOWS", "APPLICATIONS")
LONGEST = 240  # characters of a reason; --format json has all of it
NOT_ASKED = "clusters were not asked: no verdicts, no Applications (give --kubeconfig)"


def as_text(status: Status, now: datetime) -> str:
    """Return the table for people."""
    rows = [HEADINGS, *(_cells(row, now) for row in status.rows)]
    # A column in which no cluster has anything is left out.
    kept = [at for at in range(len(HEADINGS)) if at < 3 or any(row[at] not in ("", "–") for row in rows[1:])]
    widths = {at: max(len(row[at]) for row in rows) for at in kept}
    lines = ["  ".join(row[at].ljust(widths[at]) for at in kept).rstrip() for row in rows]
    head = f"main is {status.main[:12]} ({status.ref}): {status.subject}"
    reasons = [line for row in status.rows for line in _reasons(row, now)]
    notes = () if status.asked else (NOT_ASKED,)
    return "\n".join((head, "", *lines, *(("", *reasons) if reasons else ()), *(("", *notes) if notes else ())))


def as_json(status: Status, code: int) -> str:
    """Return everything that is known as one JSON document."""
    document: dict[str, JSON] = {
        "main": {"revision": status.main, "ref": status.ref, "subject": status.subject},
        "asked": status.asked,
        "exitCode": code,
        "clusters": [{**asdict(row), "state": row.state} for row in status.rows],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _cells(row: Standing, now: datetime) -> tuple[str, ...]:
    live = f"{row.live.settled}/{row.live.applications}" if row.live else "–"
    approved = " (by a person)" if row.approval == "manual" else ""
    return (
        row.cluster,
        row.state,
        _pin(row.pin),
        _age(row.pin.at, now) if row.pin.revision != "main" else "–",
        _ahead(row.ahead),
        _verdict(row.verdict, row.pin, now),
        f"{row.follows}{approved}" if row.follows else "–",
        live,
    )


def _pin(pin: Pin) -> str:
    if pin.revision is None:
        return "nothing yet"
    return "main" if pin.revision == "main" else pin.revision[:12]


def _ahead(ahead: Ahead | None) -> str:
    if ahead is None:
        return "–"
    if not ahead.commits:
        return "0"
    more = "more than " if ahead.more else ""
    return f"{more}{ahead.commits}, of which {ahead.relevant} matter here"


def _verdict(verdict: VerdictLine | None, pin: Pin, now: datetime) -> str:
    """Name the cluster's own verdict; without one, the evidence by which it was pinned, and whose that is."""
    shown = verdict or pin.evidence
    if shown is None:
        return "–"
    whose = "" if verdict else f" of {shown.cluster}"
    other = f" about {shown.about[:12]}" if verdict and shown.about != pin.sha else ""
    carried = ", carried" if shown.carried else ""
    age = f" {_age(shown.ended, now)} ago" if shown.ended else ""
    return f"{shown.outcome}{whose}{' ' + shown.mode if shown.mode else ''}{age}{carried}{other}"


def _age(at: str, now: datetime) -> str:
    since = moment(at)
    return span(now - since) if since else "–"


def _reasons(row: Standing, now: datetime) -> Iterator[str]:
    shown: set[str] = set()
    for word, sentences in (
        ("broken", row.failures),
        ("unknown", row.unknown),
        ("held", row.holds),
        ("frozen", row.freeze),
        ("waits", row.waits),
        ("refused", row.verdict.refused if row.verdict else ()),
        ("pinned", _placed(row.pin, now)),
    ):
        for sentence in sentences:
            if sentence not in shown:
                shown.add(sentence)
                yield f"{row.cluster}: {word}: {_short(sentence)}"


def _short(sentence: str) -> str:
    """Return a sentence on one line; of a long one (helm's whole command) its beginning, and its end with the cause."""
    line = " ".join(sentence.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST // 3]} … {line[-2 * LONGEST // 3 :]}"


def _placed(pin: Pin, now: datetime) -> Iterable[str]:
    """Say what runs and how it came there."""
    if pin.revision in (None, "main") or not pin.subject:
        return ()
    by = f" by {pin.by}" if pin.by else ""
    kind = {"promote": "promoted", "rollback": "rolled back to", "override": "placed without evidence"}.get(
        pin.kind, ""
    )
    source = f" from {pin.source}" if pin.source else ""
    how = f", {kind}{source}{by} {_age(pin.at, now)} ago" if kind else ""
    return (f"“{pin.subject}”{how}{': ' + pin.reason if pin.reason else ''}",)
