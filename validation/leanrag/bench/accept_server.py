"""An API server to ask: etcd and kube-apiserver as plain processes on loopback, without root, and gone afterwards."""

import os
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

import psutil
import requests
from requests.adapters import HTTPAdapter

from leanrag.bench.certificates import Authority, Subject, signing_pair
from leanrag.bench.processes import Processes
from leanrag.core.errors import StoppedError
from leanrag.core.files import cache_dir
from leanrag.core.progress import say
from leanrag.render.tools import tool

PARTS = ("apiserver", "etcd")
_READY = 120.0  # seconds; it takes 4 on a quiet machine


@dataclass(frozen=True, slots=True)
class ApiServer:
    """Where it answers, and the files to be believed with."""

    url: str
    authority: Path
    pair: tuple[str, str]
    at_once: int = 4

    def session(self) -> requests.Session:
        """Return a session that may do everything; no proxy of this shell is asked."""
        session = requests.Session()
        session.trust_env = False
        session.cert, session.verify = self.pair, str(self.authority)
        session.mount("https://", HTTPAdapter(pool_connections=1, pool_maxsize=self.at_once))
        return session


@contextmanager
def api_server() -> Iterator[ApiServer]:
    """Start etcd and an API server in a folder of this process, and leave nothing of them."""
    _sweep()
    programs = {name: tool(name) for name in ("etcd", "kube-apiserver")}
    folder = _home() / str(os.getpid())
    folder.mkdir(parents=True, mode=0o700)
    processes = Processes(folder)
    with _stopped_by_signals():
        try:
            yield _started(processes, programs)
        finally:
            _remove(processes)


def _home() -> Path:
    return cache_dir() / "accept"


def _started(processes: Processes, programs: dict[str, Path]) -> ApiServer:
    say("api server: starting etcd and kube-apiserver (about 5 s)")
    client, peer, secure = _free_ports(3)
    pki = Authority(processes.folder / "pki")
    pki.prepare()
    pki.issue("apiserver", Subject("kube-apiserver", serves=("127.0.0.1", "localhost")))
    signing_pair(pki.folder, "tokens")
    processes.start("etcd", (programs["etcd"], *_etcd(processes.folder, client, peer)))
    processes.start("apiserver", (programs["kube-apiserver"], *_apiserver(pki, client, secure)))
    certificate, key = pki.issue("admin", Subject("admin", ("system:masters",)))
    server = ApiServer(f"https://127.0.0.1:{secure}", pki.certificate, (str(certificate), str(key)))
    with server.session() as session:
        processes.wait("apiserver", lambda: _answers(session, server.url), _READY)
    return server


def _etcd(folder: Path, client: int, peer: int) -> tuple[str, ...]:
    here, there = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    return (
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={here}",
        f"--advertise-client-urls={here}",
        f"--listen-peer-urls={there}",
        f"--initial-advertise-peer-urls={there}",
        f"--initial-cluster=default={there}",
        "--unsafe-no-fsync",  # nothing of it is kept
        "--log-level=error",
    )


def _apiserver(pki: Authority, etcd: int, port: int) -> tuple[str, ...]:
    """Return the arguments: all admission of a real one, but no Node or RBAC authorisation to be set up first."""
    return (
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={pki.folder}",
        f"--tls-cert-file={pki.folder / 'apiserver.crt'}",
        f"--tls-private-key-file={pki.folder / 'apiserver.key'}",
        f"--client-ca-file={pki.certificate}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki.folder / 'tokens.pub'}",
        f"--service-account-signing-key-file={pki.folder / 'tokens.key'}",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--authorization-mode=RBAC",
        "--endpoint-reconciler-type=none",
        "--enable-priority-and-fairness=false",
        "--allow-privileged=true",
        "--profiling=false",
    )


def _free_ports(count: int) -> list[int]:
    with_ports = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in with_ports]
    for each in with_ports:
        each.close()
    return ports


def _answers(session: requests.Session, url: str) -> bool:
    with suppress(requests.RequestException):
        return session.get(f"{url}/readyz", timeout=2).status_code == 200
    return False


def _remove(processes: Processes) -> None:
    for name in PARTS:
        processes.stop(name)
    shutil.rmtree(processes.folder, ignore_errors=True)


def _sweep() -> None:
    """End what a run that was killed has left."""
    for folder in _home().glob("*"):
        if folder.name.isdigit() and not psutil.pid_exists(int(folder.name)):
            _remove(Processes(folder))


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Turn SIGTERM into an exception, so that what was started is ended."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise StoppedError(f"stopped by {signal.Signals(number).name}")

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
