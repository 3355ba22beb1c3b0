"""Faults of a pull request: pins that prove nothing.

`promote verify` is CI's required check and runs again before a protected cluster syncs.
"""

from collections.abc import Callable
from typing import Any

from leanrag.core import yamlio
from leanrag.core.clock import stamp, utc_now

from .desk import Desk


def pull_request(cluster: str, change: Callable[[dict[str, Any], Desk], Any]) -> Callable[[Desk], None]:
    def breaks(desk: Desk) -> None:
        desk.passes()
        desk.person.fetch()
        desk.person.git("checkout", "-q", "-B", "pr", "origin/main")
        path = desk.person.path / f"clusters/{cluster}/release.yaml"
        values = yamlio.load(path.read_text(encoding="utf-8"), str(path))
        change(values["release"], desk)
        path.write_text(yamlio.dump(values), encoding="utf-8")
        desk.person.git("commit", "-q", "-am", "chore: a pin by hand")

    return breaks


def refused_by_verify(*words: str) -> Callable[[Desk], str]:
    def look(desk: Desk) -> str:
        done = desk.verb("promote", "verify", "--base", "origin/main", "--head", "HEAD")
        said = done.stdout + done.stderr
        assert done.returncode == 1, f"exit {done.returncode}: {said[-500:]}"
        assert not words or any(word.lower() in said.lower() for word in words), said[-500:]
        return f"promote verify, exit 1: {said.strip().splitlines()[0][:180]}"

    return look


def pin(release: dict[str, Any], sha: str, **entry: Any) -> None:
    written = {"revision": sha, "at": stamp(utc_now()), "kind": "promote", "from": "dev", "by": "operator"} | entry
    release.update(revision=sha, history=[written, *release["history"]])


def bare_pin(release: dict[str, Any], desk: Desk) -> None:
    release["revision"] = desk.new


def borrowed(release: dict[str, Any], desk: Desk) -> None:
    """The evidence is honest, and about another commit."""
    from .paper import config_map

    honest = config_map(desk.paper(sha=desk.old), desk.office.keys["dev"], desk.gate("dev"))
    pin(release, desk.new, evidence=honest["data"]["evidence.jws"], verdict="dev-1")


def stranger(release: dict[str, Any], desk: Desk) -> None:
    from .paper import config_map

    honest = config_map(desk.paper(), desk.office.keys["stranger"], desk.gate("dev"))
    pin(release, desk.new, evidence=honest["data"]["evidence.jws"], verdict="dev-1")


def skipped_staging(release: dict[str, Any], desk: Desk) -> None:
    """Dev's PASS is offered to prod, which follows staging."""
    from .paper import config_map

    honest = config_map(desk.paper(), desk.office.keys["dev"], desk.gate("dev"))
    pin(release, desk.new, evidence=honest["data"]["evidence.jws"], verdict="dev-1")


def override(signer: str) -> Callable[[dict[str, Any], Desk], None]:
    def change(release: dict[str, Any], desk: Desk) -> None:
        from leanrag.evidence.override import Override, sign_override

        made = Override("staging", desk.new, "a good reason", "operator", stamp(utc_now()))
        token = sign_override(made, desk.office.keys[signer])
        pin(release, desk.new, kind="override", evidence=token)

    return change


def foreign_commit(desk: Desk) -> None:
    desk.passes()
    desk.person.git("checkout", "-q", "--orphan", "elsewhere", desk.old)
    desk.person.git("commit", "-q", "-m", "another history")
    other = desk.person.head()
    desk.person.git("checkout", "-q", "main")
    pull_request("staging", lambda release, _: pin(release, other))(desk)
