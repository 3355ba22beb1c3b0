"""Nothing that a chart renders is dropped in silence, and nothing but names and paths is rewritten."""

import json
from dataclasses import replace

import pytest

from leanrag.core.errors import InputError
from leanrag.local.blueprint import blueprint
from leanrag.local.plan import spec_hash
from leanrag.local.pods import containers, services
from leanrag.local.programs import PROGRAMS, program_for
from leanrag.local.rewrite import Rewriter, Target
from leanrag.local.substitutions import IGNORED_CONTAINER_FIELDS, IGNORED_POD_FIELDS, SUBSTITUTIONS

CHAT = Target("127.77.1.10", {8000: 8000, 80: 8080})


def rewriter(**changes):
    return replace(Rewriter({("chat", "lr-serving"): CHAT}, "lr-rag", (), "127.77.1.11"), **changes)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("http://chat.lr-serving.svc.cluster.local:8000/v1", "http://127.77.1.10:8000/v1"),
        ("http://chat.lr-serving.svc/v1", "http://127.77.1.10:8080/v1"),  # no port: 80, as the Service maps it
        ("chat.lr-serving:8000,other:1", "127.77.1.10:8000,other:1"),
        ("http://chat:8000", "http://chat:8000"),  # a bare name of another namespace is no name here
        ("my-chat.lr-serving.svc:8000", "my-chat.lr-serving.svc:8000"),
        ("chat.lr-serving.svc.cluster.local.example.com:8000", "chat.lr-serving.svc.cluster.local.example.com:8000"),
        ("listen on 0.0.0.0:80, not 10.0.0.0", "listen on 127.77.1.11:80, not 10.0.0.0"),
    ],
)
def test_service_names_become_addresses(given, wanted):
    assert rewriter().text(given) == wanted


def test_a_bare_name_is_a_host_in_its_own_namespace_only_as_a_url():
    own = rewriter(namespace="lr-serving")
    assert own.text("http://chat:8000 is the chat") == "http://127.77.1.10:8000 is the chat"


def test_a_port_that_the_service_lacks_is_an_error():
    with pytest.raises(InputError, match=r"chat\.lr-serving\.svc:9000 is named"):
        rewriter().text("http://chat.lr-serving.svc:9000")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("/data/x.db", "/home/me/data/x.db"),
        ("--dir=/data", "--dir=/home/me/data"),
        ("/data/deep/y", "/state/deep/y"),  # the longer mount wins
        ("/database and /mnt/data and data", "/database and /mnt/data and data"),
        ("/home", "/state/home"),  # what was put in for /data is not rewritten again
    ],
)
def test_mount_paths_become_folders(given, wanted):
    paths = (("/data", "/home/me/data"), ("/data/deep", "/state/deep"), ("/home", "/state/home"))
    assert rewriter(paths=paths).text(given) == wanted


def spoiled(manifests, how):
    bodies = [json.loads(json.dumps(each.body)) for each in manifests]
    for body in bodies:
        how(body)
    return tuple(replace(each, body=body) for each, body in zip(manifests, bodies, strict=True))


def test_every_unknown_field_is_named_at_once(manifests):
    def add(body):
        if body["kind"] == "Deployment":
            body["spec"]["template"]["spec"]["hostNetwork"] = True
            body["spec"]["template"]["spec"]["containers"][0]["workingDir"] = "/x"

    with pytest.raises(InputError) as caught:
        containers(spoiled(manifests, add))
    assert caught.value.message.count("hostNetwork is neither taken over nor listed") == 2
    assert caught.value.message.count("workingDir is neither taken over nor listed") == 2


def test_a_kind_that_needs_a_controller_is_refused(manifests):
    def change(body):
        if body["kind"] == "Deployment":
            body["kind"] = "InferenceService"

    with pytest.raises(InputError, match="only a controller makes pods of it"):
        containers(spoiled(manifests, change))


def test_every_listed_difference_has_a_reason():
    reasons = [*IGNORED_POD_FIELDS.values(), *IGNORED_CONTAINER_FIELDS.values(), *(s.reason for s in SUBSTITUTIONS)]
    assert all(len(reason.split()) >= 2 for reason in reasons)


def test_an_image_without_a_program_is_refused():
    assert program_for("quay.io/x/vllm-cpu:0.32.0@sha256:00", PROGRAMS).image == "vllm-cpu"
    assert program_for("localhost:5000/inference-sim", PROGRAMS).image == "inference-sim"
    with pytest.raises(InputError, match="vllm-gpu:1"):
        program_for("quay.io/x/vllm-gpu:1", PROGRAMS)


def test_a_mounted_map_that_no_chart_renders_is_an_error(bench):
    bench.manifests = tuple(each for each in bench.manifests if each.name != "rag-stack-config")
    with pytest.raises(InputError, match="rag-stack: mounts configMap 'rag-stack-config'"):
        bench.up()


def test_a_command_that_the_program_lacks_is_an_error(bench):
    (bench.bin / "server").unlink()
    with pytest.raises(InputError, match="chat: 'server' is not in"):
        bench.up()


def test_a_service_port_by_name_finds_the_containers_port(manifests):
    (chat, _) = services(manifests)
    assert chat.ports == {8000: "http"}


def test_the_same_plan_has_the_same_hash_and_another_has_not(bench):
    plan = blueprint(bench.manifests, None)
    drawn = dict.fromkeys(plan.secrets(), "x")
    programs = (replace(PROGRAMS[0], image="engine", folder=lambda: bench.bin, env=dict, pinned=False),)

    def made(block):
        return plan.parts(bench.folder, bench.folder, block, drawn, programs, {"models": bench.folder})[0]

    assert spec_hash(made(1)) == spec_hash(made(1))
    assert spec_hash(made(1)) != spec_hash(made(2))


def test_what_depends_on_a_service_starts_after_its_pod(bench):
    bench.up()
    order = [each.part.name for each in __import__("leanrag.local.stack", fromlist=["status"]).status()[1]]
    assert order.index("rag-stack") == len(order) - 1
