"""What all desks of the drill share: an API server, a Git server, keys, and the history that each begins with."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from leanrag.catalog.commits import Commits
from leanrag.catalog.content import content_hash
from leanrag.core import yamlio
from leanrag.core.clock import stamp, utc_now
from leanrag.core.git import Git
from leanrag.evidence.keys import SigningKey, make_key, parse_key

from ..api import Api
from ..person import Person
from ..secrets import namespace, token
from .paper import Document
from .remote import Remote

CLUSTERS = ("dev", "staging", "prod")
PREFIX = "drill"
USERS = ("operator", "promoter", "reader")
CHANGED = ("overlays/dev/gate/gate.yaml", "overlays/staging/gate/gate.yaml", "overlays/prod/gate/gate.yaml")


@dataclass(frozen=True, slots=True)
class Office:
    """What all desks share: the API server, the Git server, keys, and the two commits of the template."""

    api: Api
    kubeconfig: Path
    folder: Path
    remote: Remote
    keys: dict[str, SigningKey]
    pems: dict[str, str]
    old: str
    new: str
    hashes: dict[tuple[str, str], str]

    def credentials(self, user: str) -> Path:
        """Return the folder with a user's name and password."""
        return self.folder / "repositories" / "users" / user


def open_office(api: Api, kubeconfig: Path, checkout: Path, folder: Path) -> Office:
    """Make the template repository out of a checkout, start a Git server, and make the namespaces."""
    for user in USERS:
        place = folder / "repositories" / "users" / user
        place.mkdir(parents=True)
        (place / "username").write_text(user, encoding="utf-8")
        (place / "password").write_text(token(), encoding="utf-8")
    pairs = {name: make_key() for name in (*CLUSTERS, "stranger", "chief")}
    keys = {name: parse_key(pem, name) for name, (pem, _) in pairs.items()}
    template = _template(checkout, folder, {name: public for name, (_, public) in pairs.items()})
    remote = Remote(folder / "repositories")
    old, new = (template.git("rev-parse", f"refs/tags/{name}").strip() for name in ("old", "new"))
    commits = Commits(Git(template.path / ".git"))
    hashes = {(c, sha): content_hash(commits.at(sha), c) for c in CLUSTERS for sha in (old, new)}
    api.apply(*(namespace(f"{PREFIX}-{cluster}-gate") for cluster in CLUSTERS))
    pems = {name: pem for name, (pem, _) in pairs.items()}
    return Office(api, kubeconfig, folder, remote, keys, pems, old, new, hashes)


def _template(checkout: Path, folder: Path, public: dict[str, str]) -> Person:
    """Make the history: `old` (everything), a commit that pins staging and prod to it, `new` (a change for all)."""
    person = Person("", folder / "template", None)
    person.path.mkdir()
    archive = subprocess.run(["git", "-C", str(checkout), "archive", "HEAD"], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(person.path)], input=archive, check=True)
    person.git("init", "-q", "-b", "main")
    for name in CLUSTERS:
        _write(person, f"clusters/{name}/cluster.yaml", cluster_facts(name, public))
    _write(person, "clusters/dev/release.yaml", {"release": {"revision": "main"}})
    for name in ("staging", "prod"):
        _write(person, f"clusters/{name}/release.yaml", {"release": follower(name)})
    old = _commit(person, "feat: what all run", "old")
    for name in ("staging", "prod"):
        entry = {"revision": old, "at": stamp(utc_now()), "kind": "first", "by": "operator"}
        pinned = {"revision": old, **follower(name), "history": [entry]}
        _write(person, f"clusters/{name}/release.yaml", {"release": pinned})
    _commit(person, "chore: pin staging and prod", "pinned")
    for path in CHANGED:
        text = (person.path / path).read_text(encoding="utf-8")
        (person.path / path).write_text(text + "# a change\n", encoding="utf-8")
    _commit(person, "feat: a change that every cluster renders", "new")
    return person


def cluster_facts(name: str, public: dict[str, str]) -> Document:
    """Return the cluster.yaml of one of the drill's clusters."""
    facts: Document = {
        "name": name,
        "environment": name,
        "platform": "kubernetes",
        "domain": "drill.example.com",
        "registry": "registry.example.com/lean-rag",
        "namespacePrefix": f"{PREFIX}-{name}",
        "protected": False,
        "gate": {"mode": "full", "publicKeys": [public[name]]},
        "promotion": {"overrideKeys": [public["chief"]]},
    }
    if name != "dev":
        facts["gate"]["requires"] = "full"
    return {"cluster": facts}


def follower(name: str) -> Document:
    """Return whom a cluster follows, and how."""
    return {"follows": "dev", "approval": "auto"} if name == "staging" else {"follows": "staging", "approval": "manual"}


def _write(person: Person, path: str, value: Document) -> None:
    (person.path / path).parent.mkdir(parents=True, exist_ok=True)
    (person.path / path).write_text(yamlio.dump(value), encoding="utf-8")


def _commit(person: Person, message: str, tag: str) -> str:
    person.git("add", "-A", "-f", "--", ".")
    person.git("commit", "-q", "-m", message)
    person.git("tag", tag)
    return person.head()


def scratch() -> Path:
    """Return a new folder for an office."""
    return Path(tempfile.mkdtemp(prefix="leanrag-drill-"))
