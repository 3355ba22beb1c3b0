"""What a commit does is told per cluster and Application, from any two revisions, and nothing is checked out."""

import pytest

from leanrag.changes.model import Wanted
from leanrag.changes.run import compare
from leanrag.changes.summary import summary
from leanrag.core.errors import InputError
from leanrag.core.process import run

from .told import cluster, objects, web

pytestmark = pytest.mark.helm


def test_equal_revisions_render_nothing_and_say_so(checkout, monkeypatch):
    monkeypatch.setattr(
        "leanrag.changes.sides.render_jobs", lambda repository, jobs: pytest.fail("renders") if jobs else ()
    )
    checkout.commit(**{"docs/README.md": "new", "charts/data/store/tests/x_test.yaml": "suite: x"})
    changes = compare(checkout.path, "HEAD~1", "HEAD")
    assert (changes.exit_code, changes.clusters, changes.same) == (0, (), ("east", "west", "hub"))


def test_only_what_changed_is_rendered(checkout, monkeypatch):
    from leanrag.changes import sides

    seen, render = [], sides.render_jobs

    def watched(repository, jobs):
        seen.extend(job.app.name for job in jobs)
        return render(repository, jobs)

    monkeypatch.setattr(sides, "render_jobs", watched)
    checkout.commit(**{"overlays/blue/data/store.yaml": "replicas: 2\n"})
    compare(checkout.path, "HEAD~1", "HEAD", Wanted(clusters=("east",)))
    assert seen == ["east-store", "east-store"]


def test_the_work_tree_is_the_newer_side_and_is_left_alone(checkout):
    checkout.write(new="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: new, namespace: ns}\n")
    before = checkout.git("status", "--porcelain")
    changes = compare(checkout.path, "HEAD")
    assert (changes.exit_code, changes.after) == (1, "the work tree")
    assert objects(changes)["ConfigMap/new"].change == "added"
    assert (checkout.git("status", "--porcelain"), checkout.git("stash", "list")) == (before, "")


def test_a_cluster_on_one_side_only_is_all_new_or_all_gone(checkout):
    text = (checkout.path / "clusters/east/cluster.yaml").read_text().replace("east", "north")
    checkout.commit(**{"clusters/north/cluster.yaml": text})
    north = cluster(compare(checkout.path, "HEAD~1", "HEAD"), "north")
    assert (north.change, {app.change for app in north.apps}) == ("added", {"added"})
    assert cluster(compare(checkout.path, "HEAD", "HEAD~1"), "north").change == "removed"


def test_a_render_that_breaks_on_one_side_is_no_answer_and_hides_nothing_else(checkout):
    checkout.commit(bad='{{ fail "no" }}', **{"overlays/blue/models/tiny.yaml": "replicas: 4\n"})
    changes = compare(checkout.path, "HEAD~1", "HEAD")
    assert changes.exit_code == 2
    assert [(each.side, each.subject) for each in changes.troubles] == [
        ("after", "east-store"),
        ("after", "west-store"),
    ]
    assert [app.name for app in cluster(changes).apps] == ["east-model-tiny"]


def test_a_cluster_file_that_breaks_is_no_answer_for_that_cluster_alone(checkout):
    good = (checkout.path / "clusters/east/cluster.yaml").read_text()
    checkout.commit(**{"clusters/east/cluster.yaml": good + "  nmae: x\n", "web": web()})
    changes = compare(checkout.path, "HEAD~1", "HEAD")
    assert [(each.side, each.subject) for each in changes.troubles] == [("after", "east")]
    assert "nmae" in changes.troubles[0].message
    assert str(checkout.path.parent) not in changes.troubles[0].message
    assert [each.name for each in changes.clusters] == ["west"]


def test_an_older_cluster_file_is_rendered_as_argo_cd_did(checkout):
    good = (checkout.path / "clusters/east/cluster.yaml").read_text()
    checkout.commit(**{"clusters/east/cluster.yaml": good + "  once: allowed\n"})
    checkout.commit(**{"clusters/east/cluster.yaml": good}, web=web())
    changes = compare(checkout.path, "HEAD~1", "HEAD")
    assert objects(changes)["Deployment/web"].change == "added"
    assert (changes.exit_code, "once" in changes.notes[0]) == (1, True)


def test_pins_decide_what_a_side_is_when_asked(checkout):
    release = "release: {{revision: {}}}\n"
    old = checkout.commit(web=web())
    new = checkout.commit(web=web(image="r/web:2"))
    checkout.commit(**{"clusters/east/release.yaml": release.format(old)})
    checkout.commit(**{"clusters/east/release.yaml": release.format(new)})
    assert cluster(compare(checkout.path, "HEAD~1", "HEAD")).apps == ()
    pinned = cluster(compare(checkout.path, "HEAD~1", "HEAD", Wanted(pinned=True)))
    assert pinned.pin == (old, new)
    assert [each.after for each in summary(pinned).images] == ["r/web:2"]


def test_a_branch_is_compared_with_where_it_left_when_asked(checkout):
    checkout.git("switch", "-q", "-c", "branch")
    checkout.commit(web=web())
    checkout.git("switch", "-q", "main")
    checkout.commit(**{"overlays/blue/models/tiny.yaml": "replicas: 9\n"})
    apps = {
        asked: [app.name for app in cluster(compare(checkout.path, "main", "branch", Wanted(merge_base=asked))).apps]
        for asked in (False, True)
    }
    assert apps == {False: ["east-store", "east-model-tiny"], True: ["east-store"]}


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted(clusters=("easst",)), "did you mean 'east'"),
        (Wanted(apps=("east-stor",)), "did you mean 'east-store'"),
    ],
)
def test_a_name_that_nobody_has_is_no_empty_answer(checkout, wanted, words):
    with pytest.raises(InputError, match=words):
        compare(checkout.path, "HEAD", None, wanted)


@pytest.mark.parametrize("revision", ["nowhere", "--all", "HEAD~99"])
def test_a_revision_that_does_not_exist_is_no_answer(checkout, revision):
    with pytest.raises(InputError, match="no commit"):
        compare(checkout.path, revision)


def test_a_repository_below_the_top_of_git_is_found(checkout, tmp_path):
    inner = tmp_path / "outer" / "inner"
    inner.parent.mkdir()
    run(["cp", "-r", checkout.path, inner], what="cp")
    run(["rm", "-rf", inner / ".git"], what="rm")
    git = ["git", "-C", inner.parent, "-c", "user.name=o", "-c", "user.email=o@x", "-c", "commit.gpgsign=false"]
    for argv in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "x")):
        run([*git, *argv], what="git")
    assert compare(inner, "HEAD").exit_code == 0
