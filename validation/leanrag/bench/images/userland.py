"""What stands below our programs: the interpreter, git, a shell, and the libraries they link, as this machine has them.

In place of a base image, which needs a registry. The loader and each library keep their place, so that they are found
without a cache; what lies outside the system's folders (an interpreter made with --enable-shared) moves beside libc.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from leanrag.bench.images import layer as entries
from leanrag.bench.images.layer import Entry, file, link, text, tree
from leanrag.core.errors import ToolError
from leanrag.core.process import run
from leanrag.local.environments import python

PREFIX = "/usr/local"  # of the interpreter in an image
_ASK = """
import json, platform, sys, sysconfig
paths = sysconfig.get_paths()
dynload = next((p for p in sys.path if p.endswith("lib-dynload")), "")
print(json.dumps({"executable": sys.executable, "stdlib": paths["stdlib"], "dynload": dynload,
  "version": platform.python_version(), "compiler": platform.python_compiler(), "build": platform.python_build()}))
"""
_UNUSED = (
    *("/test", "/idlelib", "/tkinter", "/turtledemo", "/turtle.py", "/ensurepip", "/lib2to3", "/pydoc_data"),
    *("/config-*", "/site-packages", "/dist-packages", "__pycache__", "/lib-dynload/_tkinter*", "/lib-dynload/_test*"),
)
# `libfoo.so.1 => /path/libfoo.so.1 (0x…)`, and the loader, which has a path and no arrow
_LINKED = re.compile(r"^\s*(?:(\S+) => )?(/\S+) \(0x", re.MULTILINE)
# What wheels that say manylinux_2_28 may link without bringing it (PEP 600 and auditwheel's policy), less X11 and GL.
_PROMISED = (
    *("libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0", "libutil.so.1", "libresolv.so.2"),
    *("libgcc_s.so.1", "libstdc++.so.6", "libatomic.so.1", "libz.so.1", "libexpat.so.1", "libgomp.so.1"),
)
_GIT_PROGRAMS = ("git-remote-http",)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The Python that made the environments: its program, its library folders, and a word for its build."""

    executable: Path
    stdlib: Path
    dynload: Path
    version: str
    identity: str

    @property
    def minor(self) -> str:
        """The version as folders carry it (3.12)."""
        return ".".join(self.version.split(".")[:2])


@cache
def interpreter() -> Interpreter:
    """Return the interpreter that the environments of this machine are made with."""
    told = json.loads(run([python(), "-I", "-S", "-c", _ASK], what="asking Python for its folders").stdout)
    executable = Path(told["executable"]).resolve()
    identity = hashlib.sha256(json.dumps([told, executable.stat().st_size]).encode()).hexdigest()[:16]
    return Interpreter(executable, Path(told["stdlib"]), Path(told["dynload"]), told["version"], identity)


def python_entries(staged: Path) -> Iterator[Entry]:
    """Yield the interpreter, its library by way of an empty folder, and every shared library that they name."""
    found = interpreter()
    _stage_library(staged)
    yield from _base_files()
    yield file(f"{PREFIX}/bin/python{found.minor}", found.executable)
    yield link(f"{PREFIX}/bin/python3", f"python{found.minor}")
    yield link(f"{PREFIX}/bin/python", f"python{found.minor}")
    yield from tree(f"{PREFIX}/lib/python{found.minor}", staged)
    yield from libraries([found.executable, *sorted(staged.glob("lib-dynload/*.so")), *_promised()])


def _stage_library(target: Path) -> None:
    """Copy the standard library without its tests and its graphical parts, with compiled code at its new place."""
    found = interpreter()
    copy_linked(found.stdlib, target, _UNUSED)
    if found.dynload.is_dir() and not (target / "lib-dynload").is_dir():  # a distribution may keep it elsewhere
        copy_linked(found.dynload, target / "lib-dynload", _UNUSED)
    compile_all(target, f"{PREFIX}/lib/python{found.minor}")


def copy_linked(source: Path, target: Path, left_out: Iterable[str]) -> None:
    """Copy a tree to be compiled beside its sources."""
    for entry in tree("", source, left_out):
        place = target / entry.path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if entry.link:
            place.symlink_to(entry.link)
        elif entry.source:
            _link_or_copy(entry.source, place)


def _link_or_copy(source: Path, place: Path) -> None:
    try:
        place.hardlink_to(source)
    except OSError:  # another file system, or no rights on the original
        shutil.copy2(source, place)


def compile_all(folder: Path, place: str) -> None:
    """Compile every module, with the place it will have in its messages: an image's files cannot be compiled later.

    The code names no times and is never checked against its source, so the same source gives the same bytes.
    """
    argv: list[str | Path] = [
        python(),
        "-I",
        "-m",
        "compileall",
        "-q",
        "-j",
        "0",
        "--invalidation-mode",
        "unchecked-hash",
    ]
    # Packages carry templates that are no Python; they were never importable, so their errors mean nothing.
    run([*argv, "-s", folder, "-p", place, folder], what=f"compiling {place}", timeout=1200, check=False)


def shell_entries(_scratch: Path) -> tuple[Entry, ...]:
    """Return git with its HTTP transport, and the shell that it starts for transports and credential programs."""
    git, shell = shutil.which("git"), Path("/bin/sh").resolve()
    if not git:
        raise ToolError("git: not found, and the gate's image needs it", hint="install git")
    core = Path(run([git, "--exec-path"], what="git --exec-path").stdout.strip())
    programs = [core / name for name in _GIT_PROGRAMS]
    return (
        file("/usr/bin/git", Path(git).resolve()),
        file("/usr/bin/sh", shell),
        link(f"{core}/git", "/usr/bin/git"),
        *(file(str(program), program.resolve()) for program in programs),
        link(f"{core}/git-remote-https", "git-remote-http"),
        entries.folder("/usr/share/git-core/templates"),
        *libraries([Path(git).resolve(), shell, *(program.resolve() for program in programs)]),
    )


def libraries(programs: Iterable[Path]) -> tuple[Entry, ...]:
    """Return every shared library that these programs link, directly or not, at the place where it will be found."""
    argv: list[str | Path] = ["ldd", *programs]
    linked = run(argv, what="ldd", timeout=120, check=False).stdout  # 1 for a static program, which links nothing
    found: dict[str, Entry] = {}
    for name, path in _LINKED.findall(linked):
        source = Path(path)
        system = path.startswith(("/lib", "/usr/lib"))
        place = _merged(path) if system or not name else f"{_merged(str(_libc_folder()))}/{name}"
        found[place] = Entry(place.lstrip("/"), source=source.resolve(), executable=True)
    return tuple(found.values())


def _merged(path: str) -> str:
    """Return a path below /usr: in the image /lib, /lib64 and /bin are links there."""
    return f"/usr{path}" if re.match(r"/(lib|lib64|bin)/", path) else path


@cache
def _libc_folder() -> Path:
    linked = run(["ldd", interpreter().executable], what="ldd").stdout
    libc = next((path for name, path in _LINKED.findall(linked) if name.startswith("libc.so")), "")
    if not libc:
        raise ToolError("this Python is not linked to glibc, which the packed wheels need", hint="use a glibc system")
    return Path(libc).parent


def _promised() -> tuple[Path, ...]:
    return tuple(path for name in _PROMISED if (path := _libc_folder() / name).exists())


def promised_entries() -> tuple[Entry, ...]:
    """Return the libraries that manylinux wheels take for granted."""
    here = _merged(str(_libc_folder()))
    return tuple(
        Entry(f"{here}/{path.name}".lstrip("/"), source=path.resolve(), executable=True) for path in _promised()
    )


def _base_files() -> Iterator[Entry]:
    for name in ("bin", "lib", "lib64"):
        yield link(f"/{name}", f"usr/{name}")
    yield text("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nleanrag:x:1001:0:leanrag:/home/leanrag:/bin/sh\n")
    yield text("/etc/group", "root:x:0:\n")
    yield text("/etc/nsswitch.conf", "hosts: files dns\n")
    yield entries.folder("/tmp")
    yield entries.folder("/home/leanrag")
    yield from promised_entries()
