"""What could not be asked about a protected cluster is no permission, and is asked again."""

from types import SimpleNamespace

from leanrag.catalog.commits import Commits
from leanrag.checks import run
from leanrag.core.errors import ToolError
from leanrag.core.git import Git
from leanrag.core.outcome import Outcome
from leanrag.promote.locked import held_back


def test_a_check_that_could_not_run_is_tried_again_and_an_answer_is_kept(shop, monkeypatch):
    commits, asked = Commits(Git(shop.remote)), []
    sound = SimpleNamespace(step=SimpleNamespace(outcome=Outcome.PASS), findings=())

    def check(*_):
        asked.append(1)
        if len(asked) == 1:
            raise ToolError("helm was killed")
        return sound

    monkeypatch.setattr(run, "check_repository", check)
    said = [held_back(commits, "prod", shop.first) for _ in range(3)]
    assert said == ["whether its images are locked cannot be told: helm was killed", "", ""]
    assert len(asked) == 2
