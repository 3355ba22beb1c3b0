"""The edge to Git's remote: write pins, push without force, propose branches. What it is told was decided elsewhere."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from leanrag.core.git import Branch, Git, Pushed, Refused

MAIN = "main"
SEPARATE = 10
AUTHOR = ("leanrag promoter", "promoter@leanrag.invalid")


@dataclass(frozen=True, slots=True)
class Edit:
    """One commit to make: files by path, and the message."""

    files: Mapping[str, str | None]
    message: str


@dataclass(frozen=True, slots=True)
class Desk:
    """Who writes, and where; without an author it is the user of the machine, who signs as always."""

    git: Git
    author: tuple[str, str] | None = AUTHOR
    signing_key: Path | None = None

    def push(self, base: str, edits: Iterable[Edit]) -> Pushed | Refused:
        """Put commits on top of a commit of main and push them at once: all of them arrive, or none."""
        return self.git.push(self._stack(base, edits), MAIN)

    def propose(self, base: str, edit: Edit, branch: str, overtaken: Branch | None) -> Pushed | Refused:
        """Push one commit as a branch; an overtaken branch of that name goes first."""
        if overtaken and not self.git.remove_branch(branch, overtaken.sha):
            return Refused(f"{branch} was overtaken, and somebody changed it; remove it by hand")
        return self.git.push(self._stack(base, (edit,)), branch)

    def withdraw(self, branch: Branch) -> bool:
        """Remove a branch unless somebody has added to it."""
        return self.git.remove_branch(branch.name, branch.sha)

    def _stack(self, base: str, edits: Iterable[Edit]) -> str:
        sha = base
        for edit in _few(tuple(edits)):
            sha = self.git.commit_files(sha, edit.files, edit.message, self.author, self.signing_key)
        return sha


def _few(edits: tuple[Edit, ...]) -> tuple[Edit, ...]:
    """Put many edits into one commit: a thousand clusters that move at once must not take a thousand commits' time."""
    if len(edits) <= SEPARATE:
        return edits
    files = {path: text for edit in edits for path, text in edit.files.items()}
    titles = "\n".join(edit.message.splitlines()[0] for edit in edits)
    return (Edit(files, f"promote: {len(edits)} clusters\n\n{titles}"),)
