"""Put a promoter together: a clone, API servers, a forge; run it once, or for ever."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from leanrag.core.clock import utc_now
from leanrag.core.errors import InputError, LeanragError
from leanrag.core.git import Git
from leanrag.core.gitcall import Access
from leanrag.promote.commands import Told
from leanrag.promote.desk import Desk
from leanrag.promote.facts import Facts
from leanrag.promote.forge import Forge
from leanrag.promote.loop import LONGEST, lines, run
from leanrag.promote.moves import Wait, Why
from leanrag.promote.rounds import Promoter
from leanrag.promote.serving import Health, merged, serve
from leanrag.promote.source import Servers, gates, read_all
from leanrag.promote.verdicts import Reader, Verdicts
from leanrag.promote.watching import Watching


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a promoter is told: where Git and verdicts are, who writes, and how often it looks (seconds)."""

    repository: str
    access: Access
    kubeconfig: Path | None
    spokes: Path | None
    author: tuple[str, str]
    signing_key: Path | None
    forge: Forge | None
    interval: float
    port: int | None


def forge_of(
    kind: str | None, url: str | None, repository: str | None, token: Path | None, credentials: Path | None
) -> Forge | None:
    """Return the forge of the options, None when none is named."""
    if kind is None:
        return None
    secret = token or (credentials / "password" if credentials else None)
    if not (url and repository and secret):
        raise InputError(f"the forge {kind} needs --forge-url, --forge-repository and a token", hint="give all of them")
    return Forge(kind, url, repository, secret)


def run_once(wanted: Wanted, place: Path) -> Told:
    """Do one round; lists only, no watch."""
    git = Git.clone(wanted.repository, place / "clone.git", wanted.access)
    servers, reader = Servers(wanted.kubeconfig, wanted.spokes), Reader()

    def read(facts: Facts, clusters: frozenset[str] | None = None) -> Verdicts:
        bodies, problems = read_all(servers, gates(facts))
        return Verdicts(bodies, problems, reader)

    desk = Desk(git, wanted.author, wanted.signing_key)
    report = Promoter(git, desk, read, read, utc_now, wanted.forge).round()
    blind = any(isinstance(each, Wait) and each.why is Why.UNKNOWN for each in report.decisions)
    failed = bool(report.refused) and not report.written
    return Told(tuple(lines(report)), 2 if blind else 1 if failed else 0)


def run_for_ever(wanted: Wanted, place: Path, stop: threading.Event, say: Callable[[str], None]) -> None:
    """Do rounds until `stop`."""
    wake = threading.Event()
    watching = Watching(Servers(wanted.kubeconfig, wanted.spokes), wake)
    health = Health(wanted.interval)
    server = serve(wanted.port, health, lambda: merged(health.metrics(), watching.metrics())) if wanted.port else None
    say(f"promoter: {wanted.repository}, every {wanted.interval:.0f} s and at each verdict")
    try:
        git = _first_clone(wanted, place, health, stop, say)
        if git:
            desk = Desk(git, wanted.author, wanted.signing_key)
            promoter = Promoter(git, desk, watching.verdicts, watching.confirm, utc_now, wanted.forge)
            _waking(stop, wake)
            run(promoter, health, wake, stop, say)
    finally:
        watching.close()
        if server:
            server.shutdown()


def _first_clone(
    wanted: Wanted, place: Path, health: Health, stop: threading.Event, say: Callable[[str], None]
) -> Git | None:
    """Clone, and try again while the remote is away; None when the promoter is to end."""
    pause = 1.0
    while not stop.is_set():
        try:
            return Git.clone(wanted.repository, place / "clone.git", wanted.access)
        except (LeanragError, OSError) as error:
            health.failure(str(error))
            say(f"cannot work: {error}")
            stop.wait(pause)
            pause = min(2 * pause, LONGEST)
    return None


def _waking(stop: threading.Event, wake: threading.Event) -> None:
    """A stop must not wait for the end of a pause."""

    def follow() -> None:
        stop.wait()
        wake.set()

    threading.Thread(target=follow, daemon=True, name="stop").start()
