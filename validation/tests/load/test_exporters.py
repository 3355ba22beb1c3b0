"""GPU exporters are asked beside a load, all behind a name; whoever is silent costs it nothing."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from leanrag.load.exporters import NOBODY, Exporters, asking, behind

POD = ("lr-serving", "chat-0")


@pytest.fixture
def serve():
    """Start an exporter that shows one GPU, of this pod; return its address."""
    servers = []

    def start(namespace, pod):
        page = f'DCGM_FI_DEV_GPU_UTIL{{gpu="0",UUID="GPU-{pod}",namespace="{namespace}",pod="{pod}"}} 40\n'.encode()

        class Exporter(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/metrics"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def closed():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/metrics"


def test_every_address_behind_a_name_is_an_exporter(monkeypatch):
    found = [(0, 0, 0, "", (host, 9400)) for host in ("10.1.0.9", "10.1.0.4", "10.1.0.9", "fd00::4")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert behind("http://exporters.gpu.svc:9400", [POD]) == Exporters(
        ("http://10.1.0.4:9400/metrics", "http://10.1.0.9:9400/metrics", "http://[fd00::4]:9400/metrics"), (POD,)
    )


def test_a_name_that_nobody_knows_is_a_problem_and_no_error():
    found = behind("http://exporters.invalid:9400", [POD])
    assert (found.urls, "http://exporters.invalid:9400: " in found.problem) == ((), True)
    with asking(found) as told:
        pass
    assert told.problems == (found.problem,)


def test_only_exporters_with_a_gpu_of_the_pods_are_kept_and_silence_is_told(serve, closed):
    whom = Exporters((serve(*POD), serve("lr-serving", "other-0"), closed), (POD,))
    with asking(whom) as told:
        assert told.exporters == ()
    (one,) = told.exporters
    assert len(one) == 2  # one before, one after
    assert told.problems == (f"{closed}: nothing accepts connections",)


def test_many_silent_exporters_are_told_in_a_few_lines(closed):
    with asking(Exporters(tuple(f"{closed}?{number}" for number in range(9)), (POD,))) as told:
        pass
    assert len(told.problems) == 4 and told.problems[-1] == "and 6 more like these"


def test_a_failure_of_what_is_measured_is_not_hidden(serve):
    with pytest.raises(ZeroDivisionError), asking(Exporters((serve(*POD),), (POD,))):
        raise ZeroDivisionError
    assert [each.name for each in threading.enumerate() if each.name == "sampler"] == []


def test_nobody_is_asked_where_nobody_is_named():
    with asking(NOBODY) as told:
        pass
    assert (told.exporters, told.problems) == ((), ())
