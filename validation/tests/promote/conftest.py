"""A real repository with dev, staging and prod, its bare remote, and gates that sign real verdicts."""

import json
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from leanrag.catalog.commits import Commits
from leanrag.catalog.content import content_hash
from leanrag.core import yamlio
from leanrag.core.clock import stamp
from leanrag.core.git import Git
from leanrag.evidence import store
from leanrag.evidence.keys import make_key, parse_key
from leanrag.evidence.token import claims_of, digest, sign
from leanrag.promote.decide import decide
from leanrag.promote.desk import Desk
from leanrag.promote.facts import read_facts
from leanrag.promote.moves import Hold, Move
from leanrag.promote.rounds import Promoter
from leanrag.promote.verdicts import Verdicts

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # a Friday
PAIRS = {name: make_key() for name in ("dev", "staging", "prod", "chief", "stranger")}
KEYS = {name: parse_key(pem, name) for name, (pem, _) in PAIRS.items()}
OBJECTIVE = {
    "model": "tiny",
    "name": "ttft p95",
    "metric": "ttft",
    "unit": "ms",
    "percentile": 95,
    "limit": 500,
    "confidence": 0.95,
    "n": 200,
    "required": 59,
    "violations": 1,
    "estimate": 250.0,
    "allowed": 0.05,
    "interval": {"lower": 0.0001, "upper": 0.0275},
    "reason": "1 of 200 was slower",
}
FOLLOWS = {"staging": "dev", "prod": "staging"}


def facts_of(name, **changes):
    facts = {
        "name": name,
        "environment": name,
        "platform": "kubernetes",
        "domain": "example.com",
        "registry": "registry.example.com/x",
        "namespacePrefix": f"lr-{name}",
        "gate": {"publicKeys": [PAIRS[name][1]]},
        "promotion": {"overrideKeys": [PAIRS["chief"][1]]},
    }
    return {"cluster": facts | changes}


def git(path, *arguments):
    identity = ("-c", "user.name=operator", "-c", "user.email=operator@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", path, *identity, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Shop:
    """The remote, an operator's checkout, and what the gates have said."""

    def __init__(self, folder):
        self.remote, self.work, self.folder = folder / "remote.git", folder / "work", folder
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", self.remote], check=True)
        subprocess.run(["git", "clone", "-q", self.remote, self.work], check=True, capture_output=True)
        git(self.work, "config", "user.name", "operator")
        git(self.work, "config", "user.email", "operator@example.org")
        git(self.work, "checkout", "-q", "-B", "main")
        self.begun = False
        self.bodies = {}
        self.problems = {}
        self.now = NOW
        files = {"apps/cluster/values.yaml": "{}\n", "charts/common/values.yaml": "{}\n", "README.md": "hello\n"}
        for name in ("dev", "staging", "prod"):
            files[f"overlays/{name}/data/store.yaml"] = "size: 1\n"
            files[f"clusters/{name}/cluster.yaml"] = yamlio.dump(facts_of(name))
        files["charts/data/store/values.yaml"] = "size: 0\n"
        files["clusters/dev/release.yaml"] = "release: {revision: main}\n"
        for name, leader in FOLLOWS.items():
            files[f"clusters/{name}/release.yaml"] = f"# Our {name}.\nrelease: {{follows: {leader}}}\n"
        self.first = self.commit(**files)

    def commit(self, message="change", push=True, **files):
        """Write files (None removes one), commit, push, and return the commit."""
        if self.begun:
            git(self.work, "fetch", "-q")
            git(self.work, "checkout", "-q", "-B", "main", "origin/main")
        self.begun = True
        for name, text in files.items():
            path = self.work / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        git(self.work, "add", "-A")
        git(self.work, "commit", "-q", "--allow-empty", "-m", message)
        if push:
            git(self.work, "push", "-q", "-u", "origin", "main")
        return git(self.work, "rev-parse", "HEAD")

    def change(self, what="charts/data/store/values.yaml"):
        """Commit a change of something that is rendered: by default what every cluster renders."""
        path = self.work / what
        before = path.read_text() if path.exists() else ""
        return self.commit(**{what: before + f"# {len(before)}\n"})

    def release(self, cluster, ref="main"):
        text = git(self.remote, "show", f"{ref}:clusters/{cluster}/release.yaml")
        return yamlio.load(text, cluster)["release"]

    def pin(self, cluster, ref="main"):
        return self.release(cluster, ref).get("revision")

    def edit(self, cluster, file="release", message="by hand", **changes):
        """Change keys of a cluster's file by hand."""
        path = f"clusters/{cluster}/{file}.yaml"
        document = yamlio.load(git(self.remote, "show", f"main:{path}"), path)
        document[file].update(changes)
        return self.commit(message, **{path: yamlio.dump(document)})

    def content(self, cluster, sha):
        return content_hash(Commits(Git(self.remote)).at(sha), cluster)

    def says(self, cluster, outcome, sha, attempt=1, key=None, **changes):
        """Let a gate publish a signed verdict about a commit; `changes` are made before it is signed."""
        end = changes.pop("ended", self.now - timedelta(minutes=1))
        document = {
            "schema": "leanrag.io/verdict/v1",
            "id": f"{cluster}-{sha[:12]}-{attempt}",
            "scope": "cluster",
            "cluster": cluster,
            "environment": cluster,
            "revision": sha,
            "dirty": False,
            "contentHash": self.content(cluster, sha),
            "fingerprint": digest("what runs"),
            "mode": "full",
            "trigger": "postsync",
            "attempt": attempt,
            "carriedFrom": None,
            "measuredAt": stamp(end),
            "outcome": outcome,
            "reason": f"it is a {outcome}",
            "steps": [
                {"name": name, "outcome": outcome, "reason": "", "seconds": 1, "items": [], "facts": {}}
                for name in ("converge", "check", "smoke", "load", "judge", "verdict")
            ],
            "objectives": [OBJECTIVE | {"outcome": outcome if outcome in ("PASS", "FAIL") else "INCONCLUSIVE"}],
            "distributions": [],
            "evidence": [],
            "skipped": [],
            "subject": {"api": None, "vectorStore": None, "models": [], "images": []},
            "tools": {},
            "seed": 1,
            "reproduce": [],
            "start": stamp(end - timedelta(minutes=2)),
            "end": stamp(end),
        } | changes
        text = json.dumps(document)
        claims = claims_of(document, text)
        token = sign(claims, KEYS[key or cluster])
        body = store.build(
            claims, text, token=token, sentence="", metrics="m_x 1\n# EOF\n", namespace=f"lr-{cluster}-gate"
        )
        self.bodies.setdefault(cluster, []).append(body)
        return body

    def passes(self, cluster, sha, **changes):
        return self.says(cluster, "PASS", sha, **changes)

    def facts(self):
        repo = Git.clone(str(self.remote), self.folder / "facts.git")
        return read_facts(repo, Commits(repo), repo.resolve("origin/main"))

    def decide(self):
        """Return the last decision about each cluster."""
        return {each.cluster: each for each in self.decisions()}

    def decisions(self):
        return decide(self.facts(), Verdicts(self.bodies, self.problems), self.now)

    def promoter(self, name="promoter"):
        repo = Git.clone(str(self.remote), self.folder / f"{name}.git")
        verdicts = lambda facts: Verdicts(self.bodies, self.problems)  # noqa: E731
        return Promoter(repo, Desk(repo), verdicts, lambda facts, clusters: verdicts(facts), lambda: self.now)

    def round(self):
        return self.promoter().round()

    def branches(self):
        listed = git(self.remote, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/promote")
        return listed.split()

    def settle(self, sha):
        """Bring staging and prod to a commit as promotion does, with every gate passing."""
        for cluster in ("dev", "staging"):
            self.passes(cluster, sha)
            self.round()
        assert self.pin("staging") == self.pin("prod") == sha
        return sha


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


@pytest.fixture
def staged(shop):
    """Bring staging and prod to a commit, and let dev pass the next one; return both."""
    old = shop.settle(shop.change())
    new = shop.change()
    shop.passes("dev", new)
    return old, new


@pytest.fixture
def moves():
    return lambda decisions: [each for each in decisions if isinstance(each, Move | Hold)]
