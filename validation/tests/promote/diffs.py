"""A branch that pins a commit by hand, with the entry that the promoter would write, and how its diff is judged."""

from leanrag.core import yamlio
from leanrag.core.clock import stamp
from leanrag.core.git import Git
from leanrag.promote.proving import verify_diff

from .conftest import git


def branch(shop, cluster, change, file="release"):
    """Commit a change of one cluster's file on a branch `pr`."""
    git(shop.work, "fetch", "-q")
    git(shop.work, "checkout", "-q", "-B", "pr", "origin/main")
    path = shop.work / f"clusters/{cluster}/{file}.yaml"
    document = yamlio.read(path)
    change(document[file])
    path.write_text(yamlio.dump(document))
    git(shop.work, "commit", "-q", "-am", "by hand")


def judged(shop, base="origin/main", head="HEAD"):
    git(shop.work, "fetch", "-q")
    told = verify_diff(Git(shop.work), base, head, shop.now)
    return told.code, "\n".join(told.lines)


def token_of(shop, at):
    return shop.bodies["dev"][at]["data"]["evidence.jws"]


def entry(shop, sha, token=None, **changes):
    """Return a history entry as the promoter would write it from dev's newest verdict."""
    token = token_of(shop, -1) if token is None else token
    made = {
        "revision": sha,
        "at": stamp(shop.now),
        "kind": "promote",
        "from": "dev",
        "evidence": token,
        "by": "operator",
    }
    return made | {"verdict": f"dev-{sha[:12]}-1"} | changes


def pin(sha, *entries):
    """Return a change that pins a commit with these entries in front of the history."""

    def change(release_):
        release_["revision"] = sha
        release_["history"] = [*entries, *release_["history"]]

    return change
