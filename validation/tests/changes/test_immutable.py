"""What the API server refuses to change is known before the sync fails; what it takes is not accused."""

import copy

import pytest

from leanrag.changes.immutable import nodes, refusals
from leanrag.changes.paths import differences


def refused(group, kind, before, after):
    found = tuple(differences(before, after))
    return [each.path for each in refusals(group, kind, before, after, found)]


def changed(body, path, value):
    made = copy.deepcopy(body)
    inner = made
    for part in path[:-1]:
        inner = inner.setdefault(part, {})
    inner[path[-1]] = value
    return made


STATEFUL = {"spec": {"replicas": 1, "serviceName": "a", "volumeClaimTemplates": [{"metadata": {"name": "d"}}]}}
CLAIM = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}}}
JOB = {"spec": {"backoffLimit": 1, "template": {"spec": {"restartPolicy": "Never"}}}}
HOOK = {**JOB, "metadata": {"annotations": {"argocd.argoproj.io/hook": "PostSync"}}}
KEPT_HOOK = {"argocd.argoproj.io/hook": "PostSync", "argocd.argoproj.io/hook-delete-policy": "HookSucceeded"}
SERVED = {"metadata": {"annotations": {"serving.kserve.io/deploymentMode": "Standard"}}}


@pytest.mark.parametrize(
    ("group", "kind", "before", "path", "value"),
    [
        ("apps", "Deployment", {"spec": {"selector": {"matchLabels": {"a": "b"}}}}, ("spec", "selector"), {}),
        ("apps", "StatefulSet", STATEFUL, ("spec", "serviceName"), "b"),
        ("apps", "StatefulSet", STATEFUL, ("spec", "volumeClaimTemplates"), []),
        ("apps", "StatefulSet", STATEFUL, ("spec", "podManagementPolicy"), "Parallel"),
        ("batch", "Job", JOB, ("spec", "template", "spec", "restartPolicy"), "OnFailure"),
        ("batch", "Job", {**JOB, "metadata": {"annotations": KEPT_HOOK}}, ("spec", "completions"), 2),
        ("", "PersistentVolumeClaim", CLAIM, ("spec", "storageClassName"), "fast"),
        ("", "PersistentVolumeClaim", CLAIM, ("spec", "resources", "requests", "storage"), "9Gi"),
        ("", "Service", {"spec": {}}, ("spec", "clusterIP"), "None"),
        ("", "Secret", {"type": "Opaque"}, ("type",), "kubernetes.io/tls"),
        ("", "ConfigMap", {"immutable": True, "data": {"a": "b"}}, ("data", "a"), "c"),
        ("rbac.authorization.k8s.io", "RoleBinding", {"roleRef": {"name": "a"}}, ("roleRef", "name"), "b"),
        (
            "serving.kserve.io",
            "InferenceService",
            SERVED,
            ("metadata", "annotations", "serving.kserve.io/deploymentMode"),
            "Knative",
        ),
        (
            "serving.kserve.io",
            "LLMInferenceService",
            {"spec": {}},
            ("spec", "parallelism"),
            {"data": 4, "dataLocal": 2},
        ),
    ],
)
def test_what_cannot_be_changed_is_refused(group, kind, before, path, value):
    assert refused(group, kind, before, changed(before, path, value))


@pytest.mark.parametrize(
    ("group", "kind", "before", "path", "value"),
    [
        ("apps", "Deployment", {"spec": {"replicas": 1}}, ("spec", "replicas"), 2),
        ("apps", "StatefulSet", STATEFUL, ("spec", "replicas"), 2),
        ("apps", "StatefulSet", STATEFUL, ("spec", "template"), {"spec": {}}),
        ("apps", "StatefulSet", STATEFUL, ("metadata", "labels"), {"a": "b"}),
        ("batch", "Job", JOB, ("spec", "backoffLimit"), 2),
        ("batch", "Job", HOOK, ("spec", "template", "spec", "restartPolicy"), "OnFailure"),
        (
            "batch",
            "CronJob",
            {"spec": {"jobTemplate": {"spec": {}}}},
            ("spec", "jobTemplate", "spec"),
            {"template": {}},
        ),
        ("", "PersistentVolumeClaim", CLAIM, ("spec", "resources", "requests", "storage"), "0.02Ti"),
        ("", "PersistentVolumeClaim", CLAIM, ("metadata", "labels"), {"a": "b"}),
        ("", "Service", {"spec": {"clusterIP": "None"}}, ("spec", "ports"), []),
        ("", "ConfigMap", {"data": {"a": "b"}}, ("data", "a"), "c"),
        ("", "ConfigMap", {"immutable": True}, ("metadata", "labels"), {"a": "b"}),
        ("serving.kserve.io", "LLMInferenceService", {"spec": {}}, ("spec", "parallelism"), {"tensor": 4}),
        ("example.org", "Deployment", {"spec": {"selector": 1}}, ("spec", "selector"), 2),
    ],
)
def test_what_can_be_changed_is_not_accused(group, kind, before, path, value):
    assert refused(group, kind, before, changed(before, path, value)) == []


def test_every_refusal_names_a_way_out():
    before, after = STATEFUL, changed(STATEFUL, ("spec", "serviceName"), "b")
    (only,) = refusals("apps", "StatefulSet", before, after, tuple(differences(before, after)))
    assert (only.path, "--cascade=orphan" in only.fix) == ("spec.serviceName", True)


@pytest.mark.parametrize(
    ("parallelism", "pods"),
    [
        (None, 1),
        ({}, 1),
        ({"data": 16, "dataLocal": 8}, 2),
        ({"data": 4}, 4),
        ({"dataLocal": 8}, 1),
        ({"pipeline": 3}, 3),
    ],
)
def test_the_pods_of_a_replica_are_counted_as_kserve_does(parallelism, pods):
    assert nodes(parallelism) == pods
