"""One self-contained page of a comparison: the answer, every figure with its interval, distributions, the price."""

import base64
import hashlib
from functools import lru_cache
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from leanrag.report import compare_plots, compare_view, words
from leanrag.report import compare_words as say
from leanrag.report.compare_words import Document


def render(document: Document) -> str:
    """Return a comparison document as HTML; every text of it is escaped, for files and servers wrote some of them."""
    template, style = _assets()
    rows = compare_view.effects(document)
    plots = compare_plots.distributions(document)
    return template.render(
        c=document,
        style=Markup(style),
        # The policy allows this very style sheet and nothing else: no script, no attribute, no request.
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        sides=say.sides(document),
        tone=say.TONES[document["answer"]],
        reason=say.sentence(document["reason"]),
        meaning=say.MEANINGS[document["answer"]],
        rows=rows,
        several=len({row.stage for row in rows}) > 1,
        plots=plots,
        bends=compare_plots.bends(document),
        path=compare_plots.path,
        economy=compare_view.economy(document),
        matters=compare_view.matters(document),
        method=compare_view.method(document),
    )


@lru_cache(maxsize=1)
def _assets() -> tuple[Template, str]:
    here = resources.files("leanrag.report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    environment.filters["clean"] = words.clean
    template = environment.from_string(here.joinpath("compare_page.html.j2").read_text(encoding="utf-8"))
    style = "".join(here.joinpath(name).read_text(encoding="utf-8") for name in ("page.css", "compare_page.css"))
    return template, style
