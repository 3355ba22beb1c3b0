"""What Git says, as promotion sees it: every cluster at main, main's history, and what a commit means to a cluster."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from leanrag.catalog.commits import RELEASE, Commits, ReleaseState, release_states
from leanrag.catalog.content import content_hash
from leanrag.core.errors import InputError
from leanrag.core.git import Branch, Git
from leanrag.promote.line import Line
from leanrag.promote.locked import held_back

BRANCHES = "promote/"


@dataclass(frozen=True, slots=True)
class Facts:
    """One moment of the repository.

    `branches` are those that promotion proposes, by name; `followers` names, for each cluster, all that
    follow it, directly or not.
    """

    main: str
    states: Mapping[str, ReleaseState]
    line: Line
    commits: Commits
    branches: Mapping[str, Branch] = field(default_factory=dict)
    followers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def content(self, cluster: str, sha: str) -> str | None:
        """Return the content hash of a cluster at a commit of main, None when it cannot be told."""
        if sha not in self.line:
            return None
        try:
            return content_hash(self.commits.at(sha), cluster)
        except InputError:
            return None

    def unlocked(self, cluster: str, sha: str) -> str:
        """Return which image of a protected cluster has no known digest at a commit, and the way out; else nothing."""
        return held_back(self.commits, cluster, sha)

    def leaders(self, cluster: str) -> Iterator[str]:
        """Yield the clusters that a cluster follows, the nearest first; a circle is walked once."""
        return leaders(self.states, cluster)

    def proposed(self, cluster: str, sha: str) -> Branch | None:
        """Return the open branch that would pin a cluster to a commit, None when there is none or it was overtaken.

        It is overtaken when the cluster's release.yaml has changed on main since. One with commits of a person stays.
        """
        branch = self.branches.get(branch_name(cluster, sha))
        if branch is None or branch.base not in self.line:
            return branch
        path = f"clusters/{cluster}/{RELEASE}"
        then, now = (self.commits.at(each).entry(path) for each in (branch.base, self.main))
        return branch if (then and then.blob) == (now and now.blob) else None


def branch_name(cluster: str, sha: str) -> str:
    """Return the branch that proposes a commit for a cluster."""
    return f"{BRANCHES}{cluster}/{sha[:12]}"


def leaders(states: Mapping[str, ReleaseState], cluster: str) -> Iterator[str]:
    """Yield the clusters that a cluster follows, the nearest first; a circle is walked once."""
    seen = {cluster}
    state = states.get(cluster)
    while state and state.release and (follows := state.release.follows) and follows not in seen:
        yield follows
        seen.add(follows)
        state = states.get(follows)


def read_facts(git: Git, commits: Commits, main: str) -> Facts:
    """Return the facts at a commit of main; the branches are those that were fetched last."""
    states = release_states(commits, main)
    following: dict[str, list[str]] = {}
    for name in states:
        for leader in leaders(states, name):
            following.setdefault(leader, []).append(name)
    return Facts(
        main=main,
        states=states,
        line=Line(git.log(main)),
        commits=commits,
        branches=read_branches(git),
        followers={leader: tuple(names) for leader, names in following.items()},
    )


def read_branches(git: Git) -> Mapping[str, Branch]:
    """Return the branches that promotion proposes, by name, as they were fetched last."""
    return {each.name: each for each in git.branches(BRANCHES)}
