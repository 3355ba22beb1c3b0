"""The images of the bench: which layers, in which order, and how each starts."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from leanrag.bench.images import checkout, userland
from leanrag.bench.images.environments import environment_entries, environment_key
from leanrag.bench.images.layer import Entry, file, folder, text, tree
from leanrag.bench.images.store import LAYOUT, Layer
from leanrag.bench.images.userland import interpreter
from leanrag.core.errors import InputError
from leanrag.core.files import read_text
from leanrag.local.assets import TIKTOKEN_NAME, asset
from leanrag.local.environments import locks_dir
from leanrag.render.tools import tool, tools_dir

REGISTRY = "bench.local/lean-rag"
USER = "1001"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Image:
    """One image: its name and tag below the registry, its layers from the bottom up, and its configuration."""

    name: str
    layers: tuple[Layer, ...]
    entrypoint: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def short(self) -> str:
        """The name without its tag."""
        return self.name.partition(":")[0]

    @property
    def reference(self) -> str:
        """The name by which charts ask for it."""
        return f"{REGISTRY}/{self.name}"


def images() -> tuple[Image, ...]:
    """Return every image of the bench, the light ones first."""
    return tuple(make() for make in _RECIPES.values())


def image(name: str) -> Image:
    """Return one image by its name without tag."""
    if name not in _RECIPES:
        raise InputError(f"no image {name!r}", hint=f"images are: {', '.join(_RECIPES)}")
    return _RECIPES[name]()


def _simulator() -> Image:
    program = tool("sim")
    layer = _layer(
        "inference-sim", program.parent.name, lambda _: (file("/app/llm-d-inference-sim", program), folder("/tmp"))
    )
    # A pod has an address of its own; on a laptop the program's default is 127.0.0.1.
    environment = {"LEANRAG_LISTEN_HOST": "0.0.0.0"}
    return Image("inference-sim:0.10.2", (layer,), ("/app/llm-d-inference-sim",), environment)


def _embedder() -> Image:
    files = checkout.standin_sources()
    place = "/opt/embedder"
    layers = (
        _python(),
        _environment("embedder", place),
        _layer("minilm", _file_key("minilm.txt"), lambda _: tree("/opt/minilm", asset("minilm"), ("/.leanrag-stamp",))),
        _layer("standin", checkout.sources_key(files), partial(checkout.package_entries, files, place)),
    )
    return Image("embedder:0.1.0", layers, ("python", "-m", "leanrag.rag.standin"), _first(place))


def _ogx() -> Image:
    place = f"/opt/tiktoken/{TIKTOKEN_NAME}"
    encoding = _layer(
        "tiktoken", _file_key("tiktoken.txt"), lambda _: (file(place, asset("tiktoken") / TIKTOKEN_NAME),)
    )
    # OGX tells a file's type by Python's map, which knows no Markdown without this file: each upload of one fails then.
    types = _layer("mime", "markdown", lambda _: (text("/etc/mime.types", "text/markdown md markdown\n"),))
    layers = (_python(), _environment("ogx", "/opt/app"), encoding, types)
    return Image("ogx:1.5.0", layers, (), {**_first("/opt/app"), "TIKTOKEN_CACHE_DIR": "/opt/tiktoken"})


def _gate() -> Image:
    return Image("gate:0.1.0", (*_gate_base(), *_leanrag()), ("leanrag",), _gate_environment())


def _loadgen() -> Image:
    # leanrag's own environment is first; guidellm is found behind it.
    environment = _gate_environment()
    environment["PATH"] += ":/opt/guidellm/bin"
    return Image("loadgen:0.1.0", (*_gate_base(), _guidellm(), *_leanrag()), ("leanrag",), environment)


_RECIPES = {
    "inference-sim": _simulator,
    "embedder": _embedder,
    "ogx": _ogx,
    "gate": _gate,
    "loadgen": _loadgen,
}


def _gate_base() -> tuple[Layer, ...]:
    helm = tool("helm")
    return (
        _python(),
        _layer("git", _stat_key(userland.shell_entries(Path())), userland.shell_entries),
        _layer("helm", helm.parent.name, lambda _: (file("/usr/local/bin/helm", helm),)),
        _environment("gate", checkout.HOME),
    )


def _leanrag() -> tuple[Layer, ...]:
    files = checkout.sources()
    return (
        _layer("schemas", checkout.schema_key(), checkout.schema_entries),
        _layer("program", checkout.program_key(), checkout.program_entries),
        _layer("leanrag", checkout.sources_key(files), partial(checkout.package_entries, files, checkout.HOME)),
    )


def _guidellm() -> Layer:
    left_out = _lines(tools_dir().parent / "images" / "gate" / "left-out.txt")
    key = hashlib.sha256("\n".join(left_out).encode()).hexdigest()[:8]
    return Layer(
        "guidellm",
        f"{LAYOUT}-{environment_key('guidellm')}-{key}",
        partial(environment_entries, "guidellm", "/opt/guidellm", left_out),
        cost="3.4 GB: torch with its CUDA libraries, about 2 minutes",
        kept=False,
    )


def _python() -> Layer:
    return _layer("python", interpreter().identity, userland.python_entries)


def _environment(name: str, place: str) -> Layer:
    return _layer(name, environment_key(name), partial(environment_entries, name, place, ()))


def _layer(name: str, key: str, entries: Callable[[Path], Iterable[Entry]]) -> Layer:
    return Layer(name, f"{LAYOUT}-{key}", entries)


def _file_key(lock: str) -> str:
    return hashlib.sha256((locks_dir() / lock).read_bytes()).hexdigest()[:16]


def _stat_key(entries: Iterable[Entry]) -> str:
    """Return a word for files of this machine: they are large, so their size and time stand for their content."""
    digest = hashlib.sha256()
    for entry in entries:
        told = entry.source.stat() if entry.source else None
        digest.update(repr((entry.path, entry.link, told and (told.st_size, told.st_mtime_ns))).encode())
    return digest.hexdigest()[:16]


def _lines(path: Path) -> tuple[str, ...]:
    lines = (line.strip() for line in read_text(path).splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def _gate_environment() -> dict[str, str]:
    return {
        **_first(checkout.HOME),
        "LEANRAG_TOOLS": checkout.TOOLS,
        "LEANRAG_SCHEMAS": checkout.SCHEMAS,
        "PYTHONUNBUFFERED": "1",
    }


def _first(place: str) -> dict[str, str]:
    return {"PATH": f"{place}/bin:{_PATH}"}
