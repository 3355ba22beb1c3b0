"""The history of main: which commits it has, which is newer, which contains which. Pure."""

from collections.abc import Iterable

from leanrag.core.git import Commit


class Line:
    """Commits in the order of git's topological log: children before parents, so place 0 is the newest."""

    def __init__(self, commits: Iterable[Commit]) -> None:
        ordered = tuple(commits)
        self._parents = {commit.sha: commit.parents for commit in ordered}
        self._place = {commit.sha: place for place, commit in enumerate(ordered)}
        self._at = {commit.sha: commit.at for commit in ordered}
        self._whole = {commit.sha[:12]: commit.sha for commit in ordered}
        self._contains: dict[tuple[str, str], bool] = {}

    def __contains__(self, sha: str) -> bool:
        return sha in self._place

    def place(self, sha: str) -> int:
        """Return how many commits main's log shows before this one."""
        return self._place[sha]

    def at(self, sha: str) -> int:
        """Return when a commit was made, Unix time."""
        return self._at[sha]

    def whole(self, sha12: str) -> str | None:
        """Return the commit of main that starts with 12 hex digits."""
        return self._whole.get(sha12)

    def contains(self, newer: str, older: str) -> bool:
        """Return whether `newer` is `older` or descends from it; commits outside main contain nothing."""
        if newer not in self or older not in self:
            return False
        pair = (newer, older)
        if pair not in self._contains:
            self._contains[pair] = self._reaches(newer, older)
        return self._contains[pair]

    def _reaches(self, newer: str, older: str) -> bool:
        # A parent always stands behind its child, so nothing behind `older` can lead to it.
        limit, seen, open_ = self._place[older], {newer}, [newer]
        while open_:
            sha = open_.pop()
            if sha == older:
                return True
            parents = [each for each in self._parents[sha] if each in self._place and each not in seen]
            nearer = [each for each in parents if self._place[each] <= limit]
            seen.update(nearer)
            open_ += nearer
        return False
