"""The page tells an operator what happened, alone, in any colour scheme, and whatever text a model wrote into it."""

import base64
import hashlib
import html
import re
from html.parser import HTMLParser

import pytest

from leanrag.report import html as page

EVIL = "<script>alert(1)</script><img src=//example.org/x onerror=alert(2)>\"'"
# Values of these keys are limited by the schema; every other text may hold anything.
FIXED = {"outcome", "schema", "scope", "mode", "start", "end", "revision", "contentHash"}


class Page(HTMLParser):
    """Tags with their attributes, and the text outside of them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.open = [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def poisoned(value):
    if isinstance(value, dict):
        return {key: entry if key in FIXED else poisoned(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [poisoned(entry) for entry in value]
    return value + EVIL if isinstance(value, str) else value


def test_outcome_and_reason_come_first_in_words(sample):
    text = page.render(sample)
    body = text[text.index("<body>") :]
    word = {"PASS": "Pass", "FAIL": "Fail", "INCONCLUSIVE": "Inconclusive"}[sample["outcome"]]
    heading = re.search(r"<h1>(.*?)</h1>", body, re.S)[1]
    assert word in heading
    assert "<svg" in heading  # an icon too: colour alone does not reach everybody
    assert body.index(html.escape(sample["reason"])) < body.index("<main")


def test_everything_the_verdict_says_is_on_the_page(sample):
    text = re.sub(r"\s+", " ", Page(page.render(sample)).text)
    for step in sample["steps"]:
        assert step["name"] in text
        for item in step["items"]:
            assert item["proves"] in text
    for objective in sample["objectives"]:
        assert f"{objective['violations']} of {objective['n']} broke it" in text
    for check in sample["evidence"]:
        assert check["reason"] in text
    for entry in sample["skipped"]:
        assert entry["why"] in text
    for said in (sample["revision"], sample["contentHash"], str(sample["seed"]), *sample["subject"]["images"]):
        assert said in text
    for command in sample["reproduce"]:
        assert command in text


def test_text_from_outside_never_becomes_markup(sample):
    parsed = Page(page.render(poisoned(sample)))
    tags = {tag for tag, _ in parsed.tags}
    assert not tags & {"script", "img", "iframe", "object", "link", "base"}
    assert "<script>alert(1)</script>" in parsed.text
    assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]


def test_the_page_loads_nothing_and_runs_nothing(sample):
    text = page.render(sample)
    parsed = Page(text)
    policy = next(a["content"] for tag, a in parsed.tags if a.get("http-equiv") == "Content-Security-Policy")
    style = re.search(r"<style>(.*?)</style>", text, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not [a for _, a in parsed.tags if {"src", "href", "style", "srcset", "action"} & set(a)]
    assert "url(" not in style
    assert "@import" not in style


def test_plots_speak(sample):
    plots = [a for tag, a in Page(page.render(sample)).tags if tag == "svg" and a.get("role") == "img"]
    assert len(plots) == len(sample["objectives"]) + len(sample["distributions"])
    assert all(len(a["aria-label"]) > 20 for a in plots)


def test_failed_steps_are_open_and_passed_ones_closed(verdict):
    text = page.render(verdict("fail-slow"))
    states = re.findall(r'<details class="step (\w+)"( open)?>', text)
    assert ("fail", " open") in states
    assert all(bool(is_open) == (outcome in ("fail", "inconclusive")) for outcome, is_open in states)


def test_failed_cases_come_before_passed_ones(verdict):
    document = verdict("pass")
    smoke = next(step for step in document["steps"] if step["name"] == "smoke")
    smoke["items"][-1] |= {"name": "the-failed-one", "outcome": "FAIL"}
    text = page.render(document)
    assert text.index("the-failed-one") < text.index(smoke["items"][0]["name"])


def test_without_numbers_the_page_says_why_and_draws_no_plot(nothing_measured):
    parsed = Page(page.render(nothing_measured))
    assert "None was measured: no result: load: smoke failed." in parsed.text
    assert not [a for tag, a in parsed.tags if tag == "svg" and a.get("role") == "img"]


def test_both_colour_schemes_narrow_screens_and_print_are_designed_for(sample):
    text = page.render(sample)
    for query in ("(prefers-color-scheme: dark)", "(max-width: 720px)", "@media print", "width=device-width"):
        assert query in text


def _luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _colours(block):
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", block))
    return {name: c if len(c) == 7 else "#" + "".join(d * 2 for d in c[1:]) for name, c in found.items()}


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_text_has_the_contrast_of_wcag_aa(verdict, scheme):
    blocks = re.findall(r":root \{(.*?)\}", page.render(verdict("pass")), re.S)
    colours = _colours(blocks[0]) | (_colours(blocks[1]) if scheme else {})
    pairs = [("ink", "card"), ("quiet", "card"), ("quiet", "paper"), ("ink", "paper")]
    pairs += [(tone, f"{tone}-soft") for tone in ("pass", "fail", "inconclusive", "not_run")]
    for front, back in pairs:
        high, low = sorted((_luminance(colours[front]), _luminance(colours[back])), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5, (front, back)
