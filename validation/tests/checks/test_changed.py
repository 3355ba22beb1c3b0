"""--changed-since judges the clusters that differ from a commit, whole, and knows what their objects were there."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from leanrag.checks import whole
from leanrag.checks.cache import Store
from leanrag.checks.changed import commit_of, compared
from leanrag.checks.run import check_root
from leanrag.core.errors import InputError
from leanrag.core.outcome import Outcome

MINIATURE = Path(__file__).parents[1] / "repos" / "two-clusters"
CLUSTER = "cluster: {name: %s, environment: %s, platform: openshift, domain: x.example.org, registry: example.org}\n"
ALL = ("east", "north", "west")

pytestmark = pytest.mark.helm


def git(root: Path, *words: str) -> None:
    named = ("-c", "user.name=A Person", "-c", "user.email=person@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", root, *named, *words], check=True, capture_output=True)


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two clusters of one environment and one of another, all of it committed."""
    root = tmp_path / "repo"
    shutil.copytree(MINIATURE, root)
    write(root, "clusters/north/cluster.yaml", CLUSTER % ("north", "red"))
    write(root, "charts/data/lake/Chart.yaml", "apiVersion: v2\nname: lake\nversion: 0.1.0\n")
    write(root, "overlays/red/data/lake.yaml", "")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    return root


def differing(root: Path, names: tuple[str, ...] = ALL) -> tuple[str, ...]:
    with compared(root, names, *commit_of(root, "HEAD")) as base:
        return base.names


def remove(root: Path, name: str) -> None:
    (root / name).unlink()


def comment(root: Path, name: str) -> None:
    write(root, name, (root / name).read_text() + "# why not\n")


def rename(root: Path, name: str) -> None:
    (root / name).rename((root / name).with_name("other.yaml"))


@pytest.mark.parametrize(
    ("edit", "name", "clusters"),
    [
        (write, "overlays/blue/models/tiny.yaml", ("east", "west")),
        (write, "overlays/blue/models/second.yaml", ("east", "west")),
        (remove, "overlays/blue/data/store.yaml", ("east", "west")),
        (rename, "overlays/blue/models/tiny.yaml", ("east", "west")),
        (write, "overlays/red/data/lake.yaml", ("north",)),
        (comment, "clusters/west/cluster.yaml", ("west",)),
        (write, "clusters/west/release.yaml", ("west",)),
        (write, "charts/data/store/values.yaml", ("east", "west")),
        (write, "charts/data/store/templates/new.yaml", ("east", "west")),
        (write, "charts/data/lake/values.yaml", ("north",)),
        (write, "charts/common/templates/_new.tpl", ALL),
        (write, "apps/cluster/values.yaml", ALL),
        (write, "charts/rag/unused/values.yaml", ()),
        (write, "docs/readme.md", ()),
    ],
)
@pytest.mark.parametrize("committed", [False, True])
def test_clusters_that_read_what_changed_differ_and_no_other(
    root: Path, edit: Callable[..., None], name: str, clusters: tuple[str, ...], committed: bool
) -> None:
    edit(root, name, "a: 1\n") if edit is write else edit(root, name)
    if not committed:
        assert differing(root) == clusters
        return
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "second")
    assert differing(root) == ()
    with compared(root, ALL, *commit_of(root, "HEAD~1")) as base:
        assert base.names == clusters


def test_a_cluster_that_moves_to_another_environment_differs(root: Path) -> None:
    write(root, "clusters/west/cluster.yaml", CLUSTER % ("west", "red"))
    assert differing(root) == ("west",)


def test_what_git_ignores_and_a_check_reads_counts(root: Path) -> None:
    write(root, ".gitignore", "overlays/red/data/secret.yaml\n")
    write(root, "overlays/red/data/secret.yaml", "a: 1\n")
    assert differing(root) == ("north",)


def test_objects_are_known_as_they_were(root: Path) -> None:
    write(root, "overlays/blue/models/tiny.yaml", "replicas: 9\n")
    write(root, "clusters/south/cluster.yaml", CLUSTER % ("south", "blue"))
    with compared(root, (*ALL, "south"), *commit_of(root, "HEAD")) as base:
        before = base.objects("west")
        assert before is not None
        assert before["", "ConfigMap", "lr-serving", "tiny"]["data"]["replicas"] == "3"
        assert base.objects("south") == {}, "a cluster that was not there had nothing"


def test_what_could_not_be_rendered_there_is_not_known(root: Path) -> None:
    write(root, "charts/data/store/templates/bad.yaml", '{{ fail "no" }}')
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "broken")
    remove(root, "charts/data/store/templates/bad.yaml")
    with compared(root, ALL, *commit_of(root, "HEAD")) as base:
        assert base.objects("west") is None


def test_a_changed_cluster_is_judged_whole_and_with_its_past(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, "charts/data/store/templates/bad.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A}\n")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "an old fault")
    write(root, "clusters/west/cluster.yaml", CLUSTER % ("west", "blue"))
    judged: dict[str, object] = {}
    judge = whole.Judge.cluster

    def noted(self: whole.Judge, name: str, before: object = None) -> object:
        judged[name] = before
        return judge(self, name, before)  # type: ignore[arg-type]

    monkeypatch.setattr(whole.Judge, "cluster", noted)
    run = check_root(root, changed_since="HEAD", workers=1)
    assert [*judged] == ["west"]
    assert judged["west"]
    assert set(map(str, run.findings)) >= {str(each) for each in check_root(root, ["west"], workers=1).findings}
    assert run.counts["unchanged"] == 2


def test_where_nothing_changed_nothing_is_judged_and_files_are(root: Path) -> None:
    run = check_root(root, changed_since="HEAD")
    assert run.step.outcome is Outcome.PASS
    assert run.step.reason == "no cluster has changed"
    write(root, "clusters/west/nothing.yaml", "")
    assert check_root(root, ["east"], changed_since="HEAD").step.outcome is Outcome.PASS
    assert {each.rule for each in check_root(root, changed_since="HEAD").findings} == {"FIL004"}


def test_a_verdict_is_kept_with_the_commit_that_it_was_compared_with(root: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    write(root, "overlays/blue/models/tiny.yaml", "replicas: 9\n")
    first = check_root(root, changed_since="HEAD", store=store)
    again = check_root(root, changed_since="HEAD", store=store)
    assert (first.findings, first.counts) == (again.findings, again.counts)
    with compared(root, ALL, *commit_of(root, "HEAD")) as base:
        before = base.key("west")
    git(root, "commit", "-q", "-a", "-m", "second")
    write(root, "overlays/blue/models/tiny.yaml", "replicas: 9\n# the same again\n")
    with compared(root, ALL, *commit_of(root, "HEAD")) as base:
        assert base.key("west") != before


@pytest.mark.parametrize("name", ["mian", "--all", "", "HEAD:overlays", "0" * 40])
def test_a_name_that_means_no_commit_is_one_clear_sentence(root: Path, name: str) -> None:
    with pytest.raises(InputError, match="is no commit of this repository") as told:
        check_root(root, changed_since=name or " ")
    assert told.value.hint


def test_a_folder_that_is_no_checkout_or_not_its_top_says_so(root: Path, tmp_path: Path) -> None:
    shutil.copytree(MINIATURE, tmp_path / "bare")
    with pytest.raises(InputError, match="no Git checkout"):
        check_root(tmp_path / "bare", changed_since="HEAD")
    shutil.copytree(MINIATURE, root / "inner")
    with pytest.raises(InputError, match="not the top"):
        check_root(root / "inner", changed_since="HEAD")
