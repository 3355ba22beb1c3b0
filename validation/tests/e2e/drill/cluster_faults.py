"""Faults in the running cluster: jobs that die, controllers that stop, commits that leave nothing to test.

The commit under each fault makes dev's engine slow or breaks it outright, so no PASS about it can be right; after the
fault it is taken back, and dev's earlier PASS is carried.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psutil
from kubernetes import client

from leanrag.bench import argocd
from leanrag.bench.up import up

from ..api import Object
from ..changes import Files, chat, never_ready, new_chart, only, slower
from ..genesis import WANTED
from ..world import World
from .fault import Fault
from .ward import GATE_SECONDS, Ward

NO_VERDICT = "no verdict, no pin"
UNSETTLED_SECONDS = 360  # the bench's gate waits 240 s for its cluster to converge
QUIET_SECONDS = 6


ClusterFault = Fault[Ward]


def commits(make: Callable[[World], Files]) -> Callable[[Ward], None]:
    """Return a break: a commit."""
    return lambda ward: (ward.commit(make(ward.world)), None)[1]


def says(*outcomes: str, words: str = "", within: float = GATE_SECONDS) -> Callable[[Ward], str]:
    """Return a look: dev's verdict is one of these, and the promoter, which is running, moves nothing."""

    def look(ward: Ward) -> str:
        seen = ward.verdict(within)
        assert seen, f"no verdict within {within:.0f} s"
        assert seen.outcome in outcomes, f"{seen.outcome}: {seen.sentence}"
        assert words.lower() in seen.sentence.lower(), seen.sentence
        time.sleep(QUIET_SECONDS)
        return f"{seen.outcome}: {seen.sentence}"

    return look


def silence(seconds: float, why: str) -> Callable[[Ward], str]:
    """Return a look: no verdict comes, and nothing moves."""

    def look(ward: Ward) -> str:
        seen = ward.verdict(seconds)
        assert seen is None or seen.outcome in ("INCONCLUSIVE", "NOT_RUN"), f"{seen}"
        return f"{seen.outcome}: {seen.sentence}" if seen else f"no verdict in {seconds:.0f} s: {why}"

    return look


def gone(ward: Ward) -> str:
    """Look: no PASS; Argo CD waits for the Job that is gone (its finalizer is Argo CD's own) until somebody ends it."""
    seen = ward.verdict(30)
    assert seen is None or seen.outcome != "PASS", f"{seen}"
    told = " ".join(ward.rescue().split())[:160]
    return f"{seen.outcome if seen else 'no verdict'}; the sync hangs until leanrag resync --terminate: {told}"


def slow(world: World) -> Files:
    """Twice the limit and a little: whatever happens besides, this must not pass.

    The little differs every time: content that was measured before would be carried, and nothing would be under way.
    """
    return slower(world, "dev", factor=2 + time.time() % 1000 / 10_000)


def during_load(act: Callable[[Ward, Object], Any]) -> Callable[[Ward], None]:
    """Return a break: a slow engine, and something that happens while its gate sends load."""

    def breaks(ward: Ward) -> None:
        ward.commit(slow(ward.world))
        act(ward, ward.gate_pod("load …"))

    return breaks


def _delete_pod(ward: Ward, pod: Object) -> None:
    ward.world.api.delete("Pod", pod["metadata"]["name"], pod["metadata"]["namespace"])


def _delete_job(ward: Ward, pod: Object) -> None:
    ward.world.api.delete("Job", "gate", pod["metadata"]["namespace"])


def _evict(ward: Ward, pod: Object) -> None:
    metadata = {"name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]}
    body = client.V1Eviction(metadata=client.V1ObjectMeta(**metadata))
    client.CoreV1Api(ward.world.api.client).create_namespaced_pod_eviction(**metadata, body=body)


def _kill_hard(ward: Ward, _: Object) -> None:
    """The gate's process dies at once, as of too little memory."""
    for process in psutil.process_iter(["cmdline"]):
        if f"--revision={ward.sha}" in (process.info["cmdline"] or ()):
            with suppress(psutil.NoSuchProcess):
                process.kill()


def _restart(part: str) -> Callable[[Ward, Object], None]:
    def act(ward: Ward, _: Object) -> None:
        bench = up(WANTED)
        if part in argocd.PARTS:
            argocd.restart(bench, part)
        else:
            bench.processes.restart(part, ward.world.api.answers)

    return act


@contextmanager
def stopped(part: str) -> Iterator[None]:
    """Stop a process of the bench (it neither answers nor dies), and let it go on afterwards."""
    processes = up(WANTED).processes
    processes.signal(part, signal.SIGSTOP)
    try:
        yield
    finally:
        processes.signal(part, signal.SIGCONT)


def while_stopped(part: str, seconds: float, make: Callable[[World], Files]) -> Callable[[Ward], str]:
    """Return break and look in one: a commit arrives while a controller stands still."""

    def look(ward: Ward) -> str:
        with stopped(part):
            ward.commit(make(ward.world))
            seen = ward.verdict(seconds)
            assert seen is None or seen.outcome != "PASS", f"{seen}"
            assert not ward.wrong_pins(), ward.wrong_pins()
        seen = ward.verdict()
        assert seen and seen.outcome != "PASS", f"{seen}"
        return f"no PASS in {seconds:.0f} s; afterwards {seen.outcome}: {seen.sentence}"

    return look


def _edit_chat(change: Callable[[dict[str, Any]], Any]) -> Callable[[Ward], None]:
    return commits(lambda world: world.edit(chat("dev"), change))


def _protected(world: World) -> Files:
    """dev's engine is open on purpose; a protected cluster may not have one, and its chart refuses to render."""
    return world.edit("clusters/dev/cluster.yaml", lambda values: values["cluster"].update(protected=True))


def _no_objectives(values: dict[str, Any]) -> None:
    names = ("ttft", "itl", "e2e", "errorRate", "availability")
    values.setdefault("slo", {})["objectives"] = dict.fromkeys(names)


def _edit_gate(change: Callable[[dict[str, Any]], Any]) -> Callable[[Ward], None]:
    return commits(lambda world: world.edit("overlays/dev/gate/gate.yaml", change) | slow(world))


def _missing_image(values: dict[str, Any]) -> None:
    values["images"] = {name: {"tag": "0.0.0-missing"} for name in ("gate", "loadgen")}


def _too_big(values: dict[str, Any]) -> None:
    values["resources"] = {"requests": {"cpu": "900"}}


def _forbidden_kind(world: World) -> Files:
    files = new_chart(world, "intruder", ("dev",))
    role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: intruder}\nrules: []\n"
    return files | {"charts/observe/intruder/templates/clusterrole.yaml": role}


def _two_in_a_row(ward: Ward) -> None:
    first = ward.world.operator.commit(only(ward.world, "dev"), "drill: the first of two")
    ward.sha = first
    ward.gate_pod()
    ward.commit(slow(ward.world), "drill: the second, at once")


def _nothing_about_the_first(ward: Ward) -> str:
    said = says("FAIL")(ward)
    first = ward.world.operator.git("rev-parse", f"{ward.sha}~1").strip()
    seen = ward.world.verdict("dev", first)
    assert seen is None or seen.outcome != "PASS", f"the first was superseded, and yet: {seen}"
    return f"the first: {seen.outcome if seen else 'no verdict'}; the second: {said}"


def _drift(ward: Ward, _: Object) -> None:
    """Somebody scales the engine by hand while it is measured; Argo CD takes it back."""
    place = ward.world.places["dev"]
    names = [d["metadata"]["name"] for d in ward.world.api.list("Deployment", f"{place.prefix}-serving")]
    name = next(each for each in names if "chat" in each)
    ward.world.api.patch("Deployment", name, f"{place.prefix}-serving", {"spec": {"replicas": 0}})


FAULTS: tuple[ClusterFault, ...] = (
    Fault("C01", "the gate's pod is deleted while it measures", "INCONCLUSIVE within the grace period",
          during_load(_delete_pod), says("INCONCLUSIVE", words="SIGTERM"), True),
    Fault("C02", "the gate's Job is deleted while it measures", "no PASS", during_load(_delete_job), gone),
    Fault("C03", "the gate's pod is evicted while it measures", "INCONCLUSIVE", during_load(_evict),
          says("INCONCLUSIVE")),
    Fault("C04", "the gate is killed (-9) while it measures", NO_VERDICT, during_load(_kill_hard),
          silence(30, "nobody was left to write one"), True),
    Fault("C05", "the gate's image is missing", NO_VERDICT, _edit_gate(_missing_image),
          silence(45, "the image cannot be pulled")),
    Fault("C06", "the gate's pod is never scheduled", NO_VERDICT, _edit_gate(_too_big),
          silence(45, "no node is large enough")),
    Fault("C07", "dev's gate is taken out of Git", NO_VERDICT,
          commits(lambda world: {"overlays/dev/gate/gate.yaml": None} | slow(world)), silence(45, "nothing asks")),
    Fault("C10", "the API server restarts during a gate", "no PASS", during_load(_restart("apiserver-hub")),
          says("FAIL", "INCONCLUSIVE")),
    Fault("C11", "Argo CD restarts during a gate", "no PASS", during_load(_restart("application-controller")),
          says("FAIL", "INCONCLUSIVE")),
    Fault("C12", "Redis restarts during a gate", "no PASS", during_load(_restart("redis")),
          says("FAIL", "INCONCLUSIVE")),
    Fault("C13", "two commits in a row", "the first is superseded, the second judged", _two_in_a_row,
          _nothing_about_the_first, True),
    Fault("C14", "somebody scales the engine to zero while it is measured", "no PASS", during_load(_drift),
          says("FAIL", "INCONCLUSIVE")),
    Fault("C20", "a pod that never gets ready: Progressing for ever", "INCONCLUSIVE or FAIL",
          commits(lambda world: never_ready(world, "dev")), says("INCONCLUSIVE", "FAIL", within=UNSETTLED_SECONDS)),
    Fault("C21", "an object that the AppProject forbids", "INCONCLUSIVE or FAIL", commits(_forbidden_kind),
          says("INCONCLUSIVE", "FAIL", within=UNSETTLED_SECONDS)),
    Fault("C22", "Argo CD stands still: everything healthy, at the old commit", NO_VERDICT, lambda _: None,
          while_stopped("application-controller", 25, slow)),
    Fault("C23", "the controllers stand still: old pods serve, and look ready", "no PASS", lambda _: None,
          while_stopped("controller-manager-hub", 25, slow)),
    Fault("C30", "every objective is removed, so that nothing is tested", "INCONCLUSIVE", _edit_chat(_no_objectives),
          says("INCONCLUSIVE", "FAIL"), True),
    Fault("C31", "the chat model is removed", "FAIL or INCONCLUSIVE", commits(lambda _: {chat("dev"): None}),
          says("INCONCLUSIVE", "FAIL")),
    Fault("C32", "a protected cluster would serve a model that asks for no key", "INCONCLUSIVE or FAIL",
          commits(_protected), says("INCONCLUSIVE", "FAIL", within=UNSETTLED_SECONDS)),
    Fault("C33", "the RAG service expects another embedding dimension", "INCONCLUSIVE or FAIL",
          commits(lambda world: world.edit("overlays/dev/rag/rag-stack.yaml",
                                           lambda v: v["models"]["embedding"].update(dimension=768))),
          says("INCONCLUSIVE", "FAIL", within=UNSETTLED_SECONDS)),
)  # fmt: skip
