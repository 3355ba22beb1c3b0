"""Faults of what main says: holds, windows, files that cannot be read, another history."""

import subprocess
from collections.abc import Callable
from typing import Any

from leanrag.core import yamlio
from leanrag.core.clock import stamp, utc_now

from .desk import Desk
from .evidence_faults import reason


def _edit(path: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[Desk], None]:
    def breaks(desk: Desk) -> None:
        desk.person.fetch()
        values = yamlio.load(desk.person.read(path) or "", path)
        change(values)
        desk.person.commit({path: yamlio.dump(values)}, "chore: by hand")

    return breaks


def _on_hold(values: dict[str, Any], desk: Desk) -> None:
    values["release"]["hold"] = {
        "revisions": [desk.new], "reason": "it lost answers", "by": "operator", "since": stamp(utc_now()),
    }  # fmt: skip


def held(desk: Desk) -> None:
    desk.passes()
    _edit("clusters/staging/release.yaml", lambda values: _on_hold(values, desk))(desk)


def frozen(desk: Desk) -> None:
    desk.passes()
    window = {"schedule": "* * * * *", "duration": "2h", "timeZone": "Etc/UTC", "reason": "inventory"}
    _edit("clusters/staging/cluster.yaml", lambda values: values["cluster"].update(freeze=[window]))(desk)


def malformed(path: str) -> Callable[[Desk], None]:
    def breaks(desk: Desk) -> None:
        desk.passes()
        desk.person.commit({path: "release: {revision: [\n"}, "chore: a slip of the pen")

    return breaks


def others_roll_back(desk: Desk) -> str:
    """Staging's file is broken; prod must still be able to go back."""
    desk.promote()
    desk.person.fetch()
    text = desk.person.read("clusters/staging/release.yaml") or ""
    assert text.startswith("release: {revision: [\n"), "somebody rewrote the broken file"
    desk.allowed = {"prod": {desk.old, desk.new}}
    entry = {"revision": desk.old, "at": stamp(utc_now()), "kind": "first", "by": "operator"}
    newer = {"revision": desk.new, "at": stamp(utc_now()), "kind": "first", "by": "operator"}
    _edit("clusters/prod/release.yaml", lambda v: v["release"].update(revision=desk.new, history=[newer, entry]))(desk)
    done = desk.verb("rollback", "prod", f"--to={desk.old}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert desk.pin("prod") == desk.old, "prod did not go back"
    return "staging's file untouched, prod rolled back"


def no_keys(desk: Desk) -> None:
    desk.passes()
    _edit("clusters/dev/cluster.yaml", lambda values: values["cluster"]["gate"].update(publicKeys=[]))(desk)


def rewritten_main(desk: Desk) -> None:
    """Main was rewritten on the server: the commit that dev passed is on no branch any more."""
    desk.passes()
    bare = desk.office.remote.path(desk.name)
    desk.allowed["staging"].add("")
    pinned = subprocess.run(
        ["git", "-C", str(bare), "rev-parse", f"{desk.new}~1"], capture_output=True, text=True, check=True
    ).stdout.strip()
    subprocess.run(["git", "-C", str(bare), "update-ref", "refs/heads/main", pinned], check=True)
    desk.allowed["staging"].discard("")


def not_a_descendant(desk: Desk) -> None:
    """Staging stands on a commit that main's newest does not contain."""
    desk.passes()
    desk.person.git("checkout", "-q", "--orphan", "elsewhere", desk.old)
    desk.person.git("commit", "-q", "-m", "another history")
    other = desk.person.head()
    desk.person.git("push", "-q", "origin", "elsewhere")
    desk.allowed["staging"] = {other}
    entry = {"revision": other, "at": stamp(utc_now()), "kind": "first", "by": "operator"}
    _edit("clusters/staging/release.yaml", lambda v: v["release"].update(revision=other, history=[entry]))(desk)


def stays(*words: str) -> Callable[[Desk], str]:
    def look(desk: Desk) -> str:
        before = desk.pin()
        said = desk.promote()
        assert desk.pin() == before, "the pin moved"
        assert any(word.lower() in said.lower() for word in words), said[-600:]
        return reason(said, words)

    return look


def quiet(desk: Desk) -> str:
    desk.promote()
    assert desk.pin() == desk.old, "the pin moved"
    return desk.said.strip().splitlines()[-1][:200]
