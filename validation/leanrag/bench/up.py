"""`leanrag bench up`, `down` and `status`: the whole bench, whatever state the last command or a crash left it in."""

import shutil
import time
from dataclasses import replace

from leanrag.bench import links, memory, namespaces, volumes
from leanrag.bench.ending import end_all
from leanrag.bench.model import Bench, bench, state_dir
from leanrag.bench.network import Network
from leanrag.bench.node import containerd_root
from leanrag.bench.processes import Processes
from leanrag.bench.requirements import require
from leanrag.bench.state import State, Wanted, exclusive, load, save
from leanrag.bench.steps import programs, steps
from leanrag.core.clock import stamp, utc_now
from leanrag.core.errors import InputError
from leanrag.core.progress import say
from leanrag.render.tools import tool

DEFAULT = Wanted()


def up(wanted: Wanted = DEFAULT) -> Bench:
    """Bring a bench up and return it; one that is up already is left as it is.

    What an earlier bench was started with and `down` did not end is kept: data, spoke, controllers. When a step fails,
    everything is ended again before the error is raised; logs and data stay.
    """
    network = Network(wanted.instance)
    folder = state_dir(wanted.instance)
    with exclusive(folder):
        found = load(folder)
        merged = _merged(wanted, found)
        made = bench(network, merged.spoke)
        if found and found.whole and found.wanted == merged and not _ended(made.processes):
            _renew(made)
            say(f"the bench is up already, since {found.since}: KUBECONFIG={made.kubeconfig}")
            return made
        _clear(made, found)
        _bring_up(made, merged)
        return made


def doctor(instance: int = 0) -> None:
    """Raise InputError with everything that keeps a bench from starting here; Debian packages are installed."""
    require(bench(Network(instance), spoke=True))


def _merged(wanted: Wanted, found: State | None) -> Wanted:
    before = found.wanted if found else wanted
    return replace(
        wanted,
        spoke=wanted.spoke or before.spoke,
        kserve=wanted.kserve or before.kserve,
        bare=wanted.bare and before.bare,
        llmd=wanted.llmd or before.llmd,
        ogx=wanted.ogx or before.ogx,
        keda=wanted.keda or before.keda,
    )


def _ended(processes: Processes) -> tuple[str, ...]:
    return tuple(name for name in processes.names() if not processes.alive(name))


def _renew(made: Bench) -> None:
    for each in made.nodes:
        volumes.renew(made, each.name)


def _clear(made: Bench, found: State | None) -> None:
    """End what a half-started bench left; say which parts of a whole one had ended."""
    ended = _ended(made.processes)
    if found and found.whole and ended:
        say(f"parts that had ended: {', '.join(ended)}")
    elif not (found and found.whole) and end_all(made.processes):
        say("ended what a half-started bench had left running")


def _bring_up(made: Bench, wanted: Wanted) -> None:
    started = time.monotonic()
    require(made)
    for name in programs(wanted):
        tool(name)
    since = stamp(utc_now())
    save(made.state, State(wanted, whole=False, since=since))
    try:
        links.make_bridge(made.network)
        for words, step in steps(made, wanted):
            began = time.monotonic()
            step()
            say(f"  {words}: {time.monotonic() - began:.1f} s")
    except BaseException:
        say("ending what was started; logs stay in " + str(made.state / "logs"))
        end_all(made.processes)
        namespaces.remove(made.network)
        raise
    save(made.state, State(wanted, whole=True, since=since))
    say(f"the bench is up after {time.monotonic() - started:.0f} s: KUBECONFIG={made.kubeconfig}")


def down(instance: int = 0, keep: bool = False, images: bool = False) -> int:
    """End a bench, remove all that it made, and return how many parts were alive.

    Its data goes unless `keep`; the images in containerd stay unless `images`. Programs that were built stay.
    """
    network, folder = Network(instance), state_dir(instance)
    if not folder.exists() and network.bridge not in links.interfaces():
        return 0
    with exclusive(folder):
        found = load(folder)
        if found:
            save(folder, replace(found, whole=False))
        count = end_all(Processes(folder))
        namespaces.remove(network)
        if not keep:
            shutil.rmtree(folder)
    if images:
        for each in network.nodes:
            shutil.rmtree(containerd_root(network, each), ignore_errors=True)
    return count


def running(instance: int = 0) -> Bench:
    """Return the bench that `up` completed; InputError when there is none."""
    found = load(state_dir(instance))
    if not (found and found.whole):
        raise InputError("no bench is up", hint="start it: leanrag bench up")
    return bench(Network(instance), found.wanted.spoke)


def status(instance: int = 0) -> tuple[State | None, tuple[memory.Part, ...]]:
    """Return what is remembered about a bench, and its parts with their memory."""
    folder = state_dir(instance)
    return load(folder), memory.parts(Processes(folder))
