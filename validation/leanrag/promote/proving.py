"""What the verbs promote verify and promote override do; each returns what is to be printed."""

from datetime import datetime

from leanrag.catalog.commits import Commits
from leanrag.catalog.model import ClusterFacts, ReleaseFacts
from leanrag.core.clock import stamp
from leanrag.core.errors import InputError
from leanrag.core.git import Git
from leanrag.evidence.keys import SigningKey
from leanrag.evidence.override import Override, sign_override
from leanrag.promote.commands import Told, short, where_to
from leanrag.promote.desk import Desk
from leanrag.promote.facts import Facts, read_facts
from leanrag.promote.person import Seen, who, write
from leanrag.promote.pins import overridden
from leanrag.promote.proof import Place, live_problems
from leanrag.promote.verify import Finding, verify_change

LOOK_BACK = 50


def override(desk: Desk, cluster: str, to: str, reason: str, key: SigningKey, now: datetime) -> Told:
    """Pin a cluster to a commit of main that no verdict grants, signed by a person."""
    by = who(desk.git)[0]

    def change(seen: Seen) -> tuple[ReleaseFacts, str]:
        sha = seen.commits.git.resolve(to)
        if sha is None or not seen.commits.git.is_ancestor(sha, seen.main):
            raise InputError(f"{to[:40]} is no commit of main", hint="merge it first")
        keys = seen.commits.at(seen.main).facts(cluster).promotion.overrideKeys
        if key.public not in keys:
            raise InputError(
                f"clusters/{cluster}/cluster.yaml does not name this key ({key.public})",
                hint="its owner adds it to promotion.overrideKeys first",
            )
        token = sign_override(Override(cluster, sha, reason, by, stamp(now)), key)
        message = f"override({cluster}): {sha[:12]}\n\n{reason}"
        return overridden(seen.release, sha, token, reason, stamp(now), by), message

    landed = write(desk, cluster, change)
    return Told((where_to(landed, f"{cluster}: pinned to {short(landed.revision)}, signed by {key.kid}"),))


def verify_diff(git: Git, base: str, head: str, now: datetime) -> Told:
    """Judge every release.yaml that differs between two commits."""
    if git.is_shallow():
        raise InputError("this clone is shallow, so ancestors are unknown", hint="fetch the whole history")
    main, branch = _commit(git, base), _commit(git, head)
    fork = git.merge_base(main, branch)
    if fork is None:
        return Told((f"refused: {head} shares no history with {base}",), 1)
    commits = Commits(git)
    found = verify_change(read_facts(git, commits, main), commits.at(branch), commits.at(fork), now)
    refused = [each for each in found if not each.policy]
    lines = [_line(each) for each in found]
    verdict = f"{len(refused)} refused" if refused else "every change of a release.yaml is proven"
    return Told((*lines, f"promote verify {base}..{head}: {verdict}"), 1 if refused else 0)


def verify_live(git: Git, cluster: str, head: str, now: datetime) -> Told:
    """Judge what is pinned now, before a sync acts on it."""
    main = _commit(git, head)
    facts = read_facts(git, Commits(git), main)
    state = facts.states.get(cluster)
    if state is None or state.release is None:
        raise InputError(f"{cluster} at {main[:12]}: {state.problem if state else 'no such cluster'}", hint="repair it")
    pin = state.release.revision
    if pin in (None, "main"):
        return Told((f"{cluster} is not pinned to a commit, so there is nothing to prove",))
    follows = state.release.follows
    own = state.facts or _last_readable(facts, cluster)
    place = Place(facts, cluster, own, follows, _last_readable(facts, follows) if follows else None)
    found = live_problems(place, pin or "", state.release.history, now)
    if found:
        return Told(tuple(f"refused: {cluster} at {short(pin)}: {each}" for each in found), 1)
    return Told((f"{cluster} at {short(pin)} is proven by its history",))


def _last_readable(facts: Facts, cluster: str) -> ClusterFacts | None:
    """Return what main says, or said last: a slip in a leader's file must not keep a follower from going back."""
    path = f"clusters/{cluster}/cluster.yaml"
    for commit in facts.commits.git.log(facts.main, limit=LOOK_BACK, path=path):
        try:
            return facts.commits.at(commit.sha).facts(cluster)
        except InputError:
            continue
    return None


def _commit(git: Git, ref: str) -> str:
    found = git.resolve(ref)
    if found is None:
        raise InputError(f"{ref[:60]} is no commit here", hint="fetch it, or name another")
    return found


def _line(finding: Finding) -> str:
    return f"{'policy' if finding.policy else 'refused'}: clusters/{finding.cluster}: {finding.text}"
