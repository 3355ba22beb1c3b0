"""What a change does is on top: images, models, operators and promises, what is made anew, pruned, moved or refused."""

import json

import pytest

from leanrag.changes.objects import Fate
from leanrag.changes.run import compare
from leanrag.changes.summary import summary

from .told import cluster, objects, web

pytestmark = pytest.mark.helm

CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: data, namespace: ns, annotations: {{{annotations}}}}}
spec: {{}}
"""
KEEP = 'argocd.argoproj.io/sync-options: "Prune=false,Delete=false"'


def test_the_summary_has_images_replicas_gpus_and_whose_pods_are_made_anew(checkout):
    checkout.commit(web=web())
    checkout.commit(web=web(image="r/web:2", replicas=3))
    found = summary(cluster(compare(checkout.path, "HEAD~1", "HEAD")))
    assert [(each.before, each.after) for each in found.images] == [("r/web:1", "r/web:2")]
    assert {part: found.differing(part)[0][1:] for part in ("replicas", "gpus", "memory")} == {
        "replicas": (1, 3),
        "gpus": (1, 3),
        "memory": (2**30, 3 * 2**30),
    }
    assert found.restarts == (("east-store: Deployment/web", 3),)


def test_another_number_of_replicas_makes_no_pod_anew(checkout):
    served = (
        "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {{name: chat, namespace: ns}}\n"
        "spec: {{predictor: {{minReplicas: {}, model: {{runtime: r}}}}}}\n"
    )
    checkout.commit(web=web(), chat=served.format(1))
    checkout.commit(web=web(replicas=2), chat=served.format(2))
    assert summary(cluster(compare(checkout.path, "HEAD~1", "HEAD"))).restarts == ()


def test_another_version_of_the_chart_alone_is_noise(checkout):
    checkout.commit(web=web())
    checkout.commit(web=web(chart="a-2"))
    assert [each.noise for each in objects(compare(checkout.path, "HEAD~1", "HEAD")).values()] == [True]


def test_a_model_from_elsewhere_is_on_top(checkout):
    served = (
        "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {{name: chat, namespace: ns}}\n"
        "spec: {{predictor: {{model: {{storageUri: 'hf://org/{}'}}}}}}\n"
    )
    checkout.commit(chat=served.format("one"))
    checkout.commit(chat=served.format("two"))
    found = summary(cluster(compare(checkout.path, "HEAD~1", "HEAD")))
    assert [(each.before, each.after) for each in found.models] == [("hf://org/one", "hf://org/two")]
    assert found.restarts == (("east-store: InferenceService/chat", 1),)


def test_a_selector_that_changes_is_refused_before_the_sync_fails(checkout):
    checkout.commit(web=web())
    checkout.commit(web=web(app="other"))
    refused = summary(cluster(compare(checkout.path, "HEAD~1", "HEAD"))).refused
    assert [(where, each.path) for where, each in refused] == [
        ("east-store: Deployment/web", "spec.selector.matchLabels.app")
    ]


@pytest.mark.parametrize(("annotations", "fate"), [("", Fate.DELETED), (KEEP, Fate.KEPT)])
def test_what_is_gone_is_pruned_unless_it_is_kept(checkout, annotations, fate):
    checkout.commit(claim=CLAIM.format(annotations=annotations))
    checkout.commit(claim=None)
    changes = compare(checkout.path, "HEAD~1", "HEAD")
    assert objects(changes)["PersistentVolumeClaim/data"].fate is fate
    assert summary(cluster(changes)).lost == (
        ("east-store: PersistentVolumeClaim/data",) if fate is Fate.DELETED else ()
    )


def test_an_application_that_goes_stays_on_a_protected_cluster_until_prune(checkout):
    checkout.commit(web=web())
    checkout.commit(**{"overlays/blue/data/store.yaml": None})
    changes = compare(checkout.path, "HEAD~1", "HEAD")
    fates = {name: objects(changes, name)["Deployment/web"].fate for name in ("east", "west")}
    assert fates == {"east": Fate.DELETED, "west": Fate.UNTIL_PRUNE}
    assert [app.change for app in cluster(changes).apps] == ["removed"]


def test_an_object_that_changes_hands_is_told(checkout):
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared, namespace: ns}\n"
    checkout.commit(shared=config)
    checkout.commit(shared=None, **{"charts/serving/model/templates/shared.yaml": config})
    found = summary(cluster(compare(checkout.path, "HEAD~1", "HEAD")))
    assert found.moved == (("ConfigMap/shared", "east-store", "east-model-tiny"),)


def test_operators_and_promises_are_on_top(checkout):
    subscription = (
        "apiVersion: operators.coreos.com/v1alpha1\nkind: Subscription\nmetadata: {{name: o, namespace: ns}}\n"
        "spec: {{name: o, channel: stable, startingCSV: o.v{}}}\n"
    )
    checkout.commit(sub=subscription.format(1), slo=slo(500))
    checkout.commit(sub=subscription.format(2), slo=slo(800))
    found = summary(cluster(compare(checkout.path, "HEAD~1", "HEAD")))
    assert [(each.before, each.after) for each in found.operators] == [
        ("o.v1 (channel stable)", "o.v2 (channel stable)")
    ]
    assert [(each.what, each.before, each.after, each.looser) for _, each in found.promises] == [
        ("ttft", "p95 ≤ 500 ms", "p95 ≤ 800 ms", True)
    ]


def slo(limit):
    block = {
        "confidence": 0.95,
        "objectives": {"ttft": {"percentile": 95, "limit": limit, "unit": "ms"}},
        "traffic": {
            "profile": "constant",
            "rate": 4,
            "requests": 320,
            "promptTokens": 8,
            "outputTokens": 4,
            "timeoutSeconds": 5,
            "warmupRequests": 2,
            "maxDurationSeconds": 120,
        },
    }
    return (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m-slo, namespace: ns, labels: {leanrag.io/slo: 'true'}}\n"
        f"data:\n  model.json: '{json.dumps({'slo': block})}'\n"
    )
