"""One self-contained page that tells an operator in ten seconds what happened and why."""

import base64
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from leanrag.report import view, words
from leanrag.report.causes import cause_rows
from leanrag.report.curves import curves_of
from leanrag.report.economy import economy_rows


def render(document: Mapping[str, Any]) -> str:
    """Return a verdict document as HTML; every text of it is escaped, for models and servers wrote some of them."""
    template, style = _assets()
    rows, curves = view.objective_rows(document), curves_of(document)
    return template.render(
        v=document,
        style=Markup(style),
        # The policy allows this very style sheet and nothing else: no script, no attribute, no request.
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        words=words.WORDS,
        commit=words.commit(document),
        meaning=view.meaning(document),
        rows=rows,
        unmeasured=view.unmeasured(rows),
        curves=curves,
        causes=cause_rows(document),
        economies=economy_rows(document),
        several=len({row.model for row in rows} | {curve.model for curve in curves}) > 1,
        steps=view.step_rows(document),
        skipped=view.skipped_rows(document),
        subject=view.subject_rows(document),
        when=words.moment(document["start"]),
        took=words.duration(words.elapsed(document)),
    )


@lru_cache(maxsize=1)
def _assets() -> tuple[Template, str]:
    here = resources.files("leanrag.report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    environment.filters["clean"] = words.clean
    template = environment.from_string(here.joinpath("page.html.j2").read_text(encoding="utf-8"))
    return template, here.joinpath("page.css").read_text(encoding="utf-8")
