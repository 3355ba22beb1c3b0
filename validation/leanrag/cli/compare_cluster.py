"""Comparing two engines in a cluster: their contracts say where they are, a Lease keeps the gate away meanwhile."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kubernetes.client import ApiException, CoreV1Api

from leanrag.compare.endpoint import Endpoint
from leanrag.compare.interleave import Plan
from leanrag.core.errors import InputError, LeanragError, ToolError
from leanrag.core.progress import say
from leanrag.core.shapes import items, mapping
from leanrag.gate.access import Access, Answer, answered, by_kubeconfig, in_cluster
from leanrag.gate.discover import RAG_KEY, RAG_LABEL, SLO_KEY, SLO_LABEL, ModelContract
from leanrag.gate.lease import Lease, identity, lease_name
from leanrag.gate.source import tokens
from leanrag.gate.wait import Clock
from leanrag.gate.watch import watching
from leanrag.slo.spec import parse

LEASE_SECONDS = 1800.0


def plan_in_cluster(
    base: str, new: str, given: Mapping[str, Any], guidellm: Path, access: Access
) -> tuple[Plan, Lease]:
    """Return what is measured of two releases, and the Lease that the gate of this cluster would take for its own run.

    `given`: namespaces `serving` and `rag`, mounted `tokens`, `out`, `rounds`, `gpu`, `gpus`. InputError when a release
    publishes no contract or promises nothing.
    """
    found = {each.release: each for each in _contracts(access, given["serving"])}
    missing = [name for name in (base, new) if name not in found]
    if missing:
        where = f"{' and '.join(missing)}: no contract of this release in namespace {given['serving']}"
        raise InputError(where, hint=f"releases there: {', '.join(sorted(found)) or 'none'}")
    secrets = tokens(given["tokens"])
    sides = (_endpoint("base", found[base], secrets), _endpoint("candidate", found[new], secrets))
    slo = parse(found[base].slo, f"{base}: slo")
    urls = {each.url.rstrip("/") for each in found.values()} | set(_rag_urls(access, given["rag"]))
    me = identity(os.environ.get("POD_NAME") or "leanrag-compare")
    lease = Lease(access.client, access.namespace, lease_name(urls), me)
    return Plan(*sides, slo, given["out"], guidellm, given["rounds"], given["gpu"], given["gpus"]), lease


def reach(kubeconfig: Path | None) -> Access:
    """Reach the cluster: by a kubeconfig, else as the pod that this is."""
    return by_kubeconfig(kubeconfig) if kubeconfig else in_cluster()


def _endpoint(name: str, contract: ModelContract, secrets: Mapping[str, str]) -> Endpoint:
    auth = contract.auth
    token = secrets.get(f"{auth.secretName}/{auth.secretKey}", "") if auth else ""
    return Endpoint(name, contract.url.rstrip("/"), contract.model, token)


def _contracts(access: Access, namespace: str) -> Iterator[ModelContract]:
    for text in _published(access, namespace, SLO_LABEL, SLO_KEY):
        try:
            yield ModelContract.model_validate_json(text)
        except ValueError as error:
            raise InputError(
                f"{namespace}: a contract cannot be read: {str(error).splitlines()[0]}", hint="repair its chart"
            ) from None


def _rag_urls(access: Access, namespace: str) -> Iterator[str]:
    for text in _published(access, namespace, RAG_LABEL, RAG_KEY) if namespace else ():
        try:
            url = mapping(json.loads(text)).get("url")
        except ValueError:
            continue  # the gate refuses it; here it only takes part in the Lease's name
        if isinstance(url, str):
            yield url.rstrip("/")


def _published(access: Access, namespace: str, label: str, key: str) -> Iterator[str]:
    api = CoreV1Api(access.client)
    try:
        listed = answered(
            f"ConfigMaps in {namespace}",
            lambda: api.list_namespaced_config_map(namespace, label_selector=f"{label}=true", **Answer.RAW),
        )
    except ApiException as error:
        raise InputError(
            f"ConfigMaps in {namespace}: the API server answers {error.status} {error.reason}",
            hint="the account needs get and list there: see `reads` in charts/gate/gate",
        ) from None
    for each in items(mapping(listed).get("items")):
        text = mapping(mapping(each).get("data")).get(key)
        if isinstance(text, str):
            yield text


@contextmanager
def alone(lease: Lease, seconds: float = LEASE_SECONDS) -> Iterator[Callable[[], str]]:
    """Hold the Lease during the block, and yield a question: who has taken it meanwhile? Empty: nobody."""
    clock = Clock(time.monotonic, time.sleep)
    if other := lease.acquire(seconds, clock, say):
        raise ToolError(f"{other} measures these endpoints, still after {seconds:.0f} s", hint="ask again later")
    lost: list[str] = []
    try:
        with watching((lease.renew,), lost.append):
            yield lambda: f"{lost[0]} took over the lease: two measurements at once" if lost else ""
    finally:
        with suppress(LeanragError):
            lease.release()
