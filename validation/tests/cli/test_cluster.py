"""`leanrag cluster add` writes a cluster that works, or nothing, and says everything that speaks against it."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from leanrag.catalog.model import ReleaseFile
from leanrag.catalog.new_cluster import IN_CLUSTER, needs
from leanrag.catalog.repository import Repository
from leanrag.cli.cluster import cluster_group
from leanrag.core import yamlio
from leanrag.core.errors import InputError

ROOT = Path(__file__).parents[3]
FACTS = ("--platform", "kubernetes", "--registry", "r.example.com/lean-rag", "--domain", "apps.example.com")
ELSEWHERE = ("--server", "https://api.edge.example.com:6443")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("apps", "charts", "clusters", "overlays"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def add(tree: Path, *arguments: str) -> Result:
    result = CliRunner().invoke(cluster_group, ["add", "--root", str(tree), *FACTS, *arguments], standalone_mode=False)
    if result.exception:
        raise result.exception
    return result


def refusal(tree: Path, *arguments: str) -> str:
    before = sorted(tree.rglob("*"))
    with pytest.raises(InputError) as error:
        add(tree, *arguments)
    assert sorted(tree.rglob("*")) == before
    return error.value.message


@pytest.mark.helm
def test_a_cluster_that_follows_deploys_nothing_until_a_pass(tree: Path) -> None:
    result = add(tree, "edge", "--environment", "prod", "--follows", "staging", "--approval", "manual", *ELSEWHERE)
    release = ReleaseFile.model_validate(yamlio.read(tree / "clusters" / "edge" / "release.yaml")).release
    assert (release.revision, release.follows, release.approval) == (None, "staging", "manual")
    assert release.server == ELSEWHERE[1]
    cluster = Repository(tree).cluster("edge")
    assert cluster.facts.protected
    assert cluster.facts.gate.requires == "full"
    assert f"register {ELSEWHERE[1]}" in result.output
    assert {path.name for path in tree.iterdir()} == {"apps", "charts", "clusters", "overlays"}


@pytest.mark.helm
def test_a_cluster_that_follows_nobody_tracks_main(tree: Path) -> None:
    add(tree, "lab", "--environment", "dev", "--namespace-prefix", "lab")
    assert yamlio.read(tree / "clusters" / "lab" / "release.yaml") == {"release": {"revision": "main"}}
    cluster = Repository(tree).cluster("lab")
    assert not cluster.facts.protected
    assert cluster.namespaces["rag"] == "lab-rag"


@pytest.mark.helm
def test_it_says_which_secrets_the_charts_mount(tree: Path) -> None:
    output = add(tree, "lab", "--environment", "dev", "--namespace-prefix", "lab").output
    assert "create Secret milvus-root in lab-data" in output
    assert "create Secret gate-signing in lab-gate" in output
    assert "leanrag render --cluster lab --app lab-policies | kubectl apply" in output
    assert "repair what cannot be rendered: lab-operators:" in output, "OLM is OpenShift's"


@pytest.mark.helm
def test_it_requires_no_more_than_its_leader_measures(tree: Path) -> None:
    add(tree, "edge", "--environment", "prod", "--follows", "prod", *ELSEWHERE)
    assert Repository(tree).cluster("edge").facts.gate.requires == "smoke"


def test_everything_is_said_at_once_and_nothing_is_written(tree: Path) -> None:
    message = refusal(tree, "dev", "--environment", "prd", "--follows", "stagin", "--server", "http://api")
    for part in ("clusters/dev exists already", "did you mean 'prod'", "did you mean 'staging'", "release.server"):
        assert part in message


@pytest.mark.parametrize("name", ["Edge", "-edge", "e" * 33, "a/b", "..", ""])
def test_a_name_that_kubernetes_would_refuse(tree: Path, name: str) -> None:
    assert "name" in refusal(tree, "--environment", "prod", *ELSEWHERE, "--", name)


@pytest.mark.parametrize("name", ["dev-pin", "dev-gate", "prod-milvus", "dev-model-chat"])
def test_a_name_that_is_an_application_of_another_cluster(tree: Path, name: str) -> None:
    assert f"Application {name} is one of cluster" in refusal(tree, name, "--environment", "prod", *ELSEWHERE)


def test_two_clusters_do_not_share_namespaces(tree: Path) -> None:
    assert "has the namespaces lr-…" in refusal(tree, "lab", "--environment", "dev")
    assert "has the namespaces lr-…" in refusal(tree, "lab", "--environment", "dev", "--server", IN_CLUSTER)


def test_approval_without_a_leader_means_nothing(tree: Path) -> None:
    assert "--follows" in refusal(tree, "lab", "--environment", "dev", "--approval", "manual", *ELSEWHERE)


def test_a_leader_that_only_observes_moves_nobody(tree: Path) -> None:
    path = tree / "clusters" / "prod" / "cluster.yaml"
    path.write_text(path.read_text().replace("mode: smoke", "mode: observe"))
    assert "only observes" in refusal(tree, "edge", "--environment", "prod", "--follows", "prod", *ELSEWHERE)


@pytest.mark.helm
def test_a_malformed_neighbour_keeps_nobody_away(tree: Path) -> None:
    (tree / "clusters" / "prod" / "cluster.yaml").write_text("cluster: [")
    add(tree, "lab", "--environment", "dev", "--namespace-prefix", "lab")


def test_an_empty_folder_is_not_taken_over(tree: Path) -> None:
    (tree / "clusters" / "edge").mkdir()
    assert "clusters/edge exists already" in refusal(tree, "edge", "--environment", "prod", *ELSEWHERE)


def test_what_a_chart_brings_itself_is_not_asked_for() -> None:
    def pod(*volumes: object) -> dict[str, object]:
        metadata = {"name": "one", "namespace": "lr-rag"}
        return {"kind": "Deployment", "metadata": metadata, "spec": {"volumes": list(volumes)}}

    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "own", "namespace": "lr-rag"}}
    mounts = pod(
        {"persistentVolumeClaim": {"claimName": "own"}},
        {"persistentVolumeClaim": {"claimName": "models"}},
        {"secret": {"secretName": "token"}},
        {"secret": {"secretName": "maybe", "optional": True}},
    )
    assert needs([claim, mounts]) == (("lr-rag", "PersistentVolumeClaim", "models"), ("lr-rag", "Secret", "token"))
