"""docs/differential.md: how often both judges agree, and the reason of every disagreement."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from compare import Answer

from leanrag.core import yamlio


@cache
def reasons() -> Sequence[dict[str, Any]]:
    return list(yamlio.read(Path(__file__).with_name("reasons.yaml")) or [])


def reason(answer: Answer) -> str:
    """Return why we are stricter, from reasons.yaml; empty when nobody has said it."""
    said = [str(each) for each in answer.findings if not each.unknown]
    held = [next((each["reason"] for each in reasons() if re.search(each["finding"], one)), "") for one in said]
    return next((each for each in held if each), "") if said else ""


def disagreements(found: Sequence[Answer]) -> list[str]:
    """Return what must not be: accepted by us alone, or refused by us alone without a reason."""
    lines = []
    for each in found:
        name = (
            f"{each.case.manifest.kind}/{each.case.manifest.name} ({each.case.sort or 'rendered'}: {each.case.place})"
        )
        if each.ours == "accepted" and each.theirs == "refused":
            lines.append(f"accepted by us alone: {name}: {each.server}")
        if each.ours == "refused" and each.theirs == "accepted" and not reason(each):
            lines.append(f"refused by us alone: {name}: {'; '.join(map(str, each.findings))}")
    return lines


def page(found: Sequence[Answer], seed: int) -> str:
    return ""
