"""Verdicts arrive by watch within moments; an API server that is away grants nothing, and is said to be away."""

import json
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
import yaml

from leanrag.core.gitcall import Access
from leanrag.promote.moves import Why
from leanrag.promote.runner import Wanted, run_for_ever, run_once
from leanrag.promote.serving import Health, merged


class Api:
    """An API server that knows ConfigMaps: list and watch, as Kubernetes answers them; `away` answers 503."""

    def __init__(self, folder):
        self.objects, self.version, self.away, self.lists = {}, 1, False, 0
        self.changed = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{self.server.server_port}"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "x",
            "clusters": [{"name": "x", "cluster": {"server": url}}],
            "users": [{"name": "x", "user": {}}],
            "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        }
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.write_text(yaml.safe_dump(config))

    def add(self, body):
        with self.changed:
            self.version += 1
            meta = body["metadata"] | {"uid": f"u{self.version}", "resourceVersion": str(self.version)}
            meta["creationTimestamp"] = f"2026-11-20T00:00:{self.version:02d}Z"
            self.objects[(meta["namespace"], meta["name"])] = body | {"metadata": meta}
            self.changed.notify_all()

    def here(self, namespace):
        return [body for (place, _), body in self.objects.items() if place == namespace]

    def answer(self, request):
        path, _, query = request.path.partition("?")
        namespace = path.split("/")[4]
        if self.away:
            request.send_error(503)
        elif "watch=true" in query.lower():
            self.watch(request, namespace)
        else:
            self.lists += 1
            items = self.here(namespace)
            listed = {"kind": "ConfigMapList", "metadata": {"resourceVersion": str(self.version)}, "items": items}
            self.send(request, json.dumps(listed).encode())

    def watch(self, request, namespace):
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.end_headers()
        sent = set(self.objects)
        for _ in range(100):
            with self.changed:
                self.changed.wait(0.1)
                new = {name: body for name, body in self.objects.items() if name not in sent and name[0] == namespace}
            if self.away:
                return
            for name, body in new.items():
                sent.add(name)
                request.wfile.write(json.dumps({"type": "ADDED", "object": body}).encode() + b"\n")
                request.wfile.flush()

    @staticmethod
    def send(request, data):
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)


@pytest.fixture
def api(tmp_path):
    made = Api(tmp_path)
    yield made
    made.server.shutdown()


def wanted(shop, api, **changes):
    options = {
        "repository": str(shop.remote),
        "access": Access(),
        "kubeconfig": api.kubeconfig,
        "spokes": None,
        "author": ("promoter", "p@example.org"),
        "signing_key": None,
        "forge": None,
        "interval": 0.5,
        "port": None,
    }
    return Wanted(**(options | changes))


def fresh(shop, cluster, outcome, sha, **changes):
    """Let a gate say something at the real time, which the promoter of these tests reads from the clock."""
    from leanrag.core.clock import utc_now

    shop.now = utc_now()
    return shop.says(cluster, outcome, sha, **changes)


def until(asked, seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := asked():
            return answer
        time.sleep(0.05)
    raise AssertionError("not in time")


def test_once_reads_verdicts_and_pins(shop, api, tmp_path):
    new = shop.change()
    api.add(fresh(shop, "dev", "PASS", new))
    told = run_once(wanted(shop, api), tmp_path / "work")
    assert (told.code, shop.pin("staging")) == (0, new)
    assert "wrote promote(staging)" in told.lines[0]


def test_once_without_an_api_server_is_no_answer_and_no_pin(shop, api, tmp_path):
    api.add(fresh(shop, "dev", "PASS", shop.change()))
    api.away = True
    told = run_once(wanted(shop, api), tmp_path / "work")
    assert (told.code, shop.pin("staging")) == (2, None)
    assert "503" in "\n".join(told.lines)


def test_a_spoke_without_a_kubeconfig_is_named(shop, api, tmp_path):
    shop.edit("dev", server="https://dev.example.com:6443")
    api.add(fresh(shop, "dev", "PASS", shop.change()))
    told = run_once(wanted(shop, api), tmp_path / "work")
    assert told.code == 2
    assert "no kubeconfig for dev" in "\n".join(told.lines)


def test_a_spoke_is_read_with_its_own_kubeconfig(shop, api, tmp_path):
    shop.edit("dev", server="https://dev.example.com:6443")
    new = shop.change()
    api.add(fresh(shop, "dev", "PASS", new))
    (tmp_path / "spokes" / "dev").mkdir(parents=True)
    (tmp_path / "spokes" / "dev" / "kubeconfig").write_text(api.kubeconfig.read_text())
    run_once(wanted(shop, api, spokes=tmp_path / "spokes"), tmp_path / "work")
    assert shop.pin("staging") == new


@pytest.fixture
def living(shop, api, tmp_path):
    """Start a promoter that stays."""
    stop, said, threads = threading.Event(), [], []

    def start(**changes):
        place = tmp_path / f"living{len(threads)}"
        options = wanted(shop, api, **changes)
        threads.append(threading.Thread(target=run_for_ever, args=(options, place, stop, said.append), daemon=True))
        threads[-1].start()
        return said

    yield start
    stop.set()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def test_a_new_verdict_wakes_the_promoter_long_before_its_interval(shop, api, living):
    said = living(interval=300.0)
    until(lambda: any("waits" in each for each in said))
    new = shop.change()
    api.add(fresh(shop, "dev", "PASS", new))
    until(lambda: shop.pin("staging") == new)


def test_an_outage_of_the_api_server_is_survived_and_said(shop, api, living):
    said = living()
    until(lambda: any("waits" in each for each in said))
    api.away = True
    until(lambda: any("cannot be read" in each for each in said))
    new = shop.change()
    api.add(fresh(shop, "dev", "PASS", new))
    time.sleep(1)
    assert shop.pin("staging") is None
    api.away = False
    until(lambda: shop.pin("staging") == new)


def test_an_outage_of_git_is_survived_and_said(shop, api, living):
    new = shop.change()
    away = shop.folder / "away.git"
    shop_remote = shop.remote
    body = fresh(shop, "dev", "PASS", new)
    shop_remote.rename(away)
    said = living()
    until(lambda: any("cannot work" in each for each in said))
    api.add(body)
    away.rename(shop_remote)
    until(lambda: shop.pin("staging") == new)


def test_health_and_metrics_say_what_goes_on(shop, api, living, free_port):
    said = living(port=free_port)
    page = f"http://127.0.0.1:{free_port}"
    until(lambda: any("waits" in each for each in said))
    until(lambda: requests.get(f"{page}/healthz", timeout=5).status_code == 200)
    text = requests.get(f"{page}/metrics", timeout=5).text
    assert 'leanrag_promoter_waiting{cluster="staging",why="verdict"} 1' in text
    assert text.endswith("# EOF\n")
    shop.remote.rename(shop.folder / "away.git")
    until(lambda: requests.get(f"{page}/healthz", timeout=5).status_code == 503)
    assert "git fetch" in requests.get(f"{page}/healthz", timeout=5).text
    assert requests.get(f"{page}/livez", timeout=5).status_code == 200
    (shop.folder / "away.git").rename(shop.remote)


@pytest.fixture
def free_port():
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    port = server.server_port
    server.server_close()
    return port


def body(name, metrics, created="2026-11-20T00:00:00Z"):
    return {"metadata": {"name": name, "creationTimestamp": created}, "data": {"metrics.prom": metrics}}


def test_what_nobody_has_heard_of_for_long_grants_nothing(shop, monkeypatch):
    """The watch hangs, as behind a firewall that drops what it forgot."""
    from leanrag.promote import watching

    shop.passes("dev", shop.change())

    class Hanging:
        def list(self, gate):
            return tuple(shop.bodies.get(gate.cluster, ())), "1"

        def watch(self, gate, version):
            time.sleep(3)
            yield from ()

    facts = shop.facts()
    seen = watching.Watching(Hanging(), threading.Event())
    assert seen.verdicts(facts).commits("dev")
    monkeypatch.setattr(watching, "STALE", 0.0)
    late = seen.verdicts(facts)
    seen.close()
    assert late.commits("dev") == ()
    assert "nothing heard" in late.problems["dev"]


def test_metrics_of_several_clusters_make_one_document_with_each_family_once():
    one = '# TYPE leanrag_gate_outcome gauge\nleanrag_gate_outcome{cluster="a"} 1\n# EOF\n'
    two = one.replace('"a"', '"b"')
    sha = "a" * 12
    text = merged("", {"a": [body(f"verdict-{sha}-1", one)], "b": [body(f"verdict-{sha}-1", two)]})
    assert text.splitlines() == [
        "# TYPE leanrag_gate_outcome gauge",
        'leanrag_gate_outcome{cluster="a"} 1',
        'leanrag_gate_outcome{cluster="b"} 1',
        "# EOF",
    ]


def test_only_the_newest_verdict_of_a_cluster_is_shown_and_foreign_families_are_left_out():
    sha = "a" * 12
    old = body(f"verdict-{sha}-1", "# TYPE leanrag_x gauge\nleanrag_x 1\n# EOF\n", "2026-11-19T00:00:00Z")
    new = body(f"verdict-{sha}-2", "# TYPE leanrag_x gauge\nleanrag_x 2\n# TYPE up gauge\nup 0\nleanrag_y 1\n# EOF\n")
    other = body("something", "# TYPE leanrag_x gauge\nleanrag_x 3\n", "2026-12-01T00:00:00Z")
    assert merged("", {"a": [old, new, other]}).splitlines() == ["# TYPE leanrag_x gauge", "leanrag_x 2", "# EOF"]


def test_a_refused_push_makes_it_sick_and_the_next_good_round_well(shop):
    health = Health(10.0)
    assert health.sick()
    shop.passes("dev", shop.change())
    hook = shop.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    health.success(shop.round())
    assert "pre-receive hook declined" in health.sick()
    hook.unlink()
    health.success(shop.round())
    assert (health.sick(), health.written, health.refused) == ("", 1, 1)


def test_waiting_names_the_kind_of_waiting(shop):
    assert {each.why for each in shop.decide().values()} == {Why.VERDICT}


def test_lead_time_is_from_the_commit_to_its_pin_and_a_rollback_has_none(shop):
    sha = shop.change()
    shop.settle(sha)
    health = Health(10.0)
    shop.passes("prod", sha)
    health.success(shop.round())
    leads = {each.cluster: each for each in health.pinned}
    committed = shop.facts().line.at(sha)
    at = datetime.fromisoformat(shop.release("prod")["history"][0]["at"]).timestamp()
    assert leads["prod"].at == at
    assert leads["prod"].lead == max(0.0, at - committed)
    assert "dev" not in leads  # it tracks main
    assert f'leanrag_promoter_lead_time_seconds{{cluster="prod"}} {leads["prod"].lead:.10g}' in health.metrics()
    back = shop.release("prod")["history"][0] | {"kind": "rollback", "at": "2099-01-01T00:00:00Z"}
    shop.edit("prod", history=[back, *shop.release("prod")["history"]])
    assert "prod" not in {each.cluster for each in shop.round().pinned}
