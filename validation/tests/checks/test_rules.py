"""Each rule finds what breaks it, and nothing else: broken/<RULE>-<defect>.yaml against sound/*.yaml."""

from importlib import import_module
from pathlib import Path

import pytest

from leanrag.catalog.model import App
from leanrag.checks.finding import Finding
from leanrag.checks.registry import ALL, FILES, OBJECTS, SAME_PASS
from leanrag.checks.schemas import schemas
from leanrag.checks.scope import Scope
from leanrag.core import yamlio
from leanrag.render.manifest import Manifest

HERE = Path(__file__).parent
BROKEN = sorted((HERE / "broken").glob("*.yaml"))
SOUND = sorted((HERE / "sound").glob("*.yaml"))
NAMESPACES = {"rag": "lr-rag", "data": "lr-data"}
# Judged against cluster.yaml, which no manifest has: test_rag_lint.py, test_rules_of_a_cluster.py.
OF_A_CLUSTER = {"GPU001", "GPU002", "SLO002", "IMG003", "PRB004", "ROL004"}


def findings_of(path: Path) -> list[Finding]:
    chart = Path("charts/rag/thing")
    app = App("dev-thing", "dev", "rag", "thing", "thing", "lr-rag", chart, Path("overlays/dev/rag/thing.yaml"), ())
    apps = App("dev-cluster", "dev", "apps", "cluster", "dev", "argocd", chart, chart, ())
    manifests = []
    for body in yamlio.load_all(path.read_text(), path.name):
        owner = apps if body["apiVersion"].startswith("argoproj.io/") else app
        manifests.append(Manifest(owner, "charts/rag/thing/templates/thing.yaml", body))
    scope = Scope(tuple(manifests), schemas(), apps=(app,), namespaces=NAMESPACES)
    return [finding for check in OBJECTS for finding in check.find(scope)]


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_what_breaks_a_rule_is_found_by_that_rule_alone(path: Path) -> None:
    findings = findings_of(path)
    assert {finding.rule for finding in findings} == {path.stem.split("-")[0]}, [str(each) for each in findings]
    assert all(finding.message and finding.fix for finding in findings)


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.stem)
def test_what_is_sound_has_no_finding(path: Path) -> None:
    assert findings_of(path) == []


def test_every_object_rule_has_a_fixture_that_breaks_it() -> None:
    shown = {path.stem.split("-")[0] for path in BROKEN}
    # FIT001 judges a model on its cluster's GPUs, which no single manifest has: test_fit.py. CEL002 judges what became
    # of an object: test_cel.py.
    assert {check.id for check in (*OBJECTS, *SAME_PASS)} - {"FIT001", "CEL002", *OF_A_CLUSTER} <= shown


def test_rule_ids_are_unique_and_sentences_end_without_a_stop() -> None:
    assert len({check.id for check in ALL}) == len(ALL)
    assert all(check.sentence and not check.sentence.endswith(".") for check in ALL)


def test_every_rule_names_a_function_that_exists() -> None:
    # The registry imports rules when they are first called, so a name that is wrong there would show only then.
    for check in (*FILES, *OBJECTS):
        module, name = check.find.args  # type: ignore[attr-defined]
        assert callable(getattr(import_module(module), name)), check.id


def test_a_kind_without_schema_is_unknown_not_broken() -> None:
    [finding] = findings_of(HERE / "broken" / "OBJ001-kind-that-does-not-exist.yaml")
    assert finding.unknown


def test_a_finding_reads_place_problem_way_out_and_rule() -> None:
    [finding] = findings_of(HERE / "broken" / "IMG001-tag-latest.yaml")
    assert str(finding) == (
        "dev-thing: Deployment/thing spec.template.spec.containers[0].image: "
        "'registry.example.org/thing:latest' can change under us; pin a version and digest [IMG001]"
    )
