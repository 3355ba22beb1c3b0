"""The local stack runs what the charts render, at addresses that are its own."""

import socket
import stat
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from leanrag.core.errors import InputError, StoppedError
from leanrag.local import stack as local_stack
from leanrag.local import state as local_state
from leanrag.local.faults import RENAMED
from leanrag.local.plan import Part
from leanrag.local.pods import Probe
from leanrag.local.ports import free_block
from leanrag.local.readiness import bring_up, passes

CHAT = "http://chat.lr-serving.svc.cluster.local:8000"
RAG = "http://rag-stack.lr-rag.svc.cluster.local:8321"


def test_parts_get_what_the_chart_renders(bench, call):
    stack = bench.up()
    _, seen = call(stack.addresses[CHAT], "/environment")
    address = stack.addresses[CHAT].removeprefix("http://").partition(":")[0]
    env = seen["env"]
    assert seen["argv"][1:] == ["--port", "8000", "--served-model-name", "tiny", "--host", address]
    assert env["MODEL"] == str(bench.folder.parent / "models" / "tiny-llama")
    assert env["WHO"].endswith("tiny-llama of $(POD) costs $5 $(UNKNOWN)")  # POD is defined after it, as in Kubernetes
    assert (env["POD"], env["LOG_LEVEL"]) == ("chat", "info")
    assert "EXTRA" not in env
    assert env["API_KEY"] == stack.tokens["chat-key/token"]


def test_a_part_inherits_nothing_of_the_shell(bench, call, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.com")
    stack = bench.up()
    _, seen = call(stack.addresses[CHAT], "/environment")
    assert "HTTP_PROXY" not in seen["env"]


def test_mounted_configuration_names_local_addresses_and_folders(bench, call):
    stack = bench.up()
    chat, rag = stack.addresses[CHAT], stack.addresses[RAG]
    _, seen = call(rag, "/config")
    data = bench.folder / "pods" / "rag-stack" / "volumes" / "data"
    block = stack.state.block
    assert seen["text"].splitlines() == [
        f"base_url: {chat}/v1",
        f"short: {chat}/v1",
        f"auth: http://127.77.{block}.2:8080/validate",
        f"own: {rag}",
        f"file: {data}/kvstore.db",
        "not_ours: http://chat.lr-serving-two.svc.cluster.local:8000 and /var/lib/rag-stack-two",
        f"host: {rag.removeprefix('http://').partition(':')[0]}",
    ]
    assert data.is_dir()


def test_the_same_secret_is_the_same_value_everywhere_and_private(bench, call):
    stack = bench.up()
    _, chat = call(stack.addresses[CHAT], "/environment")
    _, rag = call(stack.addresses[RAG], "/environment")
    assert chat["env"]["API_KEY"] == rag["env"]["CHAT_API_TOKEN"]
    assert len(chat["env"]["API_KEY"]) >= 32
    assert stat.S_IMODE((bench.folder / "secrets.json").stat().st_mode) == 0o600
    assert chat["env"]["API_KEY"] not in (bench.folder / "state.json").read_text()


def test_the_validator_accepts_only_the_token_of_this_run(bench, call):
    stack = bench.up()
    validator = f"http://127.77.{stack.state.block}.2:8080"
    good = {"api_key": stack.tokens["rag-client/token"], "request": {}}
    assert call(validator, "/validate", good)[0] == 200
    assert call(validator, "/validate", good)[1]["principal"]
    for bad in ({"api_key": "x"}, {"api_key": ""}, {"api_key": None}, {}, []):
        assert call(validator, "/validate", bad)[0] == 401


def test_a_second_up_changes_nothing(bench):
    first = bench.up()
    second = bench.up()
    assert (first.fresh, second.fresh) == (True, False)
    assert first.state == second.state
    assert first.tokens == second.tokens


def test_another_wish_replaces_the_stack(bench):
    first = bench.up()
    bench.change("ConfigMap", "chat-settings", lambda body: body["data"].update(LOG_LEVEL="debug"))
    second = bench.up()
    assert second.fresh
    assert not {part.pid for part in first.state.parts} & {part.pid for part in second.state.parts}
    assert len(bench.processes()) == len(second.state.parts)


def test_up_after_a_crash_starts_again(bench, call):
    stack = bench.up()
    stack.kill("chat")
    assert [part.name for part in stack.ended()] == ["chat"]
    _, parts = local_stack.status()
    assert {each.part.name: each.alive for each in parts} == {"chat": False, "identity": True, "rag-stack": True}
    again = bench.up()
    assert again.fresh
    assert call(again.addresses[CHAT], "/health")[0] == 200


def test_a_taken_block_is_refused_and_any_other_is_found(bench):
    with socket.socket() as taken:
        block = free_block([(10, 8000)])
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the tests before it have just left there
        taken.bind((f"127.77.{block}.10", 8000))
        taken.listen()
        with pytest.raises(InputError, match=rf"127\.77\.{block}\.10:8000 is taken by"):
            bench.up(block=block)
        assert bench.up().state.block != block


def test_a_port_taken_on_every_address_is_named(bench):
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]

        def move(body):
            body["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"] = port

        bench.change("Deployment", "rag-stack", move)
        with pytest.raises(InputError, match=rf"port {port} .* is taken by"):
            bench.up()


def test_a_stranger_that_answers_does_not_make_a_part_ready(bench):
    with ThreadingHTTPServer(("127.77.1.10", 0), SimpleHTTPRequestHandler) as stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        port = stranger.server_address[1]
        probe = Probe(allowance=1, port=port, path="/")
        part = Part("engine", ("/bin/sleep", "60"), (("PATH", "/bin"),), "127.77.1.10", (port,), (probe,))
        assert passes(probe, part.address, {})
        started = []
        try:
            with pytest.raises(StoppedError, match="engine is not ready"):
                bring_up((part,), bench.folder, started.extend)
        finally:
            local_stack.stop(started, bench.folder)
            stranger.shutdown()


def test_two_commands_at_once_are_refused(bench):
    with (
        local_state.exclusive(bench.folder),
        pytest.raises(InputError, match="another leanrag local command is at work"),
    ):
        bench.up()


def test_an_unwritable_state_folder_is_one_sentence(bench, monkeypatch):
    monkeypatch.setenv("LEANRAG_STATE", "/proc/nowhere")
    with pytest.raises(InputError, match="/proc/nowhere"):
        bench.up()
    monkeypatch.setenv("LEANRAG_STATE", str(bench.folder))


@pytest.mark.parametrize("wish", [{"engine": "vlm"}, {"api": "llama"}, {"fault": "slower"}])
def test_an_unknown_choice_names_the_choices(bench, wish):
    with pytest.raises(InputError) as caught:
        bench.up(**wish)
    assert next(iter(wish.values())) in caught.value.message
    assert ":" in caught.value.hint


def test_the_engine_under_another_name(bench, call):
    stack = bench.up(fault="wrong-model")
    assert call(stack.addresses[CHAT], "/v1/models")[1] == {"name": RENAMED}
