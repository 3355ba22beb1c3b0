"""CEL001 and CEL002: what the CEL rules of an object's kind say of it, and of what became of it."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from leanrag.checks.defaults import defaulted
from leanrag.checks.finding import Finding, dotted
from leanrag.checks.scope import Scope, identity
from leanrag.render.manifest import Manifest

if TYPE_CHECKING:
    from leanrag.checks import cel


def broken(scope: Scope, manifest: Manifest, body: Mapping[str, Any]) -> Iterator[Finding]:
    """CEL001: rules on the object alone. `body` has its defaults, and satisfies the schema."""
    from leanrag.checks import cel  # the evaluator is loaded when the first rule is met

    version, kind = str(manifest.body.get("apiVersion")), manifest.kind
    if scope.schemas.cel_counts(version, kind)[0]:
        for each in cel.judge(scope.schemas.rules(version, kind), body):
            yield _finding(scope, manifest, "CEL001", each)


def changes(scope: Scope) -> Iterator[Finding]:
    """CEL002: rules that compare with the object of the base revision; without one nothing is said."""
    if scope.before is None:
        return
    from leanrag.checks import cel

    for manifest in scope.manifests:
        version, kind = str(manifest.body.get("apiVersion") or ""), manifest.kind
        if not scope.schemas.knows(version, kind) or not scope.schemas.cel_counts(version, kind)[1]:
            continue
        validator, defaults = scope.schemas.load(version, kind)[1], scope.schemas.defaults(version, kind)
        body = defaulted(manifest.body, defaults)
        before = scope.before.get(identity(manifest))
        old = cel.ABSENT if before is None else defaulted(before, defaults)
        if validator.is_valid(body) and (before is None or validator.is_valid(old)):
            for each in cel.judge_change(scope.schemas.rules(version, kind), body, old):
                yield _finding(scope, manifest, "CEL002", each)


def counted(scope: Scope) -> Mapping[str, int]:
    """Return how many CEL rules the kinds of a scope have: celEvaluated, and celTransition without a base revision."""
    kinds = {(str(each.body.get("apiVersion")), each.kind) for each in scope.manifests}
    counts = [scope.schemas.cel_counts(*each) for each in kinds]
    plain, compared = sum(each[0] for each in counts), sum(each[1] for each in counts)
    known = scope.before is not None
    return {"celEvaluated": plain + compared * known, "celTransition": compared * (not known)}


def _finding(scope: Scope, manifest: Manifest, rule: str, broken: "cel.Broken") -> Finding:
    where = dotted(broken.path)
    if broken.unknown:
        message = f"the rule {broken.rule!r} of its kind could not be evaluated: {broken.message}"
        return scope.finding(rule, manifest, where, message, "ask an API server (dry run)", unknown=True)
    return scope.finding(rule, manifest, where, broken.message, f"satisfy the rule of its kind: {broken.rule}")
