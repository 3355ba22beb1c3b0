"""A small repository under Git whose chart `store` renders whatever a test writes."""

import shutil
import subprocess
from pathlib import Path

import pytest

REPOS = Path(__file__).parents[1] / "repos"
STORE = "charts/data/store/templates"


class Checkout:
    """The repository two-clusters: east is open, west is protected; both deploy chart `store` from overlays/blue."""

    def __init__(self, path: Path) -> None:
        self.path = path
        shutil.copytree(REPOS / "two-clusters", path)
        subprocess.run(["git", "init", "-q", "-b", "main", path], check=True)
        self.commit()

    def write(self, **files: str | None) -> None:
        """Write files, None removes one; a name without a folder is a template of the chart `store`."""
        for name, text in files.items():
            path = self.path / (name if "/" in name else f"{STORE}/{name}.yaml")
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def commit(self, **files: str | None) -> str:
        """Write files, commit all, return the SHA."""
        self.write(**files)
        identity = ("-c", "user.name=o", "-c", "user.email=o@x", "-c", "commit.gpgsign=false")
        for argv in (("add", "-A"), ("commit", "-q", "--allow-empty", "-m", "x")):
            subprocess.run(["git", "-C", self.path, *identity, *argv], check=True)
        return self.git("rev-parse", "HEAD")

    def git(self, *argv: str) -> str:
        done = subprocess.run(["git", "-C", self.path, *argv], check=True, capture_output=True, text=True)
        return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "repo")
