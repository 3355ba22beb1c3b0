"""bootstrap/openshift/argocd.yaml from bootstrap/argocd: `python -m leanrag.render.gitops [--write]`.

OpenShift GitOps writes Argo CD's ConfigMaps from its `ArgoCD` resource, so the same settings stand there differently.
They are written by hand once, in bootstrap/argocd. Without --write the file is compared.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from leanrag.core import yamlio
from leanrag.core.errors import InputError, LeanragError
from leanrag.core.files import read_text, write_atomic

SETTINGS = Path("bootstrap/argocd")
RESOURCE = Path("bootstrap/openshift/argocd.yaml")
_HEALTH = "resource.customizations.health."
# The operator (v0.18.0, controllers/argocd/statefulset.go) hands its controller one key of argocd-cmd-params-cm, not
# this one; a flag does get there.
_FLAGS = {"controller.sync.timeout.seconds": "--sync-timeout"}
_HEAD = """# yamllint disable rule:indentation
# Generated from bootstrap/argocd by `python -m leanrag.render.gitops --write`; edit there. Fields of v1beta1 as in
# argocd-operator v0.18.0. The operator makes one resource of this name itself: apply this on top of it.
"""


def resource(settings: Mapping[str, str], params: Mapping[str, str], rbac: Mapping[str, str]) -> dict[str, Any]:
    """Return the ArgoCD resource for the data of argocd-cm, argocd-cmd-params-cm and argocd-rbac-cm."""
    others = sorted({key for key in settings if not key.startswith(_HEALTH)} | (params.keys() - _FLAGS.keys()))
    if others:
        raise InputError(
            f"{SETTINGS}: {', '.join(others)} has no place in {RESOURCE} yet", hint="add it to leanrag/render/gitops.py"
        )
    return {
        "apiVersion": "argoproj.io/v1beta1",
        "kind": "ArgoCD",
        "metadata": {"name": "openshift-gitops", "namespace": "openshift-gitops"},
        "spec": {
            "controller": {"extraCommandArgs": [word for key in params for word in (_FLAGS[key], params[key])]},
            "rbac": {"defaultPolicy": rbac["policy.default"], "policy": rbac["policy.csv"]},
            "resourceHealthChecks": [_check(key, lua) for key, lua in settings.items()],
        },
    }


def _check(key: str, lua: str) -> dict[str, str]:
    """Return one health check; the core group has no name."""
    group, _, kind = key.removeprefix(_HEALTH).rpartition("_")
    return ({"group": group} if group else {}) | {"kind": kind, "check": lua}


def text(root: Path) -> str:
    """Return the whole file for a checkout."""
    data = [yamlio.read(root / SETTINGS / f"argocd-{name}cm.yaml")["data"] for name in ("", "cmd-params-", "rbac-")]
    return _HEAD + yamlio.dump(resource(*data))


def main(arguments: Iterable[str]) -> int:
    """Write the file, or compare it and exit 1 when it differs."""
    root = Path.cwd()
    wanted = text(root)
    if "--write" in arguments:
        write_atomic(root / RESOURCE, wanted)
    elif read_text(root / RESOURCE) != wanted:
        print(f"{RESOURCE} differs from {SETTINGS}; run: python -m leanrag.render.gitops --write")
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LeanragError as error:
        sys.exit(f"error: {error.message}\nhint: {error.hint}")
