"""What the API server checks beyond a schema: each case breaks a sound object of seeds.yaml in one place."""

import copy
from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.model import App
from leanrag.checks.builtin_schedule import schedule_problem
from leanrag.checks.finding import at
from leanrag.checks.objects import strict_fields
from leanrag.checks.quantity import duration, quantity
from leanrag.checks.schemas import schemas
from leanrag.checks.scope import Scope
from leanrag.core import yamlio
from leanrag.render.manifest import Manifest

HERE = Path(__file__).parent
APP = App("dev-thing", "dev", "rag", "thing", "thing", "lr-rag", Path("c"), Path("o"), ())
SOUND = HERE.parents[1] / "benchmarks" / "differential" / "seeds.yaml"
_ALL = list(yamlio.load_all(SOUND.read_text(encoding="utf-8"), "seeds"))
SEEDS = {(each["kind"], each["metadata"]["name"]): each for each in _ALL}
CASES = yamlio.read(HERE / "builtin" / "cases.yaml")


def findings(body: dict[str, Any]) -> list[str]:
    return [
        f"{each.where} {each.message}" for each in strict_fields(Scope((Manifest(APP, "t.yaml", body),), schemas()))
    ]


@pytest.mark.parametrize("seed", SEEDS, ids="/".join)
def test_a_sound_object_has_no_finding(seed: tuple[str, str]) -> None:
    assert findings(SEEDS[seed]) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['object']} {case['set']}")
def test_what_the_api_server_refuses_is_found_where_it_is(case: dict[str, Any]) -> None:
    kind, name = case["object"].split("/")
    body = copy.deepcopy(SEEDS[kind, name])
    *above, last = [int(part) if part.isdigit() else part.replace("\\", ".") for part in case["set"].split(".")]
    at(body, above)[last] = case["to"]
    found = findings(body)
    assert any(case["says"] in each for each in found), found


@pytest.mark.parametrize("text", ["0 3 * * *", "*/5 1-3 1,15 jan-mar MON", "@daily", "@every 1h30m", "? * * * *"])
def test_a_schedule_is_one(text: str) -> None:
    assert schedule_problem(text) == ""


@pytest.mark.parametrize("text", ["", "* * * *", "60 * * * *", "* * 0 * *", "5-1 * * * *", "* * * * 7", "*/0 * * * *",
                                  "TZ=UTC * * * * *", "@never", "a * * * *"])  # fmt: skip
def test_what_is_no_schedule_is_said(text: str) -> None:
    assert schedule_problem(text)


def test_quantities_and_durations_are_read_as_go_reads_them() -> None:
    assert quantity("1.5Gi") == 1610612736
    assert quantity("100m") == quantity("0.1")
    assert quantity("1e3") == quantity("1k") == 1000
    assert [quantity(text) for text in ("8Gib", "", "1 Gi", "0x10", "1e999999999")] == [None] * 5
    assert [duration(text) is None for text in ("1h30m", "-1.5s", "0", "1d", "", "1")] == [False] * 3 + [True] * 3


def definition(rule: str) -> dict[str, Any]:
    spec = {"type": "object", "x-kubernetes-validations": [{"rule": rule}], "properties": {"a": {"type": "integer"}}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    names = {"kind": "Thing", "plural": "things", "singular": "thing", "listKind": "ThingList"}
    versions = [{"name": "v1", "served": True, "storage": True, "schema": schema}]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.org"},
        "spec": {"group": "example.org", "scope": "Namespaced", "names": names, "versions": versions},
    }


def test_a_rule_that_a_definition_brings_is_cel() -> None:
    assert findings(definition("self.a > 1")) == []
    [found] = findings(definition("self.a >"))
    assert "is no CEL" in found


def test_what_an_admission_policy_says_is_unknown_and_no_pass() -> None:
    spec = {"validations": [{"expression": "object.spec.replicas < 5"}]}
    body = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "spec": spec}
    scope = Scope((Manifest(APP, "t.yaml", {**body, "metadata": {"name": "a"}}),), schemas())
    [found] = strict_fields(scope)
    assert found.unknown
