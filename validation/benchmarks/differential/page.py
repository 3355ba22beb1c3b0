"""docs/differential.md: how often both judges agree, and the reason of every disagreement."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from compare import Answer

from leanrag.checks.worlds import MINORS
from leanrag.core import yamlio

_OF_CLUSTER = re.compile(r"not configured (on|for)|already allocated|error looking up service account")
_SHOWN = 220
_NOT_COMPARED = """
## What is not compared

- The API server runs the newer minor alone; what only the older one refuses is told by its OpenAPI.
- Admission webhooks, policies, quotas and what else lives in a cluster.
- Transition rules: every object of the run is new. test_cel.py has them.
- Definitions (CustomResourceDefinition): that a rule is CEL is checked, its types and the schema around it are not.
"""
_INTRODUCTION = """# leanrag check beside a real API server

Written by `python validation/benchmarks/differential --write`; not edited. {sound} sound objects (all that the
clusters of this repository render, and seeds.yaml beside the program, for kinds that no chart has) and {mutants}
mutants of them (seeds {seeds}), of {kinds} kinds, each judged twice: by `leanrag check` on that object alone (OBJ001 to
OBJ006, CEL001, IMG002; Kubernetes {minors}), and by an API server {version} in a server-side dry run with strict field
validation, with the CRDs of the object's release, CEL included.

**Taken by us and refused by the API server: {wrong}.**

"""


@cache
def reasons() -> Sequence[dict[str, Any]]:
    """Return the table of reasons."""
    return list(yamlio.read(Path(__file__).with_name("reasons.yaml")) or [])


def reason(answer: Answer) -> str:
    """Return why we are stricter, from reasons.yaml; empty when nobody has said it."""
    said = [str(each) for each in answer.findings if not each.unknown]
    held = [next((each["reason"] for each in reasons() if re.search(each["finding"], one)), "") for one in said]
    return next((each for each in held if each), "") if said else ""


def of_cluster(answer: Answer) -> bool:
    """Say whether the API server refuses an object for what the cluster is, which no reader of files can know."""
    return bool(_OF_CLUSTER.search(answer.server))


def is_false_accept(answer: Answer) -> bool:
    """Say whether we take what the API server refuses for the object's own sake."""
    return answer.ours == "accepted" and answer.theirs == "refused" and not of_cluster(answer)


def disagreements(found: Sequence[Answer]) -> list[str]:
    """Return what must not be: accepted by us alone, or refused by us alone without a reason."""
    lines = []
    for each in found:
        if is_false_accept(each):
            lines.append(f"accepted by us alone: {_named(each)}: {each.server}")
        if not each.case.sort and each.ours != "accepted":
            lines.append(f"not sound: {_named(each)}: {'; '.join(map(str, each.findings))}")
        elif each.ours == "refused" and each.theirs == "accepted" and not reason(each):
            lines.append(f"refused by us alone: {_named(each)}: {'; '.join(map(str, each.findings))}")
    return lines


def _named(answer: Answer) -> str:
    case = answer.case
    return f"{case.manifest.kind}/{case.manifest.name} ({case.sort or 'as rendered'}: {case.place})"


def page(found: Sequence[Answer], seeds: Sequence[int], version: str) -> str:
    """Return the whole page."""
    sound = [each for each in found if not each.case.sort]
    mutants = [each for each in found if each.case.sort]
    kinds = len({each.case.manifest.kind for each in found})
    text = _INTRODUCTION.format(
        version=version,
        minors=" and ".join(MINORS),
        sound=len(sound),
        mutants=len(mutants),
        kinds=kinds,
        seeds=", ".join(map(str, seeds)),
        wrong=sum(map(is_false_accept, found)),
    )
    text += _table("objects", [("as rendered or written", sound), *_by_sort(mutants), ("all", list(found))])
    text += _by_rule(found)
    return text + _stricter(found) + _unknown(found) + _cluster(found) + _NOT_COMPARED


def _by_sort(mutants: Sequence[Answer]) -> list[tuple[str, list[Answer]]]:
    sorts = sorted({each.case.sort for each in mutants})
    return [(sort, [each for each in mutants if each.case.sort == sort]) for sort in sorts]


def _table(what: str, rows: Sequence[tuple[str, list[Answer]]]) -> str:
    head = f"| {what} | number | both take | both refuse | only we refuse | only we take | unknown to us |\n"
    return head + "|---|---:|---:|---:|---:|---:|---:|\n" + "".join(_row(*each) for each in rows)


def _row(name: str, found: list[Answer]) -> str:
    counts = Counter((each.ours, each.theirs) for each in found)
    unknown = sum(each.ours == "unknown" for each in found)
    ours = sum(map(is_false_accept, found))
    # What is refused for the cluster's sake is taken by both as far as the object goes.
    both = counts["accepted", "accepted"] + counts["accepted", "refused"] - ours
    cells = (len(found), both, counts["refused", "refused"], counts["refused", "accepted"], ours, unknown)
    return f"| {name} | {' | '.join(map(str, cells))} |\n"


def _by_rule(found: Sequence[Answer]) -> str:
    refused = [each for each in found if each.ours == each.theirs == "refused"]
    counts = Counter(rule for each in refused for rule in {one.rule for one in each.findings if not one.unknown})
    return f"\nWhat both refuse was found by {', '.join(f'{rule} ({many})' for rule, many in counts.most_common())}.\n"


def _stricter(found: Sequence[Answer]) -> str:
    held = [each for each in found if each.ours == "refused" and each.theirs == "accepted"]
    text = "\n## What only we refuse, and why\n\n| reason | objects | one of them |\n|---|---:|---|\n"
    for why, many in Counter(reason(each) or "not explained" for each in held).most_common():
        first = next(each for each in held if (reason(each) or "not explained") == why)
        text += f"| {why} | {many} | {_cell(str(first.findings[0]))} |\n"
    return text


def _unknown(found: Sequence[Answer]) -> str:
    held = [each for each in found if each.ours == "unknown"]
    text = f"\n## What we could not judge: {len(held)}\n\nNever a pass; `leanrag check` ends with 2.\n\n"
    for said, many in Counter(each.findings[0].message for each in held).most_common():
        text += f"- {many}: {_cell(said)}\n"
    return text


def _cluster(found: Sequence[Answer]) -> str:
    held = [each for each in found if each.ours == "accepted" and of_cluster(each)]
    text = f"\n## What the cluster alone decides: {len(held)}\n\n"
    for said, many in Counter(each.server.rpartition(": ")[2] for each in held).most_common():
        text += f"- {many}: {_cell(said)}\n"
    return text


def _cell(text: str) -> str:
    shown = text if len(text) <= _SHOWN else text[:_SHOWN].rstrip() + "…"
    return "`" + shown.replace("|", "/").replace("`", "'") + "`"
