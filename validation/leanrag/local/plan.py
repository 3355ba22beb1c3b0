"""Turn rendered containers into parts to run: argv, environment, files, address, readiness. Pure: it starts nothing."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from leanrag.core.errors import InputError
from leanrag.local.pods import Container, Mount, Probe, Reference
from leanrag.local.programs import Program, program_for
from leanrag.local.rewrite import Rewriter, Target

_DEFAULT_ALLOWANCE = 120.0
_EXPANSION = re.compile(r"\$(\$|\(([\w.-]+)\))")


@dataclass(frozen=True, slots=True)
class Part:
    """One local process; `needs` must be ready before it starts, `folders` are made."""

    name: str
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    address: str
    ports: tuple[int, ...]
    probes: tuple[Probe, ...]
    files: tuple[tuple[str, str], ...] = ()
    folders: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    image: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """What the containers of one run share.

    `configs` and `secrets` are (namespace, name) → key → text as rendered; `secret` gives the value of one that no
    chart renders; `addresses` is by pod; `claims` maps a claim's name to a folder that is not the run's own;
    `tmp` is a short path, because a socket's path may not be longer than 107 bytes.
    """

    state: Path
    services: Mapping[tuple[str, str], Target]
    owners: Mapping[tuple[str, str], str]
    configs: Mapping[tuple[str, str], Mapping[str, str]]
    secrets: Mapping[tuple[str, str], Mapping[str, str]]
    drawn: Mapping[tuple[str, str], str]
    addresses: Mapping[str, str]
    claims: Mapping[str, Path]
    programs: tuple[Program, ...]
    tmp: Path
    path: str
    cores: tuple[int, ...]


def plan(found: Iterable[Container], world: World) -> tuple[Part, ...]:
    """Return the parts in the order of the containers."""
    pinned = 0
    parts: dict[str, Part] = {}
    for container in found:
        program = program_for(container.image, world.programs)
        name = f"{container.pod}/{container.name}" if container.pod in parts else container.pod
        parts[name] = _part(name, container, program, world, world.cores[pinned % len(world.cores)])
        pinned += program.pinned
    return tuple(parts.values())


def spec_hash(parts: Iterable[Part]) -> str:
    """Return what tells whether a running stack is the one that is wanted."""
    return hashlib.sha256(repr([asdict(part) for part in parts]).encode()).hexdigest()


def secret_references(found: Iterable[Container]) -> tuple[tuple[str, str], ...]:
    """Return the (name, key) of every Secret that a container cannot start without."""
    return tuple(
        sorted(
            {
                (value.name, value.key)
                for container in found
                for _, value in container.env
                if isinstance(value, Reference) and value.kind == "secret" and value.key and not value.optional
            }
        )
    )


def _part(name: str, container: Container, program: Program, world: World, core: int) -> Part:
    folder = world.state / "pods" / container.pod
    address = world.addresses[container.pod]
    homes = {mount: _local(container, mount, folder, world) for mount in container.mounts}
    paths = {**program.paths(), **{mount.path: str(to) for mount, to in homes.items()}}
    rewriter = Rewriter(world.services, container.namespace, tuple(paths.items()), address)
    files = tuple(pair for mount, to in homes.items() for pair in _files(container, mount, to, world))
    env = _env(container, world)
    texts = (*container.command, *container.args, *env.values(), *(text for _, text in files))
    rewritten = {name: rewriter.text(value) for name, value in env.items()}
    needs = {world.owners[key] for text in texts for key in rewriter.mentions(text) if key in world.owners}
    return Part(
        name=name,
        argv=_argv(container, program, rewriter, env),
        env=tuple(({**_ours(container, program, world, folder, core), **rewritten}).items()),
        address=address,
        ports=tuple(sorted(set(container.ports.values()))),
        probes=container.probes or tuple(Probe(_DEFAULT_ALLOWANCE, port=port) for port in container.ports.values()),
        files=tuple((name, rewriter.text(text)) for name, text in files),
        folders=_own_folders(homes, folder, world.tmp / container.pod),
        needs=tuple(sorted(needs - {container.pod})),
        image=container.image,
    )


def _own_folders(homes: Mapping[Mount, Path], folder: Path, tmp: Path) -> tuple[str, ...]:
    """Return the folders to make for a part; a claim that lives elsewhere is not among them."""
    own = {str(to) for mount, to in homes.items() if mount.source in ("claim", "scratch") and to.is_relative_to(folder)}
    return tuple(sorted(own | {str(folder / "home"), str(tmp)}))


def _local(container: Container, mount: Mount, folder: Path, world: World) -> Path:
    if mount.path == "/tmp":
        return world.tmp / container.pod
    base = world.claims.get(mount.ref) if mount.source == "claim" else None
    root = base or folder / "volumes" / mount.volume
    return root / mount.sub_path if mount.sub_path else root


def _files(container: Container, mount: Mount, to: Path, world: World) -> list[tuple[str, str]]:
    if mount.source not in ("configMap", "secret"):
        return []
    data = (world.configs if mount.source == "configMap" else world.secrets).get((container.namespace, mount.ref))
    if data is None:
        raise InputError(
            f"{container.pod}: mounts {mount.source} {mount.ref!r}, which no chart renders in {container.namespace}",
            hint="render it in the chart",
        )
    chosen = mount.items or tuple((key, key) for key in data)
    if mount.sub_path:  # one file, mounted as such
        return [(str(to), data[key]) for key, name in chosen if name == mount.sub_path]
    return [(str(to / name), data[key]) for key, name in chosen]


def _env(container: Container, world: World) -> dict[str, str]:
    """Return the chart's environment with every reference resolved, not yet rewritten."""
    values: dict[str, str] = {}
    for name, value in container.env:
        if not name and isinstance(value, Reference):
            values |= _data(container, value, world)
        elif isinstance(value, Reference):
            resolved = _resolve(container, value, world)
            values |= {name: resolved} if resolved is not None else {}
        else:
            values[name] = _expand(value, values)
    return values


def _ours(container: Container, program: Program, world: World, folder: Path, core: int) -> dict[str, str]:
    """Return what a part gets beside the chart's environment; the chart's own setting wins."""
    address = world.addresses[container.pod]
    added = {name: value.format(address=address, core=core) for name, value in program.env().items()}
    base = {"PATH": f"{program.folder()}:{world.path}", "HOME": str(folder / "home")}
    return {**base, "TMPDIR": str(world.tmp / container.pod), "LANG": "C.UTF-8", **added}


def _data(container: Container, reference: Reference, world: World) -> Mapping[str, str]:
    source = world.configs if reference.kind == "configMap" else world.secrets
    return source.get((container.namespace, reference.name), {})


def _resolve(container: Container, reference: Reference, world: World) -> str | None:
    if reference.kind == "field":
        known = {
            "metadata.name": container.pod,
            "metadata.namespace": container.namespace,
            "status.podIP": world.addresses[container.pod],
        }
        if reference.key not in known:
            raise InputError(f"{container.pod}: field {reference.key!r} has no local counterpart", hint="see plan.py")
        return known[reference.key]
    data = _data(container, reference, world)
    if reference.key in data:
        return data[reference.key]
    drawn = world.drawn.get((reference.name, reference.key)) if reference.kind == "secret" else None
    if drawn is None and not reference.optional:
        name = f"{reference.kind} {reference.name}"
        raise InputError(f"{container.pod}: {name} has no key {reference.key!r}", hint="correct the chart")
    return drawn


def _expand(text: str, values: Mapping[str, str]) -> str:
    """Expand $(NAME) as the kubelet does: an unknown name stays, $$ is a dollar."""

    def put(match: re.Match[str]) -> str:
        return "$" if match.group(1) == "$" else values.get(match.group(2), match.group(0))

    return _EXPANSION.sub(put, text)


def _argv(container: Container, program: Program, rewriter: Rewriter, env: Mapping[str, str]) -> tuple[str, ...]:
    whole = (*(container.command or program.entrypoint), *container.args) or ("",)
    command, *arguments = [_expand(part, env) for part in whole]
    base = command.rpartition("/")[2]
    executable = program.folder() / program.names.get(base, base)
    if not executable.is_file():
        raise InputError(f"{container.pod}: {command!r} is not in {program.folder()}", hint="see programs.py")
    if program.listen and not any(part.split("=")[0] == program.listen[0] for part in arguments):
        arguments += [part.format(address=rewriter.address) for part in program.listen]
    return (str(executable), *(rewriter.text(part) for part in arguments))


def served_as(part: Container, name: str) -> Container:
    """Return a model server's container that serves under another name."""
    args = list(part.args)
    where = next((i for i, arg in enumerate(args) if arg.split("=")[0] == "--served-model-name"), None)
    if where is None:
        raise InputError(f"{part.pod}: no --served-model-name to change", hint="the fault needs it in the chart's args")
    if "=" in args[where]:
        args[where] = f"--served-model-name={name}"
    else:
        args[where + 1] = name
    return replace(part, args=tuple(args))
