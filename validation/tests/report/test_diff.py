"""What a commit does reads well on a terminal, in a comment and to a program, and no Secret is in any of them."""

import json
from pathlib import Path

import pytest

from leanrag.catalog.model import App
from leanrag.changes.model import AppChange, Changes, ClusterChange, Trouble
from leanrag.changes.objects import object_changes
from leanrag.changes.weight import weights
from leanrag.render.manifest import Manifest
from leanrag.report.diff_markdown import markdown
from leanrag.report.diff_text import document, text

ALL = {"text": text, "json": document, "markdown": markdown}


def manifest(kind, name="x", app="east-a", **body):
    place = App(app, "east", "data", "a", "a", "ns", Path(), Path(), ())
    return Manifest(place, "charts/data/a/templates/x.yaml", {"kind": kind, "metadata": {"name": name}, **body})


def app(before, after, name="east-a"):
    return AppChange(name, "changed", object_changes(before, after), weights(before), weights(after))


def changes(*apps, **more):
    return Changes("A", "B", (ClusterChange("east", "changed", False, 3, apps),), ("west",), **more)


def config(**data):
    return manifest("ConfigMap", data=data)


@pytest.mark.parametrize("form", ALL)
def test_values_of_secrets_are_in_no_format(form):
    secrets = [manifest("Secret", data={"token": value}) for value in ("b2xk", "bmV3")]
    shown = ALL[form](changes(app(secrets[:1], secrets[1:])))
    assert "token" in shown
    assert "b2xk" not in shown and "bmV3" not in shown


def test_a_value_that_controls_a_terminal_is_made_harmless():
    shown = text(changes(app([config(a="x")], [config(a="\x1b[2J\u202eevil")])))
    assert "\x1b" not in shown and "\u202e" not in shown
    assert "x → evil" in shown


def test_a_long_value_is_cut_and_a_hash_is_short():
    lines = text(changes(app([config(a="y" * 500, b="a" * 64)], [config(a="z" * 500, b="b" * 64)])))
    assert max(map(len, lines.splitlines())) < 200
    assert "aaaaaaaaaaaa… → bbbbbbbbbbbb…" in lines


def test_a_text_of_many_lines_shows_only_the_lines_that_differ():
    old, new = ("\n".join(f"line {at}" for at in range(100)) for _ in range(2))
    lines = text(changes(app([config(f=old)], [config(f=new.replace("line 50", "line fifty"))]))).splitlines()
    assert [line.split() for line in lines if "fifty" in line or "line 50" in line] == [
        ["-", "line", "50"],
        ["+", "line", "fifty"],
    ]
    assert not any("line 10" in line for line in lines)


def test_arguments_that_went_and_came_are_told_each():
    old, new = (manifest("X", spec={"args": ["--a=1", last]}) for last in ("--b=1", "--b=2"))
    shown = text(changes(app([old], [new])))
    assert "-   spec.args: --b=1" in shown and "+   spec.args: --b=2" in shown
    assert "--a=1" not in shown


def test_the_same_change_on_another_cluster_is_said_once():
    one, other = (app([config(a="1")], [config(a="2")], name) for name in ("east-a", "west-a"))
    both = (ClusterChange("east", "changed", False, 1, (one,)), ClusterChange("west", "changed", True, 1, (other,)))
    for form in (text, markdown):
        shown = form(Changes("A", "B", both, ()))
        assert shown.count("ConfigMap/x") == 1
        assert "s east-a" in shown


def test_a_comment_stays_within_its_limit_and_says_what_is_missing():
    many = [{f"k{n}-{at}": "v" for at in range(300)} for n in range(9)]
    apps = [app([config()], [config(**data)], f"east-{n}") for n, data in enumerate(many)]
    shown = markdown(changes(*apps), 20_000)
    assert len(shown) <= 20_000
    assert "Left out, because a comment holds 20,000 characters" in shown
    assert shown.count("<details>") == shown.count("</details>") > 0


def test_a_summary_that_is_too_long_by_itself_is_cut_where_a_line_ends():
    many = tuple(Trouble("after", f"app-{n}", "broken " * 20, "") for n in range(100))
    shown = markdown(changes(troubles=many), 5_000)
    assert len(shown) <= 5_000
    assert shown.endswith("_Cut here: the summary alone is longer than 5,000 characters._\n")


def test_what_a_file_says_cannot_change_the_comment():
    nasty = "```\n</details> @someone <img src=x> |"
    shown = markdown(changes(app([config(a="x\ny")], [config(a=nasty)]), notes=("@someone <b>",)))
    body = shown[shown.index("<details>") :]
    assert "\n````diff\n" in body and body.count("\n````\n") == 1
    outside = shown[: shown.index("<details>")]
    assert "<b>" not in outside and "@" not in outside.replace("&#64;", "")


def test_another_version_of_a_chart_is_one_line_and_no_empty_fence():
    labels = ({"metadata": {"labels": {"helm.sh/chart": f"a-{at}"}}} for at in (1, 2))
    old, new = (manifest("CronJob", spec={"jobTemplate": each}) for each in labels)
    shown = markdown(changes(app([old], [new])))
    assert "east-a: 1 object with another chart version only." in shown
    assert "```" not in shown


def test_a_claim_that_shrinks_is_said_so():
    old, new = (manifest("PersistentVolumeClaim", apiVersion="v1", spec=size(gib)) for gib in (2, 1))
    assert "spec.resources.requests.storage cannot shrink; make a claim of another name" in text(
        changes(app([old], [new]))
    )


def size(gib):
    return {"resources": {"requests": {"storage": f"{gib}Gi"}}}


def test_json_is_one_document_with_figures():
    def web(replicas):
        containers = [{"name": "w", "image": f"r/w:{replicas}", "resources": {"limits": {"nvidia.com/gpu": 2}}}]
        return manifest("Deployment", spec={"replicas": replicas, "template": {"spec": {"containers": containers}}})

    read = json.loads(document(changes(app([web(1)], [web(3)]))))
    found = read["clusters"][0]["summary"]
    assert (found["gpus"], found["replicas"]) == ({"before": 2, "after": 6}, {"before": 1, "after": 3})
    assert found["images"] == [{"before": "r/w:1", "after": "r/w:3", "where": ["east-a: Deployment/x"]}]
    assert read["clusters"][0]["apps"][0]["objects"][0]["podsAnew"] is True


def test_trouble_is_told_with_its_way_out():
    shown = text(Changes("A", "B", (), (), (Trouble("after", "east-a", "helm failed", "look there"),)))
    assert "cannot be compared: east-a (after): helm failed" in shown and "hint: look there" in shown
