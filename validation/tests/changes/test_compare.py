"""What a commit does is told per cluster and Application, from any two revisions, and nothing is checked out."""

import json

import pytest

from leanrag.changes.model import Wanted
from leanrag.changes.objects import Fate
from leanrag.changes.run import compare
from leanrag.changes.summary import summary
from leanrag.core.errors import InputError
from leanrag.core.process import run

pytestmark = pytest.mark.helm

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: ns, labels: {{helm.sh/chart: {chart}}}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {app}}}}}
  template:
    spec:
      containers:
        - name: web
          image: {image}
          resources: {{limits: {{nvidia.com/gpu: 1, memory: 1Gi}}}}
"""
CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: data, namespace: ns, annotations: {{{annotations}}}}}
spec: {{}}
"""
KEEP = 'argocd.argoproj.io/sync-options: "Prune=false,Delete=false"'


def web(image="r/web:1", replicas=1, app="web", chart="a-1"):
    return DEPLOYMENT.format(image=image, replicas=replicas, app=app, chart=chart)


def cluster(changes, name="east"):
    return next(each for each in changes.clusters if each.name == name)


def objects(changes, name="east"):
    return {each.label: each for app in cluster(changes, name).apps for each in app.objects}


def test_equal_revisions_render_nothing_and_say_so(checkout, monkeypatch):
    monkeypatch.setattr(
        "leanrag.changes.sides.render_jobs", lambda repository, jobs: pytest.fail("renders") if jobs else ()
    )
    checkout.commit(**{"docs/README.md": "new", "charts/data/store/tests/x_test.yaml": "suite: x"})
    changes = compare(checkout.path, "HEAD~1", "HEAD")
    assert (changes.exit_code, changes.clusters, changes.same) == (0, (), ("east", "west", "hub"))


def test_only_what_changed_is_rendered(checkout, monkeypatch):
    from leanrag.changes import sides

    seen, render = [], sides.render_jobs

    def watched(repository, jobs):
        seen.extend(job.app.name for job in jobs)
        return render(repository, jobs)

    monkeypatch.setattr(sides, "render_jobs", watched)
    checkout.commit(**{"overlays/blue/data/store.yaml": "replicas: 2\n"})
    compare(checkout.path, "HEAD~1", "HEAD", Wanted(clusters=("east",)))
    assert seen == ["east-store", "east-store"]


def test_the_work_tree_is_the_newer_side_and_is_left_alone(checkout):
    checkout.write(new="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: new, namespace: ns}\n")
    before = checkout.git("status", "--porcelain")
    changes = compare(checkout.path, "HEAD")
    assert (changes.exit_code, changes.after) == (1, "the work tree")
    assert objects(changes)["ConfigMap/new"].change == "added"
    assert (checkout.git("status", "--porcelain"), checkout.git("stash", "list")) == (before, "")


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


def test_a_cluster_on_one_side_only_is_all_new_or_all_gone(checkout):
    text = (checkout.path / "clusters/east/cluster.yaml").read_text().replace("east", "north")
    checkout.commit(**{"clusters/north/cluster.yaml": text})
    north = cluster(compare(checkout.path, "HEAD~1", "HEAD"), "north")
    assert (north.change, {app.change for app in north.apps}) == ("added", {"added"})
    assert cluster(compare(checkout.path, "HEAD", "HEAD~1"), "north").change == "removed"


def test_a_render_that_breaks_on_one_side_is_no_answer_and_hides_nothing_else(checkout):
    checkout.commit(bad='{{ fail "no" }}', **{"overlays/blue/models/tiny.yaml": "replicas: 4\n"})
    changes = compare(checkout.path, "HEAD~1", "HEAD")
    assert changes.exit_code == 2
    assert [(each.side, each.subject) for each in changes.troubles] == [
        ("after", "east-store"),
        ("after", "west-store"),
    ]
    assert [app.name for app in cluster(changes).apps] == ["east-model-tiny"]


def test_a_cluster_file_that_breaks_is_no_answer_for_that_cluster_alone(checkout):
    good = (checkout.path / "clusters/east/cluster.yaml").read_text()
    checkout.commit(**{"clusters/east/cluster.yaml": good + "  nmae: x\n", "web": web()})
    changes = compare(checkout.path, "HEAD~1", "HEAD")
    assert [(each.side, each.subject) for each in changes.troubles] == [("after", "east")]
    assert "nmae" in changes.troubles[0].message
    assert str(checkout.path.parent) not in changes.troubles[0].message
    assert [each.name for each in changes.clusters] == ["west"]


def test_an_older_cluster_file_is_rendered_as_argo_cd_did(checkout):
    good = (checkout.path / "clusters/east/cluster.yaml").read_text()
    checkout.commit(**{"clusters/east/cluster.yaml": good + "  once: allowed\n"})
    checkout.commit(**{"clusters/east/cluster.yaml": good}, web=web())
    changes = compare(checkout.path, "HEAD~1", "HEAD")
    assert objects(changes)["Deployment/web"].change == "added"
    assert (changes.exit_code, "once" in changes.notes[0]) == (1, True)


def test_pins_decide_what_a_side_is_when_asked(checkout):
    release = "release: {{revision: {}}}\n"
    old = checkout.commit(web=web())
    new = checkout.commit(web=web(image="r/web:2"))
    checkout.commit(**{"clusters/east/release.yaml": release.format(old)})
    checkout.commit(**{"clusters/east/release.yaml": release.format(new)})
    assert cluster(compare(checkout.path, "HEAD~1", "HEAD")).apps == ()
    pinned = cluster(compare(checkout.path, "HEAD~1", "HEAD", Wanted(pinned=True)))
    assert pinned.pin == (old, new)
    assert [each.after for each in summary(pinned).images] == ["r/web:2"]


def test_a_branch_is_compared_with_where_it_left_when_asked(checkout):
    checkout.git("switch", "-q", "-c", "branch")
    checkout.commit(web=web())
    checkout.git("switch", "-q", "main")
    checkout.commit(**{"overlays/blue/models/tiny.yaml": "replicas: 9\n"})
    apps = {
        asked: [app.name for app in cluster(compare(checkout.path, "main", "branch", Wanted(merge_base=asked))).apps]
        for asked in (False, True)
    }
    assert apps == {False: ["east-store", "east-model-tiny"], True: ["east-store"]}


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


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted(clusters=("easst",)), "did you mean 'east'"),
        (Wanted(apps=("east-stor",)), "did you mean 'east-store'"),
    ],
)
def test_a_name_that_nobody_has_is_no_empty_answer(checkout, wanted, words):
    with pytest.raises(InputError, match=words):
        compare(checkout.path, "HEAD", None, wanted)


@pytest.mark.parametrize("revision", ["nowhere", "--all", "HEAD~99"])
def test_a_revision_that_does_not_exist_is_no_answer(checkout, revision):
    with pytest.raises(InputError, match="no commit"):
        compare(checkout.path, revision)


def test_a_repository_below_the_top_of_git_is_found(checkout, tmp_path):
    inner = tmp_path / "outer" / "inner"
    inner.parent.mkdir()
    run(["cp", "-r", checkout.path, inner], what="cp")
    run(["rm", "-rf", inner / ".git"], what="rm")
    git = ["git", "-C", inner.parent, "-c", "user.name=o", "-c", "user.email=o@x", "-c", "commit.gpgsign=false"]
    for argv in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "x")):
        run([*git, *argv], what="git")
    assert compare(inner, "HEAD").exit_code == 0
