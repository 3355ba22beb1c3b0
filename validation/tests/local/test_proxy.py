"""The fault proxy does its one wrong thing and nothing else."""

import http.client
import json
import subprocess
import sys
import time

import pytest

CHAT = "http://chat.lr-serving.svc.cluster.local:8000"
RAG = "http://rag-stack.lr-rag.svc.cluster.local:8321"
COMPLETIONS = "/v1/chat/completions"


def test_errors_strike_the_share_and_no_probe(bench, call):
    chat = bench.up(fault="errors").addresses[CHAT]
    statuses = [call(chat, COMPLETIONS, {"n": number})[0] for number in range(20)]
    assert statuses.count(500) == 4
    assert statuses.count(200) == 16
    assert all(call(chat, "/health")[0] == 200 for _ in range(10))


def test_slow_delays_answers_by_three_times_the_limit_and_no_probe(bench, call):
    chat = bench.up(fault="slow").addresses[CHAT]
    began = time.monotonic()
    assert call(chat, COMPLETIONS, {"n": 1}) == (200, {"echo": {"n": 1}})
    assert time.monotonic() - began >= 0.3  # the fixture's limit is 100 ms
    began = time.monotonic()
    call(chat, "/health")
    assert time.monotonic() - began < 0.3


def test_an_empty_index_answers_200_with_nothing(bench, call):
    rag = bench.up(fault="empty-index").addresses[RAG]
    status, found = call(rag, "/v1/vector_stores/vs_1/search", {"query": "vpn"})
    assert (status, found["data"], found["object"]) == (200, [], "vector_store.search_results.page")
    assert call(rag, "/v1/vector_stores/vs_1/files", {"file_id": "f"})[1]["data"] == [{"filename": "vpn.md"}]


def test_everybody_sees_the_service_behind_the_proxy(bench, call):
    stack = bench.up(fault="errors")
    _, config = call(stack.addresses[RAG], "/config")
    assert f"base_url: {stack.addresses[CHAT]}/v1" in config["text"]
    assert stack.addresses[CHAT] == f"http://127.77.{stack.state.block}.3:8000"


def stream(chat):
    """Return the streamed events, and whether the stream came to its proper end."""
    host, _, port = chat.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request("POST", COMPLETIONS, json.dumps({"stream": True}), {"content-type": "application/json"})
    response = connection.getresponse()
    arrived, times = b"", []
    try:
        while piece := response.read1(65536):
            arrived += piece
            times.append(time.monotonic())
    except (http.client.HTTPException, ConnectionError):
        return arrived, times, False
    return arrived, times, response.isclosed()


def test_a_cut_stream_never_ends_properly(bench):
    arrived, _, whole = stream(bench.up(fault="cut-stream").addresses[CHAT])
    assert not whole
    assert arrived.startswith(b"data: 0\n\n")
    assert b"data: 9" not in arrived


def test_a_stream_passes_piece_by_piece(bench):
    arrived, times, whole = stream(bench.up(fault="slow").addresses[CHAT])
    assert whole
    assert arrived == b"".join(f"data: {number}\n\n".encode() for number in range(10))
    assert len(times) >= 8  # the server writes ten pieces, 20 ms apart: they are not collected
    assert times[-1] - times[0] >= 0.1


def test_one_connection_carries_many_requests(bench):
    chat = bench.up(fault="errors").addresses[CHAT]
    host, _, port = chat.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    first = None
    for number in range(10):
        connection.request("POST", COMPLETIONS, json.dumps({"n": number}))
        connection.getresponse().read()
        first = first or connection.sock
        assert connection.sock is first


def test_a_dead_server_behind_the_proxy_is_a_broken_connection(bench, call):
    stack = bench.up(fault="errors")
    stack.kill("chat")
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        call(stack.addresses[CHAT], COMPLETIONS, {"n": 1})


def test_a_chunked_request_arrives_whole(bench):
    chat = bench.up(fault="errors").addresses[CHAT]
    host, _, port = chat.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request("POST", COMPLETIONS, iter([b'{"n":', b" 7}"]), encode_chunked=True)
    assert json.loads(connection.getresponse().read()) == {"echo": {"n": 7}}


def test_the_helpers_import_nothing_but_the_standard_library():
    for module in ("identity", "proxy"):
        program = (
            f"import sys, leanrag.local.{module}; print(sorted({{'yaml', 'psutil', 'requests'}} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"
