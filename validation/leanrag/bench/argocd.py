"""Argo CD 3.2.11 as processes of this machine: Redis, repo server, application and ApplicationSet controller.

No API server of its own: Applications are read and changed through Kubernetes, as `argocd --core` does. The committed
settings reach the processes as they would reach the pods; only the intervals are shorter, so that a commit is seen in
seconds.
"""

import http.client
import os
import shutil
import socket
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from leanrag.bench import argoconfig
from leanrag.bench.model import Bench
from leanrag.core import yamlio
from leanrag.core.errors import ToolError
from leanrag.render.tools import tool, tools_dir

PARTS = ("redis", "repo-server", "application-controller", "applicationset-controller")
# Argo CD is one program that looks at the name it is called by. As `argocd` git calls it for a password.
_NAMES = ("argocd", "argocd-repo-server", "argocd-application-controller", "argocd-applicationset-controller")
_MANIFESTS = {
    "repo-server": "repo-server/argocd-repo-server-deployment.yaml",
    "application-controller": "application-controller/argocd-application-controller-statefulset.yaml",
    "applicationset-controller": "applicationset-controller/argocd-applicationset-controller-deployment.yaml",
}
_SEEN_WITHIN = 3  # seconds for which the repo server believes that a branch has not moved


@dataclass(frozen=True, slots=True)
class Ports:
    """On 127.0.0.1, ten a bench. The application controller's metrics listen on every address: it has no option."""

    instance: int

    def __getitem__(self, name: str) -> int:
        names = ("redis", "repo-server", "repo-metrics", "metrics", "sets-metrics", "sets-health", "sets-webhook")
        return 18400 + 10 * self.instance + names.index(name)


def start(bench: Bench, resync: int = 5) -> None:
    """Apply definitions, settings and Secrets, start the parts, and wait until each answers.

    `resync` is after how many seconds an Application is compared again when nothing called; more for very many of them.
    """
    bench.apply(argoconfig.definitions())
    ours = tools_dir().parent / "argocd"
    home = bench.state / "argocd"
    bench.apply(argoconfig.settings(bench.argocd_namespace, ours, home))
    bench.apply(
        [argoconfig.repository_secret(bench.argocd_namespace, bench.repository_url, bench.credentials["reader"])]
    )
    if bench.spoke_kubeconfig:
        bench.apply([argoconfig.cluster_secret(bench.argocd_namespace, "spoke", bench.spoke_kubeconfig)])
    _prepare(home)
    commands, params = _commands(bench, home, resync), yamlio.read(ours / f"{argoconfig.PARAMS}.yaml")["data"]
    for part, argv in commands.items():
        manifest = _MANIFESTS.get(part)
        settings = argoconfig.parameters(manifest, params) if manifest else {}
        bench.processes.start(part, argv, {**_environment(bench, home, resync), **settings}, cwd=home)
    for part in commands:
        bench.processes.wait(part, _ready(bench, part), 60)


def restart(bench: Bench, part: str) -> None:
    """End one of PARTS and start it again as it was; wait until it answers."""
    if part not in PARTS:
        raise ToolError(f"Argo CD has no part {part} here", hint="parts are: " + ", ".join(PARTS))
    bench.processes.restart(part, _ready(bench, part))


def stop(bench: Bench) -> None:
    """End every part; what it has written to the API server stays."""
    for part in reversed(PARTS):
        bench.processes.stop(part)


def _prepare(home: Path) -> None:
    for name in ("bin", "tls", "ssh", "gpg", "tmp"):
        (home / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    (home / "ssh" / "ssh_known_hosts").touch()
    for name, program in {**dict.fromkeys(_NAMES, tool("argocd")), "helm": tool("helm")}.items():
        link = home / "bin" / name
        if not link.is_symlink() or link.readlink() != program:
            link.unlink(missing_ok=True)
            link.symlink_to(program)


def _environment(bench: Bench, home: Path, resync: int) -> dict[str, str]:
    return {
        "PATH": f"{home / 'bin'}:{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/sbin:/bin",
        # https://kubernetes.default.svc means the API server of KUBECONFIG.
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "KUBECONFIG": str(bench.kubeconfig),
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_TLS_DATA_PATH": str(home / "tls"),
        "ARGOCD_SSH_DATA_PATH": str(home / "ssh"),
        "ARGOCD_GNUPGHOME": str(home / "gpg"),
        "ARGOCD_ASK_PASS_SOCK": str(home / "ask-pass.sock"),
        "ARGOCD_APPLICATIONSET_CONTROLLER_REQUEUE_AFTER": f"{resync}s",
        "TMPDIR": str(home / "tmp"),
    }


def _commands(bench: Bench, home: Path, resync: int) -> dict[str, tuple[str | Path, ...]]:
    ports = Ports(bench.network.instance)
    redis, repo = f"127.0.0.1:{ports['redis']}", f"127.0.0.1:{ports['repo-server']}"
    kubernetes = ("--kubeconfig", bench.kubeconfig, "--namespace", bench.argocd_namespace)
    return {
        "redis": (
            *(_redis(), "--bind", "127.0.0.1", "--port", str(ports["redis"])),
            *("--save", "", "--appendonly", "no", "--dir", home),
        ),
        "repo-server": (
            *(home / "bin" / "argocd-repo-server", "--address", "127.0.0.1", "--port", str(ports["repo-server"])),
            *("--metrics-address", "127.0.0.1", "--metrics-port", str(ports["repo-metrics"])),
            *("--redis", redis, "--disable-tls", "--revision-cache-expiration", f"{_SEEN_WITHIN}s"),
        ),
        "application-controller": (
            *(home / "bin" / "argocd-application-controller", "--redis", redis),
            *("--repo-server", repo, "--repo-server-plaintext", "--metrics-port", str(ports["metrics"])),
            *("--app-resync", str(resync), "--app-resync-jitter", "0", *kubernetes),
        ),
        "applicationset-controller": (
            *(
                home / "bin" / "argocd-applicationset-controller",
                "--argocd-repo-server",
                repo,
                "--repo-server-plaintext",
            ),
            *(
                "--metrics-addr",
                f"127.0.0.1:{ports['sets-metrics']}",
                "--probe-addr",
                f"127.0.0.1:{ports['sets-health']}",
            ),
            *("--webhook-addr", f"127.0.0.1:{ports['sets-webhook']}", *kubernetes),
        ),
    }


def _redis() -> str:
    found = shutil.which("redis-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
    if not found:
        raise ToolError("redis-server is not installed", hint="apt-get install redis-server")
    return found


def _ready(bench: Bench, part: str) -> Callable[[], bool]:
    ports = Ports(bench.network.instance)
    if part == "redis":
        return lambda: _pings(ports["redis"])
    # The ApplicationSet controller has no health checks of its own (its probe port answers 404 to everything).
    listens = {
        "repo-server": ("repo-metrics", "/healthz"),
        "application-controller": ("metrics", "/healthz"),
        "applicationset-controller": ("sets-metrics", "/metrics"),
    }
    port, path = listens[part]
    return lambda: _answers(ports[port], path)


def _answers(port: int, path: str) -> bool:
    with suppress(OSError, http.client.HTTPException), closing(http.client.HTTPConnection("127.0.0.1", port, 2)) as to:
        to.request("GET", path)
        return to.getresponse().status == 200
    return False


def _pings(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 2) as to:
        to.sendall(b"PING\r\n")
        return to.recv(16).startswith(b"+PONG")
    return False
