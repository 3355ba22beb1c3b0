"""What holds a commit back from a protected cluster: it is not sound there, or no registry told an image's digest."""

from functools import lru_cache

from leanrag.catalog.commits import Commits
from leanrag.catalog.export import exported
from leanrag.catalog.repository import Repository
from leanrag.core.errors import LeanragError
from leanrag.core.outcome import Outcome

_KEPT = 64


def held_back(commits: Commits, cluster: str, sha: str) -> str:
    """Return why a commit may not run on a protected cluster, an empty text when nothing is in the way.

    The cluster is rendered as it would be at this commit; what cannot be asked is no permission, and is asked again.
    """
    try:
        return _judged(commits, cluster, sha)
    except LeanragError as error:
        return f"whether its images are locked cannot be told: {error.message}"


@lru_cache(maxsize=_KEPT)
def _judged(commits: Commits, cluster: str, sha: str) -> str:
    from leanrag.checks.run import check_repository  # only protected clusters pay for it

    with exported(commits.git, sha) as folder:
        run = check_repository(Repository(folder), (cluster,))
    if run.step.outcome is not Outcome.PASS:
        return f"leanrag check --cluster {cluster} says {run.step.outcome}: {run.step.reason}"
    found = [each for each in run.findings if each.holds]  # IMG003
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{found[0].message}{more}; {found[0].fix}" if found else ""
