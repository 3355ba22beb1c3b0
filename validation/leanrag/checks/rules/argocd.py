"""What Argo CD needs to be told on objects: keep data, wait for CRDs, run hooks once and keep their logs."""

from collections.abc import Iterator, Mapping

from leanrag.checks.finding import Finding, at
from leanrag.checks.scope import Scope
from leanrag.core.shapes import mapping
from leanrag.render.manifest import Manifest

_OPTIONS = "argocd.argoproj.io/sync-options"
_HOOK = "argocd.argoproj.io/hook"
_HOOK_DELETION = "argocd.argoproj.io/hook-delete-policy"
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
    """DAT001: Prune and Delete are two switches; only both keep a volume (argo-cd #9853, #7124).

    Argo CD does not know the volumes that a StatefulSet makes; the StatefulSet itself can delete them.
    """
    for manifest in scope.of_kind(*_KEPT):
        lacking = [option for option in ("Prune=false", "Delete=false") if option not in _options(manifest)]
        if lacking:
            message = f"lacks {' and '.join(lacking)}: a sync or a removal would delete what it holds"
            where = f"metadata.annotations.{_OPTIONS}"
            yield scope.finding("DAT001", manifest, where, message, "write Prune=false,Delete=false")
    for manifest in scope.of_kind("StatefulSet"):
        policy = mapping(at(manifest.body, ("spec", "persistentVolumeClaimRetentionPolicy")))
        for key in sorted(key for key, value in policy.items() if value == "Delete"):
            message = "is Delete: its volumes go with the pods that they are for"
            where = f"spec.persistentVolumeClaimRetentionPolicy.{key}"
            yield scope.finding("DAT001", manifest, where, message, "write Retain")


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
        written = _annotations(manifest)
        for where, message, fix in _hook_problems(manifest, written) if _HOOK in written else ():
            yield scope.finding("HOK001", manifest, where, message, fix)


def _hook_problems(manifest: Manifest, written: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    spec = mapping(manifest.body.get("spec"))
    if "ttlSecondsAfterFinished" in spec:
        fix = "remove it; BeforeHookCreation deletes the old Job"
        yield "spec.ttlSecondsAfterFinished", "removes the Job and its result", fix
    if spec.get("backoffLimit") != 0:
        message = f"is {spec.get('backoffLimit', 'not set (6)')}: a failed gate would run again until it passes"
        yield "spec.backoffLimit", message, "set it to 0"
    if at(spec, ("template", "spec", "restartPolicy")) == "OnFailure":
        message = "runs a failed container again until it passes, and backoffLimit does not count that"
        yield "spec.template.spec.restartPolicy", message, "write Never"
    if "activeDeadlineSeconds" not in spec:
        message = "is not set: a hanging hook holds the sync, and with it a rollback"
        yield "spec.activeDeadlineSeconds", message, "set it"
    policy = {word.strip() for word in written.get(_HOOK_DELETION, "BeforeHookCreation").split(",")}
    if policy & {"HookSucceeded", "HookFailed"}:
        message = "deletes the Job before its result and its log are read (argo-cd #26180)"
        yield f"metadata.annotations.{_HOOK_DELETION}", message, "write BeforeHookCreation"
    if metadata := mapping(manifest.body.get("metadata")).get("generateName"):
        message = f"{metadata!r} makes another Job with every sync, and none is ever deleted"
        yield "metadata.generateName", message, "write a fixed name"
    if deletions := {word.strip() for word in written[_HOOK].split(",")} & {"PreDelete", "PostDelete"}:
        message = f"{', '.join(sorted(deletions))} leaves Applications that cannot be deleted (argo-cd #17433)"
        yield f"metadata.annotations.{_HOOK}", message, "do it before the removal, by hand or with leanrag prune"


def jobs_can_be_replaced(scope: Scope) -> Iterator[Finding]:
    """JOB001: the template of a Job cannot change, so a sync of its next version fails unless it is made anew."""
    for manifest in scope.of_kind("Job"):
        hooks = {_HOOK, "helm.sh/hook"} & set(_annotations(manifest))
        if not hooks and not {"Replace=true", "Force=true"} <= _options(manifest):
            message = "is no hook, and the template of a Job cannot be changed: its next version fails to sync"
            fix = f"make it a hook ({_HOOK}), or add the sync options Force=true,Replace=true"
            yield scope.finding("JOB001", manifest, "metadata.annotations", message, fix)
