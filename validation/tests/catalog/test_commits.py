"""Any commit is read without a checkout: clusters with their problems, and what each of them renders from."""

import shutil
import subprocess
from pathlib import Path

import pytest

from leanrag.catalog.commits import Commits, release_states
from leanrag.catalog.content import content_hash
from leanrag.catalog.model import ClusterFacts, ReleaseFacts
from leanrag.core import yamlio
from leanrag.core.errors import InputError
from leanrag.core.git import Git

REPOS = Path(__file__).parents[1] / "repos"


class Checkout:
    """The repository two-clusters under Git."""

    def __init__(self, path):
        self.path = path
        shutil.copytree(REPOS / "two-clusters", path)
        subprocess.run(["git", "init", "-q", "-b", "main", path], check=True)

    def commit(self, **files):
        """Write files (None removes one), commit, return the SHA."""
        for name, text in files.items():
            path = self.path / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        identity = ("-c", "user.name=o", "-c", "user.email=o@x", "-c", "commit.gpgsign=false")
        for argv in (("add", "-A"), ("commit", "-q", "--allow-empty", "-m", "x")):
            subprocess.run(["git", "-C", self.path, *identity, *argv], check=True)
        return Git(self.path).resolve("HEAD")

    def content(self, cluster, sha):
        return content_hash(Commits(Git(self.path)).at(sha), cluster)


@pytest.fixture
def checkout(tmp_path):
    made = Checkout(tmp_path / "repo")
    made.commit()
    return made


RENDERED = [
    "apps/cluster/templates/x.yaml",
    "charts/common/templates/_x.tpl",
    "charts/data/store/templates/x.yaml",
    "charts/serving/model/values.yaml",
    "charts/gate/gate/values.yaml",
    "overlays/blue/data/other.yaml",
    "overlays/blue/models/tiny.yaml",
    "clusters/east/images.lock",
]
NOT_RENDERED = [
    "README.md",
    "docs/x.md",
    "apps/pin/values.yaml",
    "apps/cluster/README.md",
    "apps/cluster/tests/x_test.yaml",
    "charts/data/store/README.md",
    "charts/data/store/ci/x-values.yaml",
    "charts/data/store/tests/x_test.yaml",
    "charts/rag/unused/values.yaml",
    "overlays/blue/README.md",
    "overlays/bluegreen/data/store.yaml",
    "overlays/green/data/store.yaml",
    "clusters/east/release.yaml",
    "clusters/east/README.md",
    "clusters/eastern/cluster.yaml",
    "validation/leanrag/x.py",
    "bootstrap/argocd/x.yaml",
]


@pytest.mark.parametrize("name", RENDERED)
def test_what_a_cluster_renders_from_changes_its_content(checkout, name):
    before, after = checkout.commit(), checkout.commit(**{name: "# changed\n"})
    assert checkout.content("east", before) != checkout.content("east", after)


@pytest.mark.parametrize("name", NOT_RENDERED)
def test_what_it_does_not_render_from_leaves_its_content(checkout, name):
    before, after = checkout.commit(), checkout.commit(**{name: "# changed\n"})
    assert checkout.content("east", before) == checkout.content("east", after)


def test_its_own_facts_change_its_content_and_nobody_elses(checkout):
    before = checkout.commit()
    path = checkout.path / "clusters/east/cluster.yaml"
    after = checkout.commit(**{"clusters/east/cluster.yaml": path.read_text() + "# changed\n"})
    changed = [checkout.content(name, before) != checkout.content(name, after) for name in ("east", "west")]
    assert changed == [True, False]


def test_a_removed_overlay_changes_the_content(checkout):
    before, after = checkout.commit(), checkout.commit(**{"overlays/blue/data/store.yaml": None})
    assert checkout.content("east", before) != checkout.content("east", after)


def test_an_executable_bit_changes_the_content(checkout):
    before = checkout.commit()
    (checkout.path / "charts/data/store/values.yaml").chmod(0o755)
    assert checkout.content("east", before) != checkout.content("east", checkout.commit())


def test_a_malformed_file_is_its_own_clusters_problem(checkout):
    sha = checkout.commit(
        **{"clusters/east/release.yaml": "release: [\n", "clusters/west/release.yaml": "release: {}\n"}
    )
    states = release_states(Commits(Git(checkout.path)), sha)
    assert "clusters/east/release.yaml:2" in states["east"].problem
    assert (states["west"].problem, states["west"].release) == ("", ReleaseFacts())
    assert states["east"].facts is not None


def test_a_cluster_without_a_release_has_none_and_no_problem(checkout):
    state = release_states(Commits(Git(checkout.path)), checkout.commit())["east"]
    assert (state.release, state.problem) == (None, "")


@pytest.mark.parametrize("text", [None, "cluster: {name: west}\n", "", "- a\n"])
def test_a_content_that_cannot_be_told_is_an_error_with_the_file(checkout, text):
    sha = checkout.commit(**{"clusters/east/cluster.yaml": text})
    with pytest.raises(InputError, match=r"clusters/east/cluster\.yaml"):
        checkout.content("east", sha)


FACTS = {"name": "c", "environment": "e", "platform": "kubernetes", "domain": "d", "registry": "r"}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"gate": {"publicKeys": ["short"]}}, "gate.publicKeys.0"),
        ({"freeze": [{"schedule": "61 * * * *", "duration": "1h", "reason": "r"}]}, "freeze.0.schedule"),
        ({"freeze": [{"schedule": "0 0 * * *", "duration": "1 week", "reason": "r"}]}, "freeze.0.duration"),
        ({"freeze": [{"schedule": "0 0 * * *", "duration": "1h"}]}, "freeze.0.reason"),
        ({"freeze": [{"schedule": "0 0 * * *", "duration": "1h", "reason": "r", "timeZone": "Mars"}]}, "timeZone"),
        ({"freeze": [{"schedule": "0 0 * * *", "duration": "1h", "reason": "r", "timeZone": "../x"}]}, "timeZone"),
        ({"namespacePrefix": "Big"}, "namespacePrefix"),
        ({"promotion": {"overideKeys": []}}, "overideKeys"),
    ],
)
def test_what_promotion_could_not_use_is_refused_with_its_key(changes, key):
    with pytest.raises(ValueError, match=key):
        ClusterFacts.model_validate(FACTS | changes)


def test_a_prefix_makes_the_namespaces(checkout):
    path = checkout.path / "clusters/east/cluster.yaml"
    facts = yamlio.read(path)
    facts["cluster"]["namespacePrefix"] = "dev"
    path.write_text(yamlio.dump(facts))
    from leanrag.catalog.repository import Repository

    repository = Repository(checkout.path)
    spaces = repository.namespaces(repository.cluster("east"))
    assert spaces == {each: f"dev-{each}" for each in ("platform", "data", "serving", "rag", "observe", "gate")}
    assert {app.namespace for app in repository.apps(repository.cluster("east"))} <= set(spaces.values())
