"""Open a pull request at GitHub, GitLab, Gitea or Forgejo. Without a forge the branch waits, and people open it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import requests

from leanrag.core.errors import UnreachableError
from leanrag.core.files import read_text

TIMEOUT = (5, 30)  # seconds to connect, seconds to answer
KINDS = ("github", "gitlab", "gitea", "forgejo")


@dataclass(frozen=True, slots=True)
class Forge:
    """A forge: its kind, the address of its API without path ("https://api.github.com"), "owner/name", a token file."""

    kind: str
    url: str
    repository: str
    token: Path

    def open(self, branch: str, base: str, title: str) -> None:
        """Ask for a pull request; one that is open for this branch already is fine. UnreachableError otherwise."""
        path, header, body = _REQUESTS[self.kind](self.repository, branch, base, title)
        name, form = header
        secret = read_text(self.token).strip()
        headers = {name: form.format(secret), "Accept": "application/json"}
        try:
            answer = requests.post(
                f"{self.url.rstrip('/')}{path}", json=body, headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
        except requests.RequestException as error:
            raise UnreachableError(f"{self.url}: {type(error).__name__}", hint="look at the forge") from None
        exists = answer.status_code == 409 or (answer.status_code == 422 and "already exists" in answer.text)
        if not exists and answer.status_code not in (200, 201):
            raise UnreachableError(
                f"{self.url}{path}: {answer.status_code} {answer.text[:200]}", hint="look at the token's rights"
            )


_Request = tuple[str, tuple[str, str], Mapping[str, str]]


def _github(repository: str, branch: str, base: str, title: str) -> _Request:
    """docs.github.com, REST API 2022-11-28, "Create a pull request"."""
    body = {"title": title, "head": branch, "base": base}
    return f"/repos/{repository}/pulls", ("Authorization", "Bearer {}"), body


def _gitlab(repository: str, branch: str, base: str, title: str) -> _Request:
    """docs.gitlab.com, API v4, "Create MR"; a project may be named by its path with %2F."""
    body = {"title": title, "source_branch": branch, "target_branch": base}
    return f"/api/v4/projects/{quote(repository, safe='')}/merge_requests", ("PRIVATE-TOKEN", "{}"), body


def _gitea(repository: str, branch: str, base: str, title: str) -> _Request:
    """Gitea and Forgejo, API v1, CreatePullRequestOption."""
    body = {"title": title, "head": branch, "base": base}
    return f"/api/v1/repos/{repository}/pulls", ("Authorization", "token {}"), body


_REQUESTS: Mapping[str, Callable[[str, str, str, str], _Request]] = {
    "github": _github,
    "gitlab": _gitlab,
    "gitea": _gitea,
    "forgejo": _gitea,
}
