"""The ArgoCD resource of OpenShift GitOps says what bootstrap/argocd says, in fields that the operator has."""

import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from leanrag.bench import argoconfig
from leanrag.core import yamlio
from leanrag.core.errors import InputError
from leanrag.render import gitops

ROOT = Path(__file__).parents[3]
OPERATOR = "github.com/argoproj-labs/argocd-operator"


def test_the_settings_are_written_once() -> None:
    assert (ROOT / gitops.RESOURCE).read_text() == gitops.text(ROOT), "python -m leanrag.render.gitops --write"


def test_every_health_check_is_there_word_for_word() -> None:
    checks = yamlio.read(ROOT / gitops.RESOURCE)["spec"]["resourceHealthChecks"]
    given = yamlio.read(ROOT / gitops.SETTINGS / "argocd-cm.yaml")["data"]
    keys = {f"{each['group']}_{each['kind']}" if "group" in each else each["kind"]: each["check"] for each in checks}
    assert {f"resource.customizations.health.{key}": lua for key, lua in keys.items()} == given


def test_a_setting_without_a_place_is_not_lost_silently() -> None:
    rbac = {"policy.default": "", "policy.csv": ""}
    for settings, params in (({"url": "https://argo"}, {}), ({}, {"server.insecure": "true"})):
        with pytest.raises(InputError, match=r"url|server\.insecure"):
            gitops.resource(settings, params, rbac)


def closed(schema: Any) -> Any:
    """Return a definition's schema that refuses unknown fields, as an API server with strict validation does."""
    if isinstance(schema, dict):
        made = {key: closed(value) for key, value in schema.items()}
        if "properties" in made and "additionalProperties" not in made:
            made["additionalProperties"] = False
        return made
    return [closed(each) for each in schema] if isinstance(schema, list) else schema


@pytest.mark.skipif(not {"LEANRAG_BENCH", "LEANRAG_BIN"} & set(os.environ), reason="fetches a Go module (make e2e)")
def test_the_operators_definition_has_every_field() -> None:
    path = argoconfig.module(OPERATOR, "argocd-operator") / "config/crd/bases/argoproj.io_argocds.yaml"
    versions = {each["name"]: each for each in yamlio.read(path)["spec"]["versions"]}
    schema = versions["v1beta1"]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec = yamlio.read(ROOT / gitops.RESOURCE)["spec"]
    jsonschema.validate(spec, closed(schema))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**spec, "resourceHealthCheck": []}, closed(schema))
