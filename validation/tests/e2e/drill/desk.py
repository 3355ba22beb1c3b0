"""Where the faults of evidence and of Git are played: a real API server, a real Git server, the real promoter.

Only the gate is missing: its verdicts are written here, signed with real keys, so that one thing in them can be wrong.
Each fault gets a repository of its own. In it staging and prod are pinned to commit `old`, and main has gone on to
`new`, which dev has passed: unless something is wrong, the promoter moves staging's pin to `new`.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from leanrag.catalog.commits import Commits
from leanrag.catalog.content import content_hash
from leanrag.core.git import Git

from .. import program
from ..person import Person
from .office import CLUSTERS, PREFIX, Office
from .paper import Change, Document, config_map, document


class Desk:
    """One fault's own repository and an empty store of verdicts; `old` and `new` are SHAs."""

    def __init__(self, office: Office, name: str) -> None:
        self.office, self.name = office, name
        self.old, self.new = office.old, office.new
        office.remote.copy(office.folder / "template" / ".git", name)
        self.url = office.remote.url(name)
        self.person = Person(self.url, office.folder / "people" / name, office.credentials("operator"))
        self.person.clone()
        self.allowed: dict[str, set[str]] = {"staging": {self.old}, "prod": {self.old}}
        self.processes: list[subprocess.Popen[str]] = []
        self.said = ""
        self._empty_the_store()

    def _empty_the_store(self) -> None:
        for cluster in CLUSTERS:
            for one in self.office.api.list("ConfigMap", self.gate(cluster)):
                if one["metadata"]["name"].startswith("verdict-"):
                    self.office.api.delete("ConfigMap", one["metadata"]["name"], self.gate(cluster))

    @staticmethod
    def gate(cluster: str) -> str:
        """Return the namespace of a cluster's verdicts."""
        return f"{PREFIX}-{cluster}-gate"

    # Writing evidence

    def paper(self, cluster: str = "dev", sha: str = "", attempt: int = 1) -> Document:
        """Return an honest PASS of a cluster about a commit (default: dev about `new`)."""
        sha = sha or self.new
        known = self.office.hashes.get((cluster, sha))
        return document(cluster, sha, known or content_hash(Commits(self.git()).at(sha), cluster), attempt)

    def git(self) -> Git:
        """Return the repository as the server has it."""
        return Git(self.office.remote.path(self.name))

    def passes(self, cluster: str = "dev", sha: str = "", attempt: int = 1, change: Change | None = None) -> None:
        """Let a cluster's gate publish a verdict: a PASS about `new`, unless `change` makes it another."""
        paper = self.paper(cluster, sha, attempt)
        if change:
            change(paper)
        self.publish(config_map(paper, self.office.keys[cluster], self.gate(cluster)))

    def publish(self, config_map: Document) -> None:
        """Store a ConfigMap as it is."""
        self.office.api.apply(config_map)

    # The promoter

    def argv(self, user: str = "promoter") -> list[str]:
        """Return the promoter's command line."""
        return [
            *(str(program.LEANRAG), "promote", "run"),
            f"--repository={self.url}",
            f"--credentials={self.office.credentials(user)}",
        ]

    def environment(self, **more: str) -> dict[str, str]:
        """Return the promoter's environment."""
        return os.environ | {"KUBECONFIG": str(self.office.kubeconfig), "PYTHONUNBUFFERED": "1"} | more

    def promote(self, *arguments: str, user: str = "promoter", **more: str) -> str:
        """Let the promoter decide once, and return all that it said."""
        argv = [*self.argv(user), "--once", *arguments]
        done = subprocess.run(argv, capture_output=True, text=True, env=self.environment(**more), timeout=90)
        self.said = f"exit {done.returncode}: {done.stdout}{done.stderr}"
        assert "Traceback" not in self.said, self.said[-800:]
        return self.said

    def start(self, *arguments: str, user: str = "promoter", **more: str) -> subprocess.Popen[str]:
        """Start a promoter that stays; it is killed when the fault is over."""
        process = subprocess.Popen(
            [*self.argv(user), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment(**more),
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def verb(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run another verb of leanrag in the operator's checkout."""
        return subprocess.run(
            [str(program.LEANRAG), *arguments], cwd=cwd or self.person.path, capture_output=True, text=True, timeout=90,
            env=self.environment(),
        )  # fmt: skip

    # Looking

    def release(self, cluster: str) -> dict[str, Any]:
        """Return what main says about a cluster."""
        self.person.fetch()
        return self.person.release(cluster)

    def pin(self, cluster: str = "staging") -> str:
        """Return what main pins a cluster to, straight from the server's repository."""
        text = self.git().read("main", f"clusters/{cluster}/release.yaml") or ""
        found = [line.split()[-1].strip("'\"") for line in text.splitlines() if line.startswith("  revision:")]
        return found[0] if found else ""

    def pins_of(self, sha: str, cluster: str = "staging") -> int:
        """Return how many commits of main's history set a cluster's pin to a commit."""
        changes = self.person.git(
            "log", "--format=%H", "-S", f"  revision: {sha}", "origin/main", "--", f"clusters/{cluster}"
        )
        return len(changes.split())

    def wait_for(self, asked: Callable[[], Any], seconds: float, why: str) -> Any:
        """Return the first true answer, or fail."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if answer := asked():
                return answer
            time.sleep(0.1)
        raise AssertionError(f"{why}: not within {seconds:.0f} s; {self.said[-400:]}")

    def wrong_pins(self) -> tuple[str, ...]:
        """Return every pin, and every branch that asks for one, that the row does not allow."""
        pins = [
            f"{c} is pinned to {self.pin(c)[:12]}" for c, allowed in self.allowed.items() if self.pin(c) not in allowed
        ]
        git = self.git()
        for name in subprocess.run(
            ["git", "-C", str(git.path), "for-each-ref", "--format=%(refname:short)", "refs/heads/promote"],
            capture_output=True, text=True, check=True,
        ).stdout.split():  # fmt: skip
            cluster, sha = name.split("/")[1:3]
            if not any(allowed.startswith(sha) for allowed in self.allowed.get(cluster, set())):
                pins.append(f"branch {name}")
        return tuple(pins)

    def close(self) -> None:
        """End what the fault left running."""
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
