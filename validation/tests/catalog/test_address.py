"""`leanrag init --repo` changes the one place that names the repository, and nothing else."""

import shutil
from pathlib import Path

import pytest

from leanrag.catalog.address import set_address
from leanrag.core import yamlio
from leanrag.core.errors import InputError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "apps").mkdir()
    shutil.copy(ROOT / "apps/root.yaml", tmp_path / "apps/root.yaml")
    return tmp_path


@pytest.mark.parametrize("url", ["https://git.example.org/team/rag.git", "git@git.example.org:team/rag.git"])
def test_every_mention_follows_the_one_place(checkout: Path, url: str) -> None:
    old = yamlio.read(checkout / "apps/root.yaml")["items"][0]["spec"]["sourceRepos"][0]
    assert set_address(checkout, url)
    text = yamlio.dump(yamlio.read(checkout / "apps/root.yaml"))
    assert url in text
    assert old not in text


def test_the_same_address_again_changes_nothing(checkout: Path) -> None:
    set_address(checkout, "https://git.example.org/a.git")
    assert not set_address(checkout, "https://git.example.org/a.git")


@pytest.mark.parametrize("url", ["", "rag.git", "https://a b", 'https://x"y', "file:///etc"])
def test_what_argocd_cannot_clone_is_refused_and_nothing_is_written(checkout: Path, url: str) -> None:
    before = (checkout / "apps/root.yaml").read_text()
    with pytest.raises(InputError):
        set_address(checkout, url)
    assert (checkout / "apps/root.yaml").read_text() == before
