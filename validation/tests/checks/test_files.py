"""What is wrong with files is found without rendering, and it never stops the run."""

import shutil
from pathlib import Path

import pytest

from leanrag.catalog.repository import Repository
from leanrag.checks.run import CheckRun, check_files, check_repository
from leanrag.checks.source import read_source
from leanrag.core.errors import InputError
from leanrag.core.outcome import Outcome

MINIATURE = Path(__file__).parents[1] / "repos" / "two-clusters"
CLUSTER = "cluster: {name: %s, environment: blue, platform: kubernetes, domain: example.org, registry: example.org}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(MINIATURE, tmp_path / "repo")
    return tmp_path / "repo"


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def told(run: CheckRun) -> list[tuple[str, str, int, str]]:
    return [(each.rule, each.file, each.line, each.fix) for each in run.findings]


pytestmark = pytest.mark.helm


def test_a_sound_repository_passes_and_counts_what_was_looked_at(root: Path) -> None:
    run = check_repository(Repository(root))
    assert run.step.outcome is Outcome.PASS, told(run)
    assert run.counts["clusters"] == 2
    assert run.counts["objects"] > 0


@pytest.mark.parametrize(
    ("name", "text", "rule", "line", "fix"),
    [
        ("overlays/blue/data/store.yaml", "a: [1\nb: 2\n", "FIL001", 2, "correct the YAML there"),
        ("overlays/blue/data/store.yaml", "- a\n- b\n", "FIL001", 1, "write key: value"),
        ("overlays/blue/data/store.yaml", "size: 1\nsize: 2\n", "FIL002", 2, "remove one of them"),
        ("overlays/blue/data/stor.yaml", "{}\n", "FIL003", 1, "did you mean 'store'?"),
        ("overlays/blue/rag/store.yaml", "{}\n", "FIL003", 1, "the chart lies in charts/data/store"),
        ("overlays/blue/dta/store.yaml", "{}\n", "FIL004", 0, "did you mean 'data'?"),
        ("overlays/blue/data/store.yml", "{}\n", "FIL004", 0, "rename it to .yaml"),
        ("clusters/east/realese.yaml", "{}\n", "FIL004", 0, "did you mean 'release.yaml'?"),
        ("overlays/bleu/data/store.yaml", "{}\n", "FIL005", 0, "did you mean 'blue'?"),
        ("clusters/east/release.yaml", "release: {revision: HEAD}\n", "REL001", 1, "correct the value"),
        (
            "clusters/east/release.yaml",
            "release: {revision: main, follows: wset}\n",
            "REL001",
            1,
            "did you mean 'west'?",
        ),
        ("clusters/east/release.yaml", "release: {revision: main, hodl: {}}\n", "REL001", 1, "did you mean 'hold'?"),
        ("clusters/east/cluster.yaml", CLUSTER % "esat", "CLU001", 1, "write 'east'"),
        ("clusters/east/cluster.yaml", "", "CLU001", 1, "write the key cluster: with its facts"),
        ("apps/cluster/values.yaml", "namespaces: [\n", "FIL001", 1, "correct the YAML there"),
        ("apps/cluster/values.yaml", "- a\n", "FIL001", 1, "write key: value"),
        ("charts/data/store/values.yaml", "a: 1\na: 2\n", "FIL002", 2, "remove one of them"),
        ("overlays/blue/data/store.yaml", "dbPassword: hunter2\n", "SEC001", 1, "move it to a Secret"),
    ],
)
def test_a_broken_file_is_one_finding_with_line_and_way_out(
    root: Path, name: str, text: str, rule: str, line: int, fix: str
) -> None:
    write(root, name, text)
    run = check_repository(Repository(root))
    assert [(each.rule, each.line) for each in run.findings] == [(rule, line)], told(run)
    assert fix in run.findings[0].fix
    assert run.step.outcome is Outcome.FAIL


def test_two_applications_of_one_name_are_found(root: Path) -> None:
    shutil.copytree(root / "charts/data/store", root / "charts/rag/model-tiny")
    chart = root / "charts/rag/model-tiny/Chart.yaml"
    chart.write_text(chart.read_text().replace("name: store", "name: model-tiny"))
    write(root, "overlays/blue/rag/model-tiny.yaml", "{}\n")
    run = check_repository(Repository(root), ["east"])
    assert "FIL006" in {each.rule for each in run.findings}


def test_a_broken_cluster_does_not_hide_faults_of_another(root: Path) -> None:
    write(root, "clusters/east/cluster.yaml", "cluster: {name: east}\n")
    write(root, "overlays/blue/data/stor.yaml", "{}\n")
    run = check_repository(Repository(root))
    assert {each.rule for each in run.findings} == {"CLU001", "FIL003"}
    assert run.counts["clusters"] == 1


def test_an_unknown_cluster_is_bad_input_with_the_near_match(root: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'east'"):
        check_repository(Repository(root), ["eats"])


def test_the_check_leaves_the_checkout_as_it_was(root: Path) -> None:
    write(root, "overlays/blue/data/store.yaml", "size: 1\nsize: 2\n")
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    check_repository(Repository(root))
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_a_source_knows_the_line_of_every_key_and_item(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a:\n  b: [1,\n      2]\nc: 3\n")
    source = read_source(path)
    assert (source.line(("a", "b", 1)), source.line(("a", "b", 9)), source.line(("c",))) == (3, 2, 4)


def test_an_alias_of_itself_ends_as_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: &x [*x]\n")
    source = read_source(path)
    assert source.error or source.data


def test_plain_manifests_are_judged_without_a_repository(tmp_path: Path) -> None:
    write(tmp_path, "m/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A}\ndta: {}\n")
    write(tmp_path, "m/b.yaml", "kind: [\n")
    write(tmp_path, "m/c.json", '{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Pod"}]}')
    run = check_files([tmp_path / "m"])
    rules = [(each.rule, Path(each.file).name) for each in run.findings]
    assert ("FIL001", "b.yaml") in rules
    assert {("OBJ002", "a.yaml"), ("OBJ004", "a.yaml"), ("OBJ002", "c.json")} <= set(rules)


def test_nothing_to_check_is_no_pass(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        check_files([tmp_path / "absent.yaml"])
    with pytest.raises(InputError, match="among the paths"):
        check_files([tmp_path])
    write(tmp_path, "empty.yaml", "")
    assert check_files([tmp_path]).step.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("name", ["clusters/west/release.yaml", "clusters/west/cluster.yaml"])
def test_a_broken_file_of_one_cluster_is_no_finding_of_another(root: Path, name: str) -> None:
    write(root, name, "release: {revision: [\n")
    assert check_repository(Repository(root), ("east",)).step.outcome is Outcome.PASS
    assert check_repository(Repository(root)).step.outcome is Outcome.FAIL


def test_two_clusters_in_the_same_namespaces_are_found_and_a_prefix_parts_them(root: Path) -> None:
    write(root, "clusters/north/cluster.yaml", CLUSTER % "north")
    write(root, "clusters/south/cluster.yaml", CLUSTER % "south")
    for name in ("north", "south"):
        write(root, f"clusters/{name}/release.yaml", "release: {server: 'https://api.example.org:6443'}\n")
    assert [(rule, file) for rule, file, *_ in told(check_repository(Repository(root)))] == [
        ("CLU002", "clusters/south/cluster.yaml")
    ]
    write(root, "clusters/south/cluster.yaml", (CLUSTER % "south").replace("{name", "{namespacePrefix: so, name"))
    assert check_repository(Repository(root)).step.outcome is Outcome.PASS
