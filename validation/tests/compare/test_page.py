"""The page, the text and the document of a comparison: complete, self-contained, safe, and readable in both schemes."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from leanrag.compare.comparison import Asked, compare
from leanrag.compare.document import document
from leanrag.compare.sides import SideFile
from leanrag.report import compare_page, compare_text

from .sides import changed, side

QUICK = Asked(draws=100)
EVIL = "<script>alert(1)</script><img src=//example.org/x>\"'"
SIZE: dict[str, Any] = {
    "gib": {"weights": 15.2, "cache": 3.4},
    "kvTokens": 27852,
    "costPerMillionOutputTokens": [0.3, 0.5],
}
# Values that the code chose among its own words.
FIXED = {"schema", "answer", "outcome", "kind", "metric", "side"}


def told(**more: Any) -> SideFile:
    return SideFile.model_validate({"schema": "leanrag.io/side/v1", "price": 1.2, "gpus": 2, "size": SIZE, **more})


def made(name: str) -> dict[str, Any]:
    base = side("bf16", range(3), n=120, told=told(kvTokens=27000))
    if name == "same":
        found = compare(base, side("int4", range(10, 13), n=120, told=told()), asked=QUICK)
    elif name == "worse":
        found = compare(base, side("int4", range(10, 13), n=120, factor=2, told=told()), asked=QUICK)
    else:
        found = compare(base, changed(side("int4", [9], n=120), gpu="NVIDIA-A100", engine=""), asked=QUICK)
    return json.loads(json.dumps(document(found), allow_nan=False))


@pytest.fixture(scope="module", params=["same", "worse", "not comparable"])
def sample(request: pytest.FixtureRequest) -> dict[str, Any]:
    return made(request.param)


@pytest.fixture(scope="module")
def worse() -> dict[str, Any]:
    return made("worse")


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def poisoned(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: entry if name in FIXED else poisoned(entry, name) for name, entry in value.items()}
    if isinstance(value, list):
        return [poisoned(entry) for entry in value]
    return value + EVIL if isinstance(value, str) else value


def test_the_answer_and_its_reason_come_first(sample: dict[str, Any]) -> None:
    page = compare_page.render(sample)
    heading = re.search(r"<h1>(.*?)</h1>", page, re.S)
    assert heading and sample["answer"].capitalize() in heading[1] and "<svg" in heading[1]
    assert compare_text.text(sample).startswith(sample["answer"].upper())


def test_every_figure_reason_and_doubt_is_on_the_page(sample: dict[str, Any]) -> None:
    text = Page(compare_page.render(sample)).text
    for one in sample["contrasts"]:
        assert one["reason"] in text
    for doubt in sample["doubts"]:
        assert doubt in text
    for run in (*sample["base"]["runs"], *sample["new"]["runs"]):
        assert run in text


def test_text_from_outside_never_becomes_markup(sample: dict[str, Any]) -> None:
    dirty = poisoned(sample)
    for one in dirty["matters"]:
        one["name"] = one["name"].removesuffix(EVIL)
    parsed = Page(compare_page.render(dirty))
    assert not {tag for tag, _ in parsed.tags} & {"script", "img", "iframe", "object", "link", "base"}
    assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]
    assert "\x1b" not in compare_text.text({**dirty, "reason": "\x1b[31mred", "doubts": ["a", "\x1b[31mred"]})


def test_the_page_loads_nothing_and_runs_nothing(sample: dict[str, Any]) -> None:
    text = compare_page.render(sample)
    parsed = Page(text)
    policy = next(a["content"] for _, a in parsed.tags if a.get("http-equiv") == "Content-Security-Policy")
    style = re.search(r"<style>(.*?)</style>", text, re.S)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not [a for _, a in parsed.tags if {"src", "href", "style", "srcset", "action"} & set(a)]
    assert "url(" not in style[1] and "@import" not in style[1]


def test_plots_speak(worse: dict[str, Any]) -> None:
    plots = [a for tag, a in Page(compare_page.render(worse)).tags if tag == "svg" and a.get("role") == "img"]
    assert len(plots) == len(worse["contrasts"]) + 3
    assert all(len(a["aria-label"] or "") > 20 for a in plots)


def test_worse_lies_right_of_the_middle_for_throughput_too(worse: dict[str, Any]) -> None:
    from leanrag.report.compare_view import effects

    rows = {row.name: row for row in effects(worse)}
    for name in ("TTFT p95", "Output tokens a second"):
        assert rows[name].low is not None and rows[name].low > 0.5, name


def test_what_may_not_be_compared_is_drawn_but_not_judged() -> None:
    page = compare_page.render(made("not comparable"))
    assert "What each figure says" not in page
    assert "Latency of answered requests" in page


def test_a_curve_needs_two_loads(worse: dict[str, Any]) -> None:
    assert "a point and no curve" in compare_page.render(worse)
    more = [
        {**load, "stage": "concurrent 8", "tokensPerSecond": load["tokensPerSecond"] * 2} for load in worse["loads"]
    ]
    page = compare_page.render({**worse, "loads": [*worse["loads"], *more]})
    assert "a point and no curve" not in page
    assert page.count('class="point new"') == 4  # two loads, TTFT and end-to-end


def test_memory_and_money_are_told_where_they_are_known(worse: dict[str, Any]) -> None:
    text = Page(compare_page.render(worse)).text
    assert "Weights, GiB of one GPU" in text and "15.2" in text
    assert "27,000" in text  # what the engine says its cache holds
    load = next(one for one in worse["loads"] if one["side"] == "base")
    assert load["costPerMillionOutputTokens"] == pytest.approx(1.2 * 2 / 3600 / load["tokensPerSecond"] * 1e6)


def test_both_colour_schemes_narrow_screens_and_print_are_designed_for(sample: dict[str, Any]) -> None:
    text = compare_page.render(sample)
    for query in ("(prefers-color-scheme: dark)", "(max-width: 720px)", "@media print", "width=device-width"):
        assert query in text


def test_the_document_holds_no_figure_that_json_has_no_word_for(sample: dict[str, Any]) -> None:
    assert json.loads(compare_text.render_json(sample)) == sample
    assert sample["schema"] == "leanrag.io/comparison/v1"
