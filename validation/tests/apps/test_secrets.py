"""Every Secret that a pod mounts is fetched by platform/secrets, and the signing key for the gate alone."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.new_cluster import needs
from leanrag.catalog.repository import Repository
from leanrag.render.helm import render_cluster

ROOT = Path(__file__).parents[3]


def objects(name: str) -> list[Any]:
    repository = Repository(ROOT)
    return [manifest.body for manifest in render_cluster(repository, repository.cluster(name))]


def fetched(found: Iterable[Any]) -> dict[tuple[str, str], set[str]]:
    """Return namespace and name of every Secret that External Secrets makes, with its keys."""
    return {
        (each["metadata"]["namespace"], each["spec"]["target"]["name"]): {
            item["secretKey"] for item in each["spec"]["data"]
        }
        for each in found
        if each["kind"] == "ExternalSecret"
    }


def read_keys(node: Any) -> Iterator[tuple[str, str]]:
    """Yield the Secret and the key of every variable that comes from one."""
    if isinstance(node, list):
        for each in node:
            yield from read_keys(each)
    elif isinstance(node, dict):
        reference = node.get("secretKeyRef")
        if isinstance(reference, dict) and not reference.get("optional"):
            yield reference["name"], reference["key"]
        for value in node.values():
            yield from read_keys(value)


@pytest.mark.helm
@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_every_key_that_a_pod_reads_is_fetched(name: str) -> None:
    found = objects(name)
    keys = fetched(found)
    read = {(each["metadata"].get("namespace", ""), *pair) for each in found for pair in read_keys(each)}
    # A Secret that the same render or an operator makes is not fetched.
    assert {each for each in read if each[:2] in keys and each[2] not in keys[each[:2]]} == set()


def _unfetched(found: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    return (each for each in found if each["kind"] != "ExternalSecret")


@pytest.mark.helm
@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_what_pods_mount_is_fetched_and_nothing_else(name: str) -> None:
    found = objects(name)
    certificates = {
        (each["metadata"]["namespace"], each["spec"]["secretName"]) for each in found if each["kind"] == "Certificate"
    }
    mounted = {(space, name) for space, kind, name in needs(_unfetched(found)) if kind == "Secret"} - certificates
    assert fetched(found).keys() == mounted


@pytest.mark.helm
@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_the_signing_key_is_in_the_gates_namespace_alone(name: str) -> None:
    found = objects(name)
    holders = {
        each["metadata"]["namespace"]
        for each in found
        if each["kind"] == "ExternalSecret"
        and any(item["remoteRef"]["key"].endswith("gate-signing") for item in each["spec"]["data"])
    }
    assert holders == {"lr-gate"}
    assert fetched(found)["lr-gate", "gate-signing"] == {"ed25519.pem"}
