"""What Argo CD needs to be told on objects: keep data, wait for CRDs, run hooks once and keep their logs."""

from collections.abc import Iterator, Mapping

from leanrag.checks.finding import Finding
from leanrag.checks.scope import Scope, mapping
from leanrag.render.manifest import Manifest

_OPTIONS = "argocd.argoproj.io/sync-options"
_HOOK = "argocd.argoproj.io/hook"
_KEPT = (
    "PersistentVolumeClaim",
    "Namespace",
    "CustomResourceDefinition",
    "Subscription",
    "OperatorGroup",
    "ObjectBucketClaim",
)


def _annotations(manifest: Manifest) -> Mapping[str, str]:
    return {
        key: str(value) for key, value in mapping(mapping(manifest.body.get("metadata")).get("annotations")).items()
    }


def _options(manifest: Manifest) -> set[str]:
    return {option.strip() for option in _annotations(manifest).get(_OPTIONS, "").split(",")}


def data_is_kept(scope: Scope) -> Iterator[Finding]:
    """DAT001: Prune and Delete are two switches; only both keep a volume (argo-cd #9853, #7124)."""
    for manifest in scope.of_kind(*_KEPT):
        lacking = [option for option in ("Prune=false", "Delete=false") if option not in _options(manifest)]
        if lacking:
            message = f"lacks {' and '.join(lacking)}: a sync or a removal would delete what it holds"
            where = f"metadata.annotations.{_OPTIONS}"
            yield scope.finding("DAT001", manifest, where, message, "write Prune=false,Delete=false")


def foreign_kinds_wait(scope: Scope) -> Iterator[Finding]:
    """CRD001: on a fresh cluster the dry run of an unknown kind fails the whole sync (argo-cd #6489).

    Argo CD's own kinds are excepted: whoever syncs them runs Argo CD.
    """
    for manifest in scope.manifests:
        version = str(manifest.body.get("apiVersion") or "")
        foreign = scope.schemas.knows(version, manifest.kind) and not scope.schemas.builtin(version, manifest.kind)
        if foreign and not version.startswith("argoproj.io/") and _HOLDS not in _options(manifest):
            message = "its CRD may come later, and then the whole sync fails"
            where = f"metadata.annotations.{_OPTIONS}"
            yield scope.finding("CRD001", manifest, where, message, f"add {_HOLDS}")


_HOLDS = "SkipDryRunOnMissingResource=true"


def hooks_run_once(scope: Scope) -> Iterator[Finding]:
    """HOK001: a hook Job neither vanishes before it is read nor runs again by itself (argo-cd #21055, #6880)."""
    for manifest in scope.of_kind("Job"):
        if _HOOK not in _annotations(manifest):
            continue
        spec = mapping(manifest.body.get("spec"))
        if "ttlSecondsAfterFinished" in spec:
            fix = "remove it; BeforeHookCreation deletes the old Job"
            yield scope.finding(
                "HOK001", manifest, "spec.ttlSecondsAfterFinished", "removes the Job and its result", fix
            )
        if spec.get("backoffLimit") != 0:
            message = f"is {spec.get('backoffLimit', 'not set (6)')}: a failed gate would run again until it passes"
            yield scope.finding("HOK001", manifest, "spec.backoffLimit", message, "set it to 0")
        if "activeDeadlineSeconds" not in spec:
            message = "is not set: a hanging hook holds the sync, and with it a rollback"
            yield scope.finding("HOK001", manifest, "spec.activeDeadlineSeconds", message, "set it")
