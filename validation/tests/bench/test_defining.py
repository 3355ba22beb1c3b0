"""A kind is served when `define` returns, also where an API server ended in the middle of taking it up."""

from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client

from leanrag.bench import applying
from leanrag.bench.accept_server import api_server
from leanrag.bench.defining import DEFINITIONS, define, established
from leanrag.render.tools import ready

NAME = "leaves.example.com"
LEAF: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": NAME},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"kind": "Leaf", "plural": "leaves"},
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
        ],
    },
}


@pytest.fixture(scope="module")
def api() -> Iterator[client.ApiClient]:
    """A real API server with its etcd."""
    if not ready("kube-apiserver"):
        pytest.skip("no kube-apiserver: run `leanrag tools kube-apiserver`")
    with api_server() as server:
        settings = client.Configuration(host=server.url)
        settings.cert_file, settings.key_file = server.pair
        settings.ssl_ca_cert = str(server.authority)
        settings.no_proxy = "*"
        yield client.ApiClient(settings)


def test_a_kind_is_served_when_define_returns_and_each_time_is_a_change(api: client.ApiClient) -> None:
    # Without a change an API server does not go on with a kind that it had left half taken up when it ended.
    define(api, [LEAF])
    assert established(api, NAME)
    before = version(api)
    define(api, [LEAF])
    assert established(api, NAME)
    assert version(api) != before


def version(api: client.ApiClient) -> str:
    return str(applying.get(api, f"{DEFINITIONS}/{NAME}")["metadata"]["resourceVersion"])
