"""Where schemas come from: pinned Go modules, fetched once at set-up into the cache, never committed.

`bootstrap/tools/schemas*/go.mod` pin the versions and their go.sum the contents; this file says which files are read.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from leanrag.checks.worlds import MINORS
from leanrag.core.errors import ToolError, UnreachableError
from leanrag.core.files import cache_dir, read_text
from leanrag.core.process import run
from leanrag.core.progress import say
from leanrag.render.tools import go, tools_dir

_REQUIRED = re.compile(r"^\t(?:require )?(\S+) (v\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Source:
    """The files of one module that hold schemas: globs under its root; `wrapper` pins it."""

    module: str
    files: tuple[str, ...]
    wrapper: str = "schemas"

    @property
    def folder(self) -> str:
        """Where its files are kept: the older Kubernetes beside the newer."""
        return self.module if self.wrapper == "schemas" else f"{self.wrapper}/{self.module}"


_KSERVE = "config/crd/full"
_PROMETHEUS = "example/prometheus-operator-crd/monitoring.coreos.com_{}.yaml"
_MONITORING = ("servicemonitors", "podmonitors", "prometheusrules", "probes", "scrapeconfigs")
# With v1beta1, which OpenShift serves; the plain file has v1alpha1 only.
_ROUTING = "example/prometheus-operator-crd-full/monitoring.coreos.com_alertmanagerconfigs.yaml"
_OPENSHIFT = "{}/v1/zz_generated.crd-manifests/*{}.crd.yaml"

_KUBERNETES = ("api/openapi-spec/v3/api__v1_openapi.json", "api/openapi-spec/v3/apis__*__v*.json")
_OLDER = f"schemas-{MINORS[0]}"

SOURCES: tuple[Source, ...] = (
    Source("k8s.io/kubernetes", _KUBERNETES),
    Source("k8s.io/kubernetes", _KUBERNETES, _OLDER),
    Source(
        "github.com/kserve/kserve",
        (
            f"{_KSERVE}/serving.kserve.io_inferenceservices.yaml",
            f"{_KSERVE}/serving.kserve.io_servingruntimes.yaml",
            f"{_KSERVE}/serving.kserve.io_clusterservingruntimes.yaml",
            f"{_KSERVE}/llmisvc/serving.kserve.io_llminferenceservices.yaml",
            f"{_KSERVE}/llmisvc/serving.kserve.io_llminferenceserviceconfigs.yaml",
        ),
    ),
    Source(
        "github.com/prometheus-operator/prometheus-operator",
        (*(_PROMETHEUS.format(kind) for kind in _MONITORING), _ROUTING),
    ),
    Source("github.com/ogx-ai/ogx-k8s-operator", ("config/crd/bases/*.yaml",)),
    Source("github.com/argoproj/argo-cd/v3", ("manifests/crds/*-crd.yaml",)),
    Source(
        "github.com/cert-manager/cert-manager",
        tuple(f"deploy/crds/cert-manager.io_{kind}.yaml" for kind in ("certificates", "issuers", "clusterissuers")),
    ),
    Source(
        "github.com/external-secrets/external-secrets",
        tuple(f"config/crds/bases/external-secrets.io_{kind}.yaml" for kind in ("*externalsecrets", "*secretstores")),
    ),
    Source("github.com/grafana/grafana-operator/v5", ("config/crd/bases/*.yaml",)),
    Source("github.com/kedacore/keda/v2", ("config/crd/bases/keda.sh_*.yaml",)),
    Source(
        "github.com/openshift/api",
        (
            _OPENSHIFT.format("route", "routes"),
            _OPENSHIFT.format("security", "securitycontextconstraints"),
            _OPENSHIFT.format("console", "consolelinks"),
        ),
    ),
    Source(
        "github.com/operator-framework/api",
        tuple(
            f"crds/operators.coreos.com_{kind}.yaml" for kind in ("catalogsources", "operatorgroups", "subscriptions")
        ),
    ),
    Source("sigs.k8s.io/gateway-api", ("config/crd/standard/gateway.networking.k8s.io_*.yaml",)),
    Source(
        "sigs.k8s.io/gateway-api-inference-extension",
        ("config/crd/bases/inference.networking.k8s.io_inferencepools.yaml",),
    ),
    Source("sigs.k8s.io/lws", ("config/crd/bases/*.yaml",)),
)


def schema_files() -> tuple[Path, ...]:
    """Return the schema files of every source, fetching the modules once; offline and not yet fetched is one error."""
    folder = _raw_folder()
    if not folder.is_dir():
        _fetch(folder)
    return tuple(path for path in sorted(folder.rglob("*")) if path.is_file())


def pins_hash() -> str:
    """Return a hash of the pinned versions and contents, and of the files named here."""
    digest = hashlib.blake2b(repr(SOURCES).encode(), digest_size=8)
    for name in sorted({source.wrapper for source in SOURCES}):
        digest.update((_wrapper(name) / "go.sum").read_bytes())
    return digest.hexdigest()


def minor(path: Path) -> str:
    """Return the minor of Kubernetes whose OpenAPI a schema file is."""
    return MINORS[0] if _OLDER in path.parts else MINORS[-1]


def _wrapper(name: str) -> Path:
    folder = tools_dir() / name
    if not (folder / "go.sum").is_file():
        raise ToolError(f"no {folder}/go.sum, which pins the schemas", hint="run in a checkout, or set LEANRAG_TOOLS")
    return folder


def _raw_folder() -> Path:
    return cache_dir() / "schemas" / pins_hash() / "raw"


def _fetch(target: Path) -> None:
    say(f"schemas: fetching {len(SOURCES)} Go modules (260 MB, once)")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".raw-") as scratch:
        for source in SOURCES:
            root = _download(source)
            _copy(source, root, Path(scratch) / "raw" / source.folder)
        if not target.exists():  # another process may have been quicker
            (Path(scratch) / "raw").rename(target)


def _sums(text: str) -> Mapping[tuple[str, str], str]:
    rows = (line.split() for line in text.splitlines() if line.strip())
    return {(module, version): digest for module, version, digest in rows}


def _download(source: Source) -> Path:
    wrapper, module = _wrapper(source.wrapper), source.module
    version = dict(_REQUIRED.findall(read_text(wrapper / "go.mod")))[module]
    done = run(
        [go(), "mod", "download", "-json", f"{module}@{version}"],
        what=f"go mod download {module}@{version}",
        timeout=600,
        cwd=_neutral_folder(),
        # Outside any module, so that no go.mod of the user's is read or written.
        env={**os.environ, "GOFLAGS": "-mod=mod", "GOWORK": "off"},
        check=False,
    )
    answer = _answer(done.stdout)
    if done.returncode or "Dir" not in answer:
        reason = str(answer.get("Error") or done.stderr).strip().splitlines()[-1:] or ["no reason given"]
        raise UnreachableError(
            f"schemas: {module}@{version} could not be fetched: {reason[0]}",
            hint="connect once to the Go module proxy (GOPROXY); later runs need no network",
        )
    if answer.get("Sum") != _sums(read_text(wrapper / "go.sum")).get((module, version)):
        raise ToolError(
            f"schemas: {module}@{version} has checksum {answer.get('Sum')}, not the pinned one",
            hint=f"the proxy serves other contents than {wrapper}/go.sum; do not trust them",
        )
    return Path(answer["Dir"])


def _answer(stdout: str) -> dict[str, str]:
    try:
        answer = json.loads(stdout or "{}")
    except ValueError:
        return {"Error": stdout}
    return answer if isinstance(answer, dict) else {}


def _neutral_folder() -> Path:
    folder = cache_dir() / "schemas"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _copy(source: Source, root: Path, target: Path) -> None:
    for pattern in source.files:
        found = sorted(root.glob(pattern))
        if not found:
            raise ToolError(f"schemas: {source.module} holds no {pattern}", hint="correct leanrag/checks/sources.py")
        for path in found:
            place = target / path.relative_to(root)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
