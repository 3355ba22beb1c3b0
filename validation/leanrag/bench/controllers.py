"""Real controllers on a bench, each from the Go module that its program was built from: kinds, webhooks, settings.

A controller runs beside the kubelet, in the network of the hub's node, where the API server and nobody outside the
machine reaches its webhooks. They are registered by that address; no Service stands in front of them.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import yaml

from leanrag.bench.argoconfig import module
from leanrag.bench.certificates import Subject
from leanrag.bench.control import authority
from leanrag.bench.model import Bench
from leanrag.core.errors import InputError, ToolError
from leanrag.render.tools import tool

# Where controller-runtime looks for the webhook's certificate: below TMPDIR.
CERTIFICATES = Path("k8s-webhook-server/serving-certs")
_ALLOWANCE = 90.0  # seconds until a controller says that it is ready


@dataclass(frozen=True, slots=True)
class Controller:
    """One controller. `part` is its program, its process and its folder; `flag` is the option that asks for it.

    `hooks` and `manifest` are the port of its webhooks and the file in its module that lists them; `probe` and `path`
    are where it tells that it is ready.
    """

    part: str
    flag: str
    wrapper: str  # in bootstrap/tools
    module: str
    hooks: int
    probe: int
    manifest: str = "config/webhook/manifests.yaml"
    path: str = "/readyz"

    @property
    def source(self) -> Path:
        """The folder of the module that the program was built from."""
        return module(self.module, self.wrapper)

    def home(self, bench: Bench) -> Path:
        """Return its folder, which is its TMPDIR, too."""
        return bench.state / self.part

    def certify(self, bench: Bench) -> bytes:
        """Put a certificate for the node's address where the controller looks, and return the authority's."""
        issuer = authority(bench.state, bench.network.hub)
        pair = issuer.issue(self.part, Subject(self.part, serves=(bench.network.hub.address,)))
        folder = self.home(bench) / CERTIFICATES
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path, name in zip(pair, ("tls.crt", "tls.key"), strict=True):
            target = folder / name
            target.write_bytes(path.read_bytes())
            target.chmod(0o600)
        return issuer.certificate.read_bytes()

    def run(self, bench: Bench, words: Iterable[str], env: Mapping[str, str], cwd: Path | None = None) -> None:
        """Start the program with these arguments, in `cwd`; it returns when the controller says that it is ready."""
        node, home = bench.network.hub, self.home(bench)
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        told = {"KUBECONFIG": str(bench.kubeconfig), "TMPDIR": str(home), **env}
        bench.processes.start(
            self.part,
            # Entering the node's mounts changes the folder, so it is set after that.
            ("env", f"--chdir={cwd or home}", tool(self.part), *words),
            told,
            home,
            node.name,
            ready=lambda: _ready(node.address, self.probe, self.path),
            allowance=_ALLOWANCE,
        )

    def webhooks(self, source: Path, address: str, ca: bytes) -> tuple[dict[str, Any], ...]:
        """Return its webhook configurations as they ship, called at an address instead of a Service."""
        found = []
        for body in documents(source, self.manifest):
            body["metadata"] = {"name": _named(body["metadata"]["name"], self.part)}
            for hook in body["webhooks"]:
                path = hook["clientConfig"]["service"]["path"]
                hook["clientConfig"] = client(f"https://{address}:{self.hooks}{path}", ca)
            found.append(body)
        if not found:
            raise ToolError(f"{source}: no webhooks in {self.manifest}", hint="was another version pinned?")
        return tuple(found)

    def required(self, bench: Bench) -> None:
        """Say so when a story needs it and the bench was started without it."""
        if not bench.processes.alive(self.part):
            raise InputError(f"{self.part} does not run on this bench", hint=f"start it: leanrag bench up {self.flag}")


def documents(source: Path, *globs: str) -> Iterator[dict[str, Any]]:
    """Yield the objects in files of a module, less what is only for kustomize."""
    for path in (each for pattern in globs for each in sorted(source.glob(pattern))):
        # The definitions are megabytes: the loader in C reads them in a tenth of the time.
        found = yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader)
        yield from (each for each in found if each and each["kind"] not in {"Kustomization", "Component"})


def _named(shipped: str, part: str) -> str:
    """Return a name that no other controller's has: kubebuilder ships the same one for everybody."""
    return f"{part}-{shipped}" if shipped.endswith("ing-webhook-configuration") else shipped


def client(url: str, ca: bytes) -> dict[str, str]:
    """Return a webhook's clientConfig for a URL."""
    return {"url": url, "caBundle": base64.b64encode(ca).decode()}


def namespace(name: str) -> dict[str, Any]:
    """Return a namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _ready(address: str, port: int, path: str) -> bool:
    with suppress(OSError, HTTPException):
        connection = HTTPConnection(address, port, timeout=2)
        connection.request("GET", path)
        return connection.getresponse().status == 200
    return False
