"""What a folder of verdicts tells: a line a commit, nothing unreadable passed over in silence, nothing that runs."""

import json
import re
from html.parser import HTMLParser

import pytest

from leanrag.cli.history import show_history
from leanrag.core.errors import InputError
from leanrag.report.history import as_json, as_text, past
from leanrag.report.history_page import page

A, B = "a" * 40, "b" * 40


@pytest.fixture
def store(tmp_path, verdict):
    """A report store: a good commit measured twice, a bad one after it, and the newest verdict once more."""

    def put(name, revision, end, sample, **changes):
        document = verdict(sample) | {"id": name, "revision": revision, "end": end, "dirty": False} | changes
        for entry in document["steps"]:
            if entry["name"] == "load" and sample == "pass":
                entry["facts"] = {"engine": {"tiny-chat": {"prefixHitRate": 0.021, "kvUsageMost": 0.4}}}
        folder = tmp_path / "verdicts" / name
        folder.mkdir(parents=True)
        (folder / "verdict.json").write_text(json.dumps(document))
        return document

    put("one", A, "2026-11-20T04:00:00Z", "pass")
    put("two", A, "2026-11-20T05:00:00Z", "pass")
    newest = put("three", B, "2026-11-21T04:00:00Z", "fail-slow")
    (tmp_path / "verdict.json").write_text(json.dumps(newest))
    return tmp_path


def test_a_commit_is_a_line_with_what_was_seen_and_what_was_allowed(store):
    found, problems = past(store)
    text = as_text(found)
    head, _, bad, good = text.splitlines()
    assert head == "tiny-chat on local (scope local)"
    assert re.match(r"bbbbbbbbbbbb  2026-11-21 04:00  1 +✗ FAIL +142 of 120 ms ✗", bad)
    assert re.match(r"aaaaaaaaaaaa  2026-11-20 05:00  2 +✓ PASS +142 of 300 ms  ", good)
    assert "2.1 %" in good
    assert problems == ()


def test_no_engine_figure_no_column(store, verdict):
    for each in store.rglob("verdict.json"):
        document = json.loads(each.read_text())
        document["steps"] = [{**step, "facts": {}} for step in document["steps"]]
        each.write_text(json.dumps(document))
    assert "prefix hits" not in as_text(past(store)[0])


def test_the_json_holds_every_run(store):
    document = json.loads(as_json(*past(store)))
    (model,) = document["models"]
    assert [(line["revision"], line["counts"], len(line["runs"])) for line in model["lines"]] == [
        (B, "three", 1),
        (A, "two", 2),
    ]
    assert document["unreadable"] == []


def test_a_verdict_that_cannot_be_read_is_told(store):
    (store / "verdicts" / "one" / "verdict.json").write_text("{")
    found, problems = past(store)
    assert len(found[0].lines[1].runs) == 1
    assert len(problems) == 1
    assert "verdicts/one/verdict.json: not a whole JSON document" in problems[0]


def test_other_files_are_no_verdicts(store):
    (store / "guidellm.json").write_text("{}")
    assert past(store)[1] == ()


@pytest.mark.parametrize("content", [None, "{}", "x"])
def test_a_folder_without_a_verdict_is_no_history(tmp_path, content):
    if content:
        (tmp_path / "verdict.json").write_text(content)
    with pytest.raises(InputError, match="no verdict with an objective in it"):
        past(tmp_path)


def test_a_file_is_no_folder(store):
    with pytest.raises(InputError, match="not a folder"):
        past(store / "verdict.json")


class Strict(HTMLParser):
    """Remembers tags, and that all that were opened were closed."""

    def __init__(self):
        super().__init__()
        self.seen, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(html):
    reader = Strict()
    reader.feed(html)
    assert reader.open == []
    return reader.seen


def test_the_page_has_a_point_a_run_and_runs_nothing(store):
    tags = parsed(page(past(store)[0]))
    circles = [attrs for tag, attrs in tags if tag == "circle"]
    assert len(circles) == 3 * 5  # runs × objectives
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in tags}
    assert not any(name.startswith("on") or name in ("src", "href", "style") for _, attrs in tags for name in attrs)


def test_a_name_that_would_be_markup_is_text(store):
    for each in store.rglob("verdict.json"):
        each.write_text(each.read_text().replace("tiny-chat", "<script>alert(1)</script>"))
    html = page(past(store)[0])
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_points_stay_inside_the_plot(store):
    html = page(past(store)[0])
    down, across = re.findall(r'cy="([0-9.]+)"', html), re.findall(r'cx="([0-9.]+)%"', html)
    assert len(down) == len(across) == 3 * 5  # runs × objectives
    assert all(16 <= float(each) <= 136 for each in down)
    assert all(0 <= float(each) <= 100 for each in across)


def test_figures_that_are_all_the_same_still_make_a_page(tmp_path, verdict):
    document = verdict("pass")
    for entry in document["objectives"]:
        entry |= {"estimate": 0.0, "limit": 0.0}
    (tmp_path / "verdict.json").write_text(json.dumps(document))
    html = page(past(tmp_path)[0])
    parsed(html)
    assert "<circle" in html and '"nan' not in html.lower()


def test_an_objective_that_was_never_seen_has_no_plot(tmp_path, nothing_measured):
    (tmp_path / "verdict.json").write_text(json.dumps(nothing_measured))
    assert "<circle" not in page(past(tmp_path)[0])


def test_the_verb_prints_writes_and_warns(store, capsys):
    (store / "verdicts" / "one" / "verdict.json").write_text("{")
    assert show_history(store, "json", store / "history.html") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["models"]
    assert "warning: " in err
    assert (store / "history.html").read_text().startswith("<!doctype html>")


def test_a_format_that_a_history_has_not_is_refused(store):
    with pytest.raises(InputError, match="no format 'junit'"):
        show_history(store, "junit", None)
