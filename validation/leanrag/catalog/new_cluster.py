"""A new cluster: its two files, what speaks against them, and what must exist before its first sync."""

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from leanrag.catalog.model import Cluster, ClusterFile, ReleaseFile
from leanrag.catalog.repository import Repository, nearest, problems
from leanrag.core import yamlio
from leanrag.core.errors import InputError

IN_CLUSTER = "https://kubernetes.default.svc"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a user asked for. An empty text means: not given."""

    name: str
    environment: str
    platform: str
    registry: str
    domain: str
    openshift_ai: str = ""
    storage_class: str = ""
    prefix: str = "lr"
    protected: bool = False
    mode: str = "full"
    follows: str = ""
    approval: str = "auto"
    server: str = ""

    @property
    def remote(self) -> bool:
        """Whether Argo CD manages it from another cluster."""
        return self.server not in ("", IN_CLUSTER)


def new_files(repository: Repository, wanted: Wanted) -> dict[str, str]:
    """Return file name → text for clusters/<name>/; InputError names everything that speaks against it."""
    leader = next((each for each in _known(repository) if each.name == wanted.follows), None)
    facts, release = _facts(wanted, leader), _release(wanted)
    found = [*_against(repository, wanted), *_unfit(leader)]
    for model, values in ((ClusterFile, {"cluster": facts}), (ReleaseFile, {"release": release})):
        try:
            model.model_validate(values)
        except ValidationError as error:
            found += problems(error)
    if found:
        raise InputError(f"cluster {wanted.name!r}: " + "; ".join(dict.fromkeys(found)), hint="nothing was written")
    title = f"# {wanted.name}: environment {wanted.environment}"
    title += f", follows {wanted.follows}.\n" if wanted.follows else ", tracks main.\n"
    runs = f"nothing until {wanted.follows}'s first PASS" if wanted.follows else "main"
    head = f"# What runs on {wanted.name}: {runs}. leanrag writes this file, except for the first time.\n"
    return {
        "cluster.yaml": title + yamlio.dump({"cluster": facts}),
        "release.yaml": head + yamlio.dump({"release": release}),
    }


def _unfit(leader: Cluster | None) -> Iterator[str]:
    if leader and leader.facts.gate.mode == "observe":
        yield f"{leader.name} only observes, so that none of its verdicts moves a follower; follow another"


def _facts(wanted: Wanted, leader: Cluster | None) -> dict[str, Any]:
    given = {
        "name": wanted.name,
        "environment": wanted.environment,
        "platform": wanted.platform,
        "openshiftAI": wanted.openshift_ai,
        "domain": wanted.domain,
        "storageClass": wanted.storage_class,
        "registry": wanted.registry.rstrip("/"),
        "namespacePrefix": "" if wanted.prefix == "lr" else wanted.prefix,
    }
    # More than its leader measures would never come.
    requires = "smoke" if leader and leader.facts.gate.mode == "smoke" else "full"
    gate = {"mode": wanted.mode, **({"requires": requires} if wanted.follows else {})}
    return {key: value for key, value in given.items() if value} | {"protected": wanted.protected, "gate": gate}


def _release(wanted: Wanted) -> dict[str, Any]:
    runs = {"follows": wanted.follows, "approval": wanted.approval} if wanted.follows else {"revision": "main"}
    return runs | ({"server": wanted.server} if wanted.server else {})


def _against(repository: Repository, wanted: Wanted) -> Iterator[str]:
    names = repository.cluster_names()
    if not _NAME.fullmatch(wanted.name):
        yield "the name must be lower-case letters, digits and dashes, at most 32"
    elif wanted.name in names or (repository.root / "clusters" / wanted.name).exists():
        yield f"clusters/{wanted.name} exists already"
    gate = repository.root / "overlays" / wanted.environment / "gate" / "gate.yaml"
    if not gate.is_file():
        environments = sorted(path.parts[-3] for path in (repository.root / "overlays").glob("*/gate/gate.yaml"))
        near = nearest(wanted.environment, environments)
        meant = f"; did you mean {near!r}?" if near else f"; there are {', '.join(environments)}"
        yield f"no environment {wanted.environment!r}: overlays/{wanted.environment}/gate/gate.yaml is missing{meant}"
    if wanted.follows and wanted.follows not in names:
        near = nearest(wanted.follows, names)
        yield f"it follows {wanted.follows!r}, which is no cluster" + (f"; did you mean {near!r}?" if near else "")
    if wanted.approval == "manual" and not wanted.follows:
        yield "approval is for promotions, and a cluster that follows nobody gets none; give --follows"
    for each in _known(repository):
        yield from _clashes(repository, wanted, each)


def _known(repository: Repository) -> Iterator[Cluster]:
    """Yield the clusters that can be read; a malformed one must not keep a new one away."""
    for name in repository.cluster_names():
        with contextlib.suppress(InputError):
            yield repository.cluster(name)


def _clashes(repository: Repository, wanted: Wanted, other: Cluster) -> Iterator[str]:
    if other.path.parent.parent.name != "clusters" or other.name == wanted.name:
        return
    same = application_names(repository, wanted.name, wanted.environment) & application_names(
        repository, other.name, other.environment
    )
    if same:
        yield f"Application {min(same)} is one of cluster {other.name}; choose another name"
    server = IN_CLUSTER
    with contextlib.suppress(InputError, KeyError, TypeError, AttributeError):
        content = yamlio.read(other.path.with_name("release.yaml"))
        server = content["release"].get("server") or IN_CLUSTER
    if server == (wanted.server or IN_CLUSTER) and other.facts.namespacePrefix == wanted.prefix:
        yield (
            f"cluster {other.name} has the namespaces {wanted.prefix}-… of {server} already; "
            "give --namespace-prefix, or --server when it is another Kubernetes"
        )


def application_names(repository: Repository, name: str, environment: str) -> set[str]:
    """Return the names of all Applications that a cluster has in Argo CD's namespace."""
    folder = repository.root / "overlays" / environment
    charts = {path.stem for path in folder.glob("*/*.yaml") if path.parent.name != "models"}
    models = {f"model-{path.stem}" for path in folder.glob("models/*.yaml")}
    return {name, *(f"{name}-{suffix}" for suffix in {"pin", "gate", *charts, *models})}


def needs(objects: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, str, str], ...]:
    """Return what rendered objects mount and do not bring: namespace, kind (Secret or PersistentVolumeClaim), name."""
    brought, used = set(), set()
    for each in objects:
        metadata = each.get("metadata") or {}
        space = str(metadata.get("namespace", ""))
        brought.add((space, str(each.get("kind")), str(metadata.get("name"))))
        brought |= {(space, "Secret", name) for name in _made(each)}
        # Issuers and Certificates name what cert-manager itself keeps.
        if not str(each.get("apiVersion")).startswith("cert-manager.io/"):
            used |= {(space, kind, name) for kind, name in _references(each)}
    return tuple(sorted(used - brought))


def _made(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield the Secrets that a controller makes of an object."""
    spec = body.get("spec") or {}
    if body.get("kind") == "ExternalSecret":
        yield str((spec.get("target") or {}).get("name") or body["metadata"]["name"])
    if body.get("kind") == "Certificate":
        yield str(spec.get("secretName"))


def _references(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for each in node:
            yield from _references(each)
    elif isinstance(node, Mapping):
        for key, value in node.items():
            if key in ("secretKeyRef", "secretRef") and isinstance(value, Mapping) and not value.get("optional"):
                yield "Secret", str(value.get("name"))
            elif key == "secretName" and isinstance(value, str) and not node.get("optional"):
                yield "Secret", value
            elif key == "claimName" and isinstance(value, str):
                yield "PersistentVolumeClaim", value
            elif isinstance(value, str) and value.startswith("pvc://"):
                yield "PersistentVolumeClaim", value.removeprefix("pvc://").partition("/")[0]
            else:
                yield from _references(value)


def next_steps(wanted: Wanted, namespaces: Iterable[str], needed: Iterable[tuple[str, str, str]]) -> tuple[str, ...]:
    """Return what a person does now, in this order; `namespaces` is empty where platform/policies makes them."""
    own = f"leanrag render --cluster {wanted.name} --app {wanted.name}-policies"
    steps = [f"{own} | kubectl apply --server-side --field-manager argocd-controller -f -"]
    if names := " ".join(sorted(namespaces)):
        steps = [f"for n in {names}; do kubectl create namespace $n; done"]
    steps += [f"create {kind} {name} in {space}" for space, kind, name in needed]
    steps.append(
        f"leanrag gate keygen: the private half is {wanted.prefix}-gate's signing Secret, the public half goes"
    )
    steps[-1] += f" into clusters/{wanted.name}/cluster.yaml, gate.publicKeys"
    if wanted.remote:
        steps.append(
            f"register {wanted.server} with Argo CD: a Secret labelled argocd.argoproj.io/secret-type: cluster"
        )
        steps.append(
            f"give the gate a kubeconfig of the hub, and the promoter one of {wanted.name} (their charts' READMEs)"
        )
    steps.append(f"leanrag check --cluster {wanted.name}")
    steps.append(f"git add clusters/{wanted.name} && git commit && git push: Argo CD makes {wanted.name}-pin")
    last = (
        f"its first pin comes with the next PASS of {wanted.follows}" if wanted.follows else "it deploys main at once"
    )
    return (*steps, last)


def folder_of(repository: Repository, name: str) -> Path:
    """Return where a cluster's files are."""
    return repository.root / "clusters" / name
