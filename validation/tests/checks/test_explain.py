"""Every rule says why it is one, and docs/rules.md says the same."""

import re
from pathlib import Path

import pytest

from leanrag.checks.explain import explained, main, page
from leanrag.checks.explanations import Explanation, explanations
from leanrag.checks.registry import ALL
from leanrag.checks.text import View
from leanrag.core import yamlio
from leanrag.core.errors import InputError, YamlError

ROOT = Path(__file__).parents[3]
BROKEN = Path(__file__).parent / "broken"
IDS = [check.id for check in ALL]


@pytest.mark.parametrize("rule", IDS)
def test_every_rule_says_why_and_shows_what_breaks_it_and_the_way_out(rule: str) -> None:
    words = explanations()[rule]
    assert len(words.why.split()) > 15
    assert words.broken.strip()
    assert words.instead.strip().endswith(".")
    assert "\n\n" not in words.why


def test_no_explanation_is_of_a_rule_that_is_gone() -> None:
    assert set(explanations()) == set(IDS)


@pytest.mark.parametrize("rule", [rule for rule in IDS if list(BROKEN.glob(f"{rule}-*.yaml"))])
def test_an_example_is_of_a_kind_that_a_fixture_of_the_rule_has(rule: str) -> None:
    shown = set(re.findall(r"^kind: \w+", explanations()[rule].broken, re.MULTILINE))
    assert all(any(kind in path.read_text() for path in BROKEN.glob(f"{rule}-*.yaml")) for kind in shown)


@pytest.mark.parametrize("rule", IDS)
def test_an_example_without_a_kind_names_its_file_or_says_what_it_is(rule: str) -> None:
    broken = explanations()[rule].broken
    if "kind:" in broken:
        return
    assert broken.startswith("# ")
    if rule == "FIL001":
        with pytest.raises(YamlError):
            yamlio.load_all(broken, rule)
    elif rule != "FIL002" and "{{" not in broken:
        yamlio.load_all(broken, rule)


def test_a_rule_is_explained_in_full() -> None:
    shown = explained("pod001", View())
    for part in ("POD001  Every pod", "broken:", "hostPath", "the way out:", 'leanrag.io/allow: "POD001: reason"'):
        assert part in shown
    assert "to leave it:\n  not possible" in explained("OBJ002", View())
    assert max(map(len, shown.splitlines())) <= 120


@pytest.mark.parametrize(("word", "hint"), [("POD01", "did you mean POD001"), ("nonsense", "rules are: ")])
def test_an_unknown_rule_is_bad_input_with_the_nearest_one(word: str, hint: str) -> None:
    with pytest.raises(InputError, match="no rule") as caught:
        explained(word, View())
    assert hint in caught.value.hint


def test_the_page_is_what_the_rules_say() -> None:
    assert (ROOT / "docs/rules.md").read_text() == page(), "run: python -m leanrag.checks.explain --write"


def test_an_old_page_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(tmp_path)]) == 1
    assert "--write" in capsys.readouterr().err
    assert main(["--root", str(tmp_path), "--write"]) == 0
    assert main(["--root", str(tmp_path)]) == 0


def test_an_explanation_has_no_key_that_nobody_reads() -> None:
    with pytest.raises(TypeError):
        Explanation(why="", broken="", instead="", exmpt=True)  # type: ignore[call-arg]
