"""The local stack: bring the rendered charts up as processes, look at them, take them down."""

import hashlib
import os
import secrets
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from leanrag.catalog.repository import Repository
from leanrag.core.errors import InputError
from leanrag.core.progress import say
from leanrag.core.result import JSON
from leanrag.local import assets, state
from leanrag.local.blueprint import Blueprint, blueprint
from leanrag.local.faults import fault as fault_named
from leanrag.local.plan import Part, spec_hash
from leanrag.local.ports import free_block
from leanrag.local.processes import stop, tail
from leanrag.local.programs import PROGRAMS, Program
from leanrag.local.readiness import bring_up, healthy
from leanrag.local.state import Running, State, process_of
from leanrag.render.helm import render_cluster
from leanrag.render.manifest import Manifest

CLUSTER = "local"
ENGINES = ("vllm", "sim")
APIS = ("llamastack", "ogx")
_CHAT_APP, _RAG_APP = "local-model-chat", "local-rag-stack"
_SIM_IMAGE = {"repository": "inference-sim", "tag": "0.10.2"}
_CLAIM = "models"  # pvc://models/… in overlays/local


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to bring up; `block` asks for the addresses 127.77.<block>.* and no others."""

    engine: str = "vllm"
    api: str = "llamastack"
    fault: str | None = None
    block: int | None = None

    def overrides(self) -> dict[str, dict[str, JSON]]:
        """Return the chart values that these choices change, by Application."""
        chat: dict[str, JSON] = {"engine": self.engine}
        if self.engine == "sim":  # the overlay names vLLM's image
            chat["image"] = dict(_SIM_IMAGE)
        return {_CHAT_APP: chat, _RAG_APP: {"api": self.api}}

    def check(self) -> None:
        """Raise InputError for a choice that does not exist."""
        for word, value, choices in (("engine", self.engine, ENGINES), ("api", self.api, APIS)):
            if value not in choices:
                raise InputError(f"no {word} {value!r}", hint=f"{word} is one of: {', '.join(choices)}")
        fault_named(self.fault)


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack. `addresses` maps service URLs to real ones, `tokens` `secretName/secretKey` to values.

    `chat` is the part that serves the chat model; `fresh` is False when the stack was up already.
    """

    folder: Path
    state: State
    manifests: tuple[Manifest, ...]
    tokens: Mapping[str, str]
    chat: str
    fresh: bool

    @property
    def addresses(self) -> Mapping[str, str]:
        """Service URL → real URL."""
        return self.state.addresses

    def kill(self, name: str) -> None:
        """End one part as a crash would."""
        stop([part for part in self.state.parts if part.name == name], grace=0)

    def ended(self) -> tuple[Running, ...]:
        """Return the parts that are no longer running."""
        return tuple(part for part in self.state.parts if process_of(part) is None)


def up(
    repository: Repository,
    wanted: Wanted,
    manifests: Iterable[Manifest] | None = None,
    programs: tuple[Program, ...] = PROGRAMS,
    claims: Mapping[str, Path] | None = None,
) -> Stack:
    """Bring the stack up and return it when every part is ready; a second call with the same wish changes nothing.

    Errors and Ctrl-C take down whatever was started. `manifests`, `programs` and `claims` replace the rendered local
    cluster, the known programs and the models folder.
    """
    wanted.check()
    folder = state.state_dir()
    rendered = (
        tuple(manifests)
        if manifests is not None
        else render_cluster(repository, repository.cluster(CLUSTER), wanted.overrides())
    )
    plan = blueprint(_workloads(rendered), fault_named(wanted.fault))
    places = _models() if claims is None else claims
    with state.exclusive(folder):
        return _up(folder, wanted, plan, programs, places)


def _workloads(rendered: Iterable[Manifest]) -> tuple[Manifest, ...]:
    return tuple(each for each in rendered if each.app.layer != "gate")


def _models() -> Mapping[str, Path]:
    assets.asset("minilm")
    assets.asset("tiny-llama")
    return {_CLAIM: assets.models_dir()}


def _up(
    folder: Path, wanted: Wanted, plan: Blueprint, programs: tuple[Program, ...], claims: Mapping[str, Path]
) -> Stack:
    before = state.load(folder)
    if before and wanted.block in (None, before.block):
        drawn = state.load_secrets(folder)
        if set(plan.secrets()) <= drawn.keys():
            parts, _ = plan.parts(folder, _tmp(folder), before.block, drawn, programs, claims)
            if before.spec == spec_hash(parts) and _all_healthy(parts, before):
                say("the local stack is up already, as wanted")
                return _stack(folder, before, plan, drawn, fresh=False)
    if before:
        say("taking down the stack that is there: it is another one, or not healthy")
    _clear(folder, before)
    return _start(folder, wanted, plan, programs, claims)


def _start(
    folder: Path, wanted: Wanted, plan: Blueprint, programs: tuple[Program, ...], claims: Mapping[str, Path]
) -> Stack:
    drawn = {key: secrets.token_urlsafe(24) for key in plan.secrets()}
    state.save_secrets(folder, drawn)
    # The same folder begins at the same block, another folder (another checkout, another user) at another one.
    block = free_block(plan.listening(), wanted.block, int(hashlib.sha256(str(folder).encode()).hexdigest()[:8], 16))
    parts, addresses = plan.parts(folder, _tmp(folder), block, drawn, programs, claims)
    begun = State(spec_hash(parts), wanted.engine, wanted.api, wanted.fault, block, False, addresses, ())
    say(f"starting {len(parts)} parts on 127.77.{block}.*; logs in {folder / 'logs'}")
    running: tuple[Running, ...] = ()

    def record(known: tuple[Running, ...]) -> None:
        nonlocal running
        running = known
        state.save(folder, replace(begun, parts=known))

    try:
        ready = bring_up(parts, folder, record)
    except BaseException:
        with _undisturbed():
            stop(running, folder)
            _forget(folder)
        raise
    done = replace(begun, parts=ready, ready=True)
    state.save(folder, done)
    return _stack(folder, done, plan, drawn, fresh=True)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let a second Ctrl-C wait until everything is down."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stack(folder: Path, found: State, plan: Blueprint, drawn: Mapping[tuple[str, str], str], fresh: bool) -> Stack:
    tokens = {f"{name}/{key}": value for (name, key), value in drawn.items()}
    return Stack(folder, found, plan.manifests, tokens, plan.pod_of("chat"), fresh)


def _all_healthy(parts: tuple[Part, ...], before: State) -> bool:
    alive = {part.name: part.pid for part in before.parts if process_of(part)}
    same = before.ready and alive.keys() == {part.name for part in parts}
    return same and all(healthy(part, alive[part.name]) for part in parts)


def _tmp(folder: Path) -> Path:
    """Return a short path for sockets, the same for the same state folder."""
    return Path(tempfile.gettempdir()) / f"leanrag-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}-{os.getuid()}"


def _clear(folder: Path, before: State | None) -> int:
    count = stop(before.parts if before else (), folder)
    _forget(folder)
    shutil.rmtree(folder / "logs", ignore_errors=True)
    return count


def _forget(folder: Path) -> None:
    """Remove what a run leaves, but not its logs: a crash is explained there."""
    for name in ("state.json", "secrets.json"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "pods", ignore_errors=True)
    shutil.rmtree(_tmp(folder), ignore_errors=True)


def down() -> int:
    """Take everything down and return how many parts were running; nothing there is fine."""
    folder = state.state_dir()
    if not folder.is_dir():
        return 0
    with state.exclusive(folder):
        before = state.load(folder)
        count = stop(before.parts if before else (), folder)
        _forget(folder)
    return count


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part now: `alive`, and the last log lines of one that ended."""

    part: Running
    alive: bool
    last: str


def status() -> tuple[State | None, tuple[PartStatus, ...]]:
    """Return the state on disk and how each part is now."""
    found = state.load(state.state_dir())
    parts = found.parts if found else ()
    return found, tuple(
        PartStatus(part, alive, "" if alive else tail(part.log))
        for part in parts
        for alive in (bool(process_of(part)),)
    )
