from pathlib import Path

import pytest

from leanrag.bench import world
from leanrag.catalog.repository import Repository, load_release
from leanrag.checks.run import check_repository
from leanrag.render.helm import render_cluster

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository(world.write(world.tree(ROOT), tmp_path_factory.mktemp("tree")))


def test_the_benchs_clusters_stand_in_place_of_the_real_ones(repository: Repository) -> None:
    assert repository.cluster_names() == ("dev", "prod", "staging", "local")
    registries = {each.facts.registry for each in repository.clusters() if each.name != "local"}
    assert registries == {"bench.local/lean-rag"}
    assert not list((repository.root / "overlays").glob("*/data"))


def test_its_clusters_share_one_kubernetes_without_sharing_a_namespace(repository: Repository) -> None:
    places = [name for each in repository.clusters() for name in repository.namespaces(each).values()]
    assert len(places) == len(set(places))


def test_a_commit_reaches_prod_through_staging_and_a_person(repository: Repository) -> None:
    found = {
        name: load_release(repository.root / f"clusters/{name}/release.yaml").release for name in ("staging", "prod")
    }
    assert [(each.follows, each.approval, each.revision) for each in found.values()] == [
        ("dev", "auto", None),
        ("staging", "manual", None),
    ]


@pytest.mark.helm
@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_every_pod_of_the_bench_asks_for_little(repository: Repository, name: str) -> None:
    manifests = render_cluster(repository, repository.cluster(name))
    pods = [each.body["spec"]["template"]["spec"] for each in manifests if each.body["kind"] in ("Deployment", "Job")]
    asked = {c["image"]: c["resources"]["requests"]["cpu"] for pod in pods for c in pod["containers"]}
    gate = "gate" if name == "prod" else "loadgen"
    images = (f"{gate}:0.1.0", "embedder:0.1.0", "inference-sim:0.10.2", "ogx:1.5.0")
    assert asked == {f"bench.local/lean-rag/{image}": "50m" for image in images}


@pytest.mark.helm
def test_its_check_needs_no_list_of_vllms_arguments(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leanrag.checks.rules.engine.engine", lambda version: pytest.fail(f"asked for vLLM {version}"))
    run = check_repository(repository, ("dev", "staging", "prod"))
    # Nobody has locked the bench's images before its world is made.
    assert [str(each) for each in run.findings if not each.holds] == []
