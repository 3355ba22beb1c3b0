"""`leanrag status` without a cluster: pins, how far main is ahead, what is broken; one broken file is one line."""

from pathlib import Path

import pytest

from leanrag.core.errors import InputError
from leanrag.core.git import Git
from leanrag.operate.commands import show_status

from .conftest import Repo, facts
from .looking import NOW, status, text


def test_git_alone_tells_pins_and_how_much_of_main_matters(repo: Repo) -> None:
    repo.commit({"README.md": "# new\n"}, "docs: a word")
    repo.commit({"overlays/staging/rag/rag-stack.yaml": "replicas: 2\n"}, "feat: two")
    repo.commit({"overlays/prod/rag/rag-stack.yaml": "replicas: 4\n"}, "feat: four")
    code, rows = status(repo)
    assert code == 1
    assert rows["dev"]["state"] == "ok" and rows["prod"]["state"] == "empty"
    assert rows["staging"]["state"] == "behind"
    # Three pins, a word, staging's change and prod's: one of them changes what staging renders.
    assert rows["staging"]["ahead"] == {"commits": 6, "relevant": 1, "same": False, "more": False}
    assert rows["staging"]["verdict"] is None and "clusters were not asked" in text(repo)


def test_commits_that_change_nothing_here_leave_a_cluster_where_it_should_be(repo: Repo) -> None:
    repo.pin("prod", repo.git("rev-parse", "HEAD"), follows="staging")
    repo.commit({"README.md": "# new\n", "charts/rag/rag-stack/README.md": "# x\n"}, "docs: a word")
    code, rows = status(repo)
    assert code == 0
    assert {row["state"] for row in rows.values()} == {"ok"}
    assert rows["staging"]["ahead"]["relevant"] == 0 and rows["staging"]["ahead"]["commits"] > 0


@pytest.mark.parametrize("name", ["release.yaml", "cluster.yaml"])
def test_a_malformed_file_is_one_line_and_the_others_are_told(repo: Repo, name: str) -> None:
    repo.commit({f"clusters/staging/{name}": "release: [\n"})
    code, rows = status(repo)
    assert code == 1 and rows["staging"]["state"] == "broken" and rows["dev"]["state"] == "ok"
    assert any(name in problem for problem in rows["staging"]["problems"])
    assert "staging: broken: " in text(repo)


def test_a_pin_that_main_does_not_contain_is_told(repo: Repo) -> None:
    repo.pin("staging", "d" * 40, follows="dev")
    _, rows = status(repo)
    assert "no commit of main" in rows["staging"]["problems"][0]


def test_a_circle_of_followers_is_told_without_asking_any_cluster(repo: Repo) -> None:
    repo.pin("staging", repo.git("rev-parse", "HEAD"), follows="prod")
    _, rows = status(repo)
    assert "follows itself" in rows["staging"]["problems"][0]


def test_holds_and_freezes_are_told(repo: Repo) -> None:
    pin = repo.git("rev-parse", "HEAD")
    hold = {"revisions": ["e" * 40], "reason": "slow", "by": "op", "since": "2026-11-20T00:00:00Z"}
    repo.pin("staging", pin, follows="dev", hold=hold)
    window = {"schedule": "0 0 * * *", "duration": "23h", "reason": "the fair"}
    repo.commit({"clusters/prod/cluster.yaml": facts("prod", freeze=[window])})
    _, rows = status(repo)
    assert rows["staging"]["state"] == "held" and "leanrag release staging" in rows["staging"]["holds"][0]
    assert rows["prod"]["state"] == "frozen" and "the fair" in rows["prod"]["freeze"][0]


def test_one_cluster_can_be_asked_for_and_an_unknown_one_is_an_error(repo: Repo) -> None:
    _, told = show_status(Git(repo.root), None, None, {}, "staging", "text", NOW)
    assert "staging" in told and "dev  " not in told
    with pytest.raises(InputError):
        show_status(Git(repo.root), None, None, {}, "berlin", "text", NOW)


def test_origin_counts_before_a_branch_of_ones_own(repo: Repo, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    repo.git("clone", "-q", str(repo.root), str(clone))
    behind = Repo(clone)
    behind.git("-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "--allow-empty", "-m", "mine, not pushed")
    _, told = show_status(Git(clone), None, None, {}, None, "text", NOW)
    assert "(origin/main)" in told and "mine" not in told
