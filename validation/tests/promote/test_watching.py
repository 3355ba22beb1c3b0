"""Verdicts arrive by watch within moments; an API server that is away grants nothing, and is said to be away."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from leanrag.core.gitcall import Access
from leanrag.promote.runner import Wanted, run_for_ever, run_once

from .api_server import Api


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
