"""Faults of Git and of the promoter itself: refused, cut off, killed, raced, or asked by hand for what is unproven."""

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from leanrag.core import yamlio
from leanrag.core.clock import stamp, utc_now

from .desk import Desk
from .evidence_faults import reason, refuses
from .fault import Fault

GitFault = Fault[Desk]


# The promoter and its remote


def _no_pin(*words: str, user: str = "promoter", **environment: str) -> Callable[[Desk], str]:
    def look(desk: Desk) -> str:
        said = desk.promote(user=user, **environment)
        assert desk.pin() == desk.old, "the pin moved"
        assert any(word.lower() in said.lower() for word in words), said[-600:]
        return reason(said, words)

    return look


def _later(desk: Desk, first: str) -> str:
    """The good commit is promoted when the fault is over, and exactly once."""
    desk.allowed["staging"].add(desk.new)
    desk.promote()
    desk.person.fetch()
    assert desk.pin() == desk.new, f"not promoted after the repair: {desk.said[-500:]}"
    desk.promote()
    desk.person.fetch()
    assert desk.pins_of(desk.new) == 1, f"{desk.pins_of(desk.new)} commits set the pin"
    _sound(desk)
    return f"{first}; promoted once after the repair"


def _sound(desk: Desk) -> None:
    broken = subprocess.run(
        ["git", "-C", str(desk.office.remote.path(desk.name)), "fsck", "--no-dangling"], capture_output=True, text=True
    )
    assert broken.returncode == 0, f"git fsck: {broken.stderr}"


def _passed_and(change: Callable[[Desk], Any]) -> Callable[[Desk], None]:
    def breaks(desk: Desk) -> None:
        desk.passes()
        change(desk)

    return breaks


def _refused_push(desk: Desk) -> str:
    said = desk.promote()
    assert desk.pin() == desk.old, "the pin moved although the server refused"
    assert "protected" in said, said[-500:]
    desk.office.remote.hook(desk.name, "pre-receive", "exit 0\n")
    return _later(desk, "refused, with the server's words")


def _half_push(desk: Desk) -> str:
    desk.promote()
    assert desk.pin() == desk.old, "half a push moved the pin"
    desk.office.remote.hook(desk.name, "pre-receive", "exit 0\n")
    return _later(desk, "no pin")


def _unheard(desk: Desk) -> str:
    """The server has taken the push; the promoter never hears of it."""
    desk.allowed["staging"].add(desk.new)
    desk.office.remote.fault("cut-after")
    try:
        desk.promote()
    finally:
        desk.office.remote.heal()
    assert desk.pin() == desk.new
    return _later(desk, "the push landed unheard")


def _moved_base(desk: Desk) -> str:
    """While the promoter's push is on its way, the operator's push lands first."""
    other = desk.office.folder / "people" / f"{desk.name}-other"
    slow = f"if [ ! -e {other}.done ]; then touch {other}.done; sleep 2; fi\n"
    desk.office.remote.hook(desk.name, "pre-receive", slow)
    process = desk.start("--once")
    desk.wait_for(lambda: Path(f"{other}.done").exists(), 60, "the promoter pushes")
    landed = desk.person.commit({"README.md": "moved\n"}, "docs: meanwhile")
    process.wait(60)
    desk.allowed["staging"].add(desk.new)
    desk.person.fetch()
    assert desk.git().is_ancestor(landed, "main"), "the operator's commit is gone"
    return _later(desk, "the operator's commit stays")


def _killed_before(desk: Desk) -> str:
    gate = desk.office.folder / f"{desk.name}.reading"
    desk.office.remote.hook(desk.name, "pre-receive", f"touch {gate}\n")
    process = desk.start("--once")
    # Python needs longer than this to import; nothing can have been pushed.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(0.3)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not gate.exists(), "it had pushed already"
    return _later(desk, "no pin")


def _killed_during(desk: Desk) -> str:
    mark = desk.office.folder / f"{desk.name}.pushing"
    desk.office.remote.hook(desk.name, "pre-receive", f"touch {mark}; sleep 3; exit 1\n")
    process = desk.start("--once")
    desk.wait_for(mark.exists, 60, "the promoter pushes")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert desk.pin() == desk.old, "the pin moved"
    desk.office.remote.hook(desk.name, "pre-receive", "exit 0\n")
    return _later(desk, "no pin")


def _killed_after(desk: Desk) -> str:
    mark = desk.office.folder / f"{desk.name}.landed"
    desk.allowed["staging"].add(desk.new)
    desk.office.remote.hook(desk.name, "post-receive", f"touch {mark}; sleep 3\n")
    process = desk.start("--once")
    desk.wait_for(mark.exists, 60, "the push lands")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert desk.pin() == desk.new
    return _later(desk, "pinned by the push itself")


def _two_promoters(desk: Desk) -> str:
    desk.allowed["staging"].add(desk.new)
    desk.office.remote.hook(desk.name, "pre-receive", "sleep 1\n")
    both = [desk.start("--once"), desk.start("--once")]
    for process in both:
        process.wait(90)
    return _later(desk, "one of two won")


@contextlib.contextmanager
def _tiny_disk() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="leanrag-full-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def _disk_full(desk: Desk) -> str:
    with _tiny_disk() as folder:
        small = {name: str(folder) for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME", "LEANRAG_CACHE")}
        desk.promote(**small)
        assert desk.pin() == desk.old, "the pin moved"
    return _later(desk, "no pin")


def _gone_and_back(desk: Desk) -> str:
    desk.office.remote.fault("gone", fetches=True)
    try:
        desk.promote()
    finally:
        desk.office.remote.heal()
    assert desk.pin() == desk.old, "the pin moved"
    return _later(desk, "no answer from the remote")


# What main says


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


def _held(desk: Desk) -> None:
    desk.passes()
    _edit("clusters/staging/release.yaml", lambda values: _on_hold(values, desk))(desk)


def _frozen(desk: Desk) -> None:
    desk.passes()
    window = {"schedule": "* * * * *", "duration": "2h", "timeZone": "Etc/UTC", "reason": "inventory"}
    _edit("clusters/staging/cluster.yaml", lambda values: values["cluster"].update(freeze=[window]))(desk)


def _malformed(path: str) -> Callable[[Desk], None]:
    def breaks(desk: Desk) -> None:
        desk.passes()
        desk.person.commit({path: "release: {revision: [\n"}, "chore: a slip of the pen")

    return breaks


def _others_roll_back(desk: Desk) -> str:
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


def _no_keys(desk: Desk) -> None:
    desk.passes()
    _edit("clusters/dev/cluster.yaml", lambda values: values["cluster"]["gate"].update(publicKeys=[]))(desk)


def _rewritten_main(desk: Desk) -> None:
    """Main was rewritten on the server: the commit that dev passed is on no branch any more."""
    desk.passes()
    bare = desk.office.remote.path(desk.name)
    desk.allowed["staging"].add("")
    pinned = subprocess.run(
        ["git", "-C", str(bare), "rev-parse", f"{desk.new}~1"], capture_output=True, text=True, check=True
    ).stdout.strip()
    subprocess.run(["git", "-C", str(bare), "update-ref", "refs/heads/main", pinned], check=True)
    desk.allowed["staging"].discard("")


def _not_a_descendant(desk: Desk) -> None:
    """Staging stands on a commit that main's newest does not contain."""
    desk.passes()
    desk.person.git("checkout", "-q", "--orphan", "elsewhere", desk.old)
    desk.person.git("commit", "-q", "-m", "another history")
    other = desk.person.head()
    desk.person.git("push", "-q", "origin", "elsewhere")
    desk.allowed["staging"] = {other}
    entry = {"revision": other, "at": stamp(utc_now()), "kind": "first", "by": "operator"}
    _edit("clusters/staging/release.yaml", lambda v: v["release"].update(revision=other, history=[entry]))(desk)


def _stays(*words: str) -> Callable[[Desk], str]:
    def look(desk: Desk) -> str:
        before = desk.pin()
        said = desk.promote()
        assert desk.pin() == before, "the pin moved"
        assert any(word.lower() in said.lower() for word in words), said[-600:]
        return reason(said, words)

    return look


# What a pull request says; `promote verify` is CI's required check and runs again before a protected cluster syncs


def _pull_request(cluster: str, change: Callable[[dict[str, Any], Desk], Any]) -> Callable[[Desk], None]:
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


def _refused_by_verify(*words: str) -> Callable[[Desk], str]:
    def look(desk: Desk) -> str:
        done = desk.verb("promote", "verify", "--base", "origin/main", "--head", "HEAD")
        said = done.stdout + done.stderr
        assert done.returncode == 1, f"exit {done.returncode}: {said[-500:]}"
        assert not words or any(word.lower() in said.lower() for word in words), said[-500:]
        return f"promote verify, exit 1: {said.strip().splitlines()[0][:180]}"

    return look


def _pin(release: dict[str, Any], sha: str, **entry: Any) -> None:
    written = {"revision": sha, "at": stamp(utc_now()), "kind": "promote", "from": "dev", "by": "operator"} | entry
    release.update(revision=sha, history=[written, *release["history"]])


def _bare_pin(release: dict[str, Any], desk: Desk) -> None:
    release["revision"] = desk.new


def _borrowed(release: dict[str, Any], desk: Desk) -> None:
    """The evidence is honest, and about another commit."""
    from .paper import config_map

    honest = config_map(desk.paper(sha=desk.old), desk.office.keys["dev"], desk.gate("dev"))
    _pin(release, desk.new, evidence=honest["data"]["evidence.jws"], verdict="dev-1")


def _stranger(release: dict[str, Any], desk: Desk) -> None:
    from .paper import config_map

    honest = config_map(desk.paper(), desk.office.keys["stranger"], desk.gate("dev"))
    _pin(release, desk.new, evidence=honest["data"]["evidence.jws"], verdict="dev-1")


def _skipped_staging(release: dict[str, Any], desk: Desk) -> None:
    """Dev's PASS is offered to prod, which follows staging."""
    from .paper import config_map

    honest = config_map(desk.paper(), desk.office.keys["dev"], desk.gate("dev"))
    _pin(release, desk.new, evidence=honest["data"]["evidence.jws"], verdict="dev-1")


def _override(signer: str) -> Callable[[dict[str, Any], Desk], None]:
    def change(release: dict[str, Any], desk: Desk) -> None:
        from leanrag.evidence.override import Override, sign_override

        made = Override("staging", desk.new, "a good reason", "operator", stamp(utc_now()))
        token = sign_override(made, desk.office.keys[signer])
        _pin(release, desk.new, kind="override", evidence=token)

    return change


NO_PIN = "no pin"
ONCE = "no pin while it lasts, promoted once afterwards"
FAULTS: tuple[GitFault, ...] = (
    Fault("G01", "the server refuses the push", ONCE,
          _passed_and(lambda d: d.office.remote.hook(d.name, "pre-receive", "echo main is protected >&2; exit 1\n")),
          _refused_push, True),
    Fault("G02", "the connection dies in the middle of the push", ONCE,
          _passed_and(lambda d: d.office.remote.hook(d.name, "pre-receive", "kill -9 $PPID\n")), _half_push, True),
    Fault("G03", "another commit lands while the promoter pushes", "both commits stay, promoted once",
          Desk.passes, _moved_base),
    Fault("G04", "the remote is gone", ONCE, Desk.passes, _gone_and_back),
    Fault("G27", "the push lands, and its answer is lost", "promoted once", Desk.passes, _unheard),
    Fault("G05", "the promoter's account may only read", NO_PIN, Desk.passes,
          _no_pin("403", "refused", "denied", user="reader")),
    Fault("G06", "the promoter is killed (-9) before it pushes", ONCE, Desk.passes, _killed_before),
    Fault("G07", "the promoter is killed (-9) while it pushes", ONCE, Desk.passes, _killed_during, True),
    Fault("G08", "the promoter is killed (-9) just after the push", "promoted once", Desk.passes, _killed_after),
    Fault("G09", "two promoters at once", "promoted once", Desk.passes, _two_promoters, True),
    Fault("G10", "the promoter's disk is full", ONCE, Desk.passes, _disk_full),
    Fault("G11", "the commit is on hold", NO_PIN, _held, refuses("hold")),
    Fault("G12", "a freeze window is open", NO_PIN, _frozen, refuses("inventory")),
    Fault("G13", "staging's release.yaml is malformed", "staging stays, prod can roll back",
          _malformed("clusters/staging/release.yaml"), _others_roll_back, True),
    Fault("G14", "dev's cluster.yaml is malformed", NO_PIN, _malformed("clusters/dev/cluster.yaml"),
          _no_pin("clusters/dev/cluster.yaml")),
    Fault("G15", "dev's cluster.yaml names no public key", NO_PIN, _no_keys, refuses("names no public key")),
    Fault("G16", "main was rewritten without the commit that passed", NO_PIN, _rewritten_main, lambda d: _quiet(d)),
    Fault("G17", "the commit is no descendant of the pin", NO_PIN, _not_a_descendant, _stays("descend")),
    Fault("G18", "a pull request pins staging by hand", "refused by promote verify",
          _pull_request("staging", _bare_pin), _refused_by_verify(), True),
    Fault("G19", "a pull request pins a commit that does not exist", "refused by promote verify",
          _pull_request("staging", lambda r, d: _pin(r, "f" * 40)), _refused_by_verify()),
    Fault("G20", "a pull request pins a commit that is no descendant", "refused by promote verify",
          lambda d: _foreign_commit(d), _refused_by_verify()),
    Fault("G21", "a pull request with the evidence of another commit", "refused by promote verify",
          _pull_request("staging", _borrowed), _refused_by_verify()),
    Fault("G22", "a pull request with evidence that a stranger signed", "refused by promote verify",
          _pull_request("staging", _stranger), _refused_by_verify()),
    Fault("G23", "a pull request gives prod dev's PASS, past staging", "refused by promote verify",
          _pull_request("prod", _skipped_staging), _refused_by_verify(), True),
    Fault("G24", "a pull request makes staging track main", "refused by promote verify",
          _pull_request("staging", lambda r, d: r.update(revision="main")), _refused_by_verify()),
    Fault("G25", "an override signed with a key that nobody named", "refused by promote verify",
          _pull_request("staging", _override("stranger")), _refused_by_verify()),
    Fault("G26", "a rollback by hand to a commit that never ran there", "refused by promote verify",
          _pull_request("staging", lambda r, d: _pin(r, d.new, kind="rollback")), _refused_by_verify()),
)  # fmt: skip


def _quiet(desk: Desk) -> str:
    desk.promote()
    assert desk.pin() == desk.old, "the pin moved"
    return desk.said.strip().splitlines()[-1][:200]


def _foreign_commit(desk: Desk) -> None:
    desk.passes()
    desk.person.git("checkout", "-q", "--orphan", "elsewhere", desk.old)
    desk.person.git("commit", "-q", "-m", "another history")
    other = desk.person.head()
    desk.person.git("checkout", "-q", "main")
    _pull_request("staging", lambda release, _: _pin(release, other))(desk)
