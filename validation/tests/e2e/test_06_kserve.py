"""One whole story with the engine under the real KServe controller: Argo CD's health, not ours, says when it serves."""

import os
from dataclasses import replace

import pytest

from leanrag.bench.up import up

from .changes import Files, chat
from .genesis import WANTED
from .world import World

URL = "http://chat-engine.dev-serving.svc.cluster.local:8000"


@pytest.mark.skipif(os.environ.get("CLUSTER") == "current", reason="the bench's KServe is started here")
def test_the_engine_under_the_real_kserve_controller(world: World) -> None:
    up(replace(WANTED, kserve=True))
    world.api.connect()
    sha = world.operator.commit(under_kserve(world), "feat(chat): KServe runs the engine")

    dev = world.expect("dev", sha, "PASS", within=300)
    assert not dev.carried
    service = world.api.get("InferenceService", "chat", "dev-serving")
    assert service, "KServe owns the engine"
    ready = {one["type"]: one["status"] for one in service["status"]["conditions"]}
    assert ready["Ready"] == "True"
    owner = [pod for pod in world.api.list("Pod", "dev-serving") if "predictor" in pod["metadata"]["name"]]
    assert owner, "the pod is KServe's"

    back = world.operator.revert(sha)
    world.expect("dev", back, "PASS", within=300)
    world.wait_for(
        lambda: not world.api.get("InferenceService", "chat", "dev-serving"), 60, why="the InferenceService is gone"
    )


def under_kserve(world: World) -> Files:
    """Return dev's chat model as an InferenceService, and its new address for the RAG service."""
    files = world.edit(chat("dev"), lambda values: values.update(runtime="kserve"))
    return files | world.edit(
        "overlays/dev/rag/rag-stack.yaml", lambda values: values["models"]["chat"].update(url=URL)
    )
