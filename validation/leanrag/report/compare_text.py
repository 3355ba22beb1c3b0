"""A comparison for a terminal: the answer first, then why, then every figure; and as JSON."""

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.report import compare_words as say
from leanrag.report.compare_words import Document
from leanrag.report.text import SIGNS, WIDTH, table
from leanrag.report.words import clean


def text(document: Document) -> str:
    """Return the whole comparison as plain text."""
    parts = (_head(document), _figures(document), _reasons(document), _costs(document), _matters(document))
    return "\n\n".join("\n".join(part) for part in (list(each) for each in parts) if part)


def render_json(document: Document) -> str:
    """Return the document for programs."""
    return json.dumps(document, indent=2, allow_nan=False)


def _head(document: Document) -> Iterator[str]:
    base, new = say.sides(document)
    yield f"{document['answer'].upper()}  ({new} against {base})"
    yield from textwrap.wrap(clean(document["reason"]), WIDTH)
    yield from textwrap.wrap(say.MEANINGS[document["answer"]], WIDTH)
    yield from (f"  {SIGNS['FAIL']} {clean(doubt)}" for doubt in document["doubts"][1:])


def _figures(document: Document) -> Iterator[str]:
    rows = [
        (
            f"{SIGNS[say.TONES[one['answer']]]} {_named(one, document)}",
            one["answer"],
            say.amount(one["base"], one["metric"]),
            say.amount(one["new"], one["metric"]),
            say.change(one) if one["change"] is not None else "–",
        )
        for one in document["contrasts"]
    ]
    yield from table(("figure", "answer", *say.sides(document), "candidate / baseline"), rows)


def _named(one: Mapping[str, Any], document: Document) -> str:
    several = len({each["stage"] for each in document["contrasts"]}) > 1
    return f"{say.name(one)}{' at ' + clean(one['stage']) if several else ''}"


def _reasons(document: Document) -> Iterator[str]:
    """Return why, of the figures that are no yes; those of one reason together."""
    groups: dict[str, list[str]] = {}
    for one in document["contrasts"]:
        if one["answer"] in ("worse", "undecided"):
            groups.setdefault(f"{clean(one['reason'])}; {say.noise(one)}", []).append(_named(one, document))
    if groups:
        yield "why"
    for reason, names in groups.items():
        yield from textwrap.wrap(f"{', '.join(names)}: {reason}", WIDTH, initial_indent="  ", subsequent_indent="    ")


def _costs(document: Document) -> Iterator[str]:
    base, new = say.sides(document)
    rows = [
        (
            clean(load["stage"]),
            base if load["side"] == "base" else new,
            f"{load['requests']:,}",
            say.amount(load["tokensPerSecond"], "throughput"),
            say.money(load["costPerMillionOutputTokens"]),
        )
        for load in document["loads"]
    ]
    yield from table(("load", "side", "requests", "output", "a million output tokens cost"), rows)


def _matters(document: Document) -> Iterator[str]:
    rows = [
        (say.FACTS[one["name"]], say.KINDS[one["kind"]][1], clean(one["base"]) or "–", clean(one["new"]) or "–")
        for one in document["matters"]
        if one["kind"] != "same"
    ]
    yield from table(("fact", "", *say.sides(document)), rows)
