"""Cases as data: what is refused, and that everything wrong is said at once."""

from pathlib import Path

import pytest

from leanrag.core.errors import InputError
from leanrag.rag.case import BUILT_IN, load_suite
from leanrag.rag.kinds import KINDS
from leanrag.rag.target import CAPABILITIES

INVALID = Path(__file__).parent / "cases-invalid"
SAYS = {
    "unknown-key": "case 'one': expect: Additional properties are not allowed ('topp' was unexpected)",
    "no-proof": "case 'one': 'proves' is a required property",
    "nothing-to-check": "case 'one': expect: {} should be non-empty",
    "unknown-document": "case 'one': no document 'b.md' in the corpus",
    "search-without-corpus": "case 'one': a search case needs documents",
    "same-name-twice": "case 'one' is given 2 times",
    "unknown-kind": "case 'one': kind: 'serach' is not one of",
    "document-outside-the-folder": "document 'a.md': ../no-proof/cases.yaml: outside the folder of the cases",
    "document-missing": "document 'a.md': nowhere.md: cannot be read: No such file or directory",
    "cites-and-refuses": "case 'one': expect: ",
    "expects-a-server-error": "case 'one': expect.status.0: 500 is greater than the maximum of 499",
    "two-problems-at-once": "case 'one': proves: ",
}


@pytest.mark.parametrize("defect", sorted(path.name for path in INVALID.iterdir()))
def test_a_folder_with_a_defect_is_refused_with_its_place(defect: str) -> None:
    with pytest.raises(InputError) as caught:
        load_suite(INVALID / defect)
    assert SAYS[defect] in str(caught.value)
    assert str(INVALID / defect) in str(caught.value)


def test_all_problems_are_said_at_once() -> None:
    with pytest.raises(InputError) as caught:
        load_suite(INVALID / "two-problems-at-once")
    said = str(caught.value).splitlines()
    assert len(said) == 2
    assert "case 'two': input.mode: 'psychic' is not one of" in said[1]


def test_a_folder_without_cases_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(InputError, match=r"no \*\.yaml files"):
            load_suite(folder)


def test_the_built_in_cases_ask_what_they_must() -> None:
    suite = load_suite(BUILT_IN)
    assert len(suite.documents) == 5
    assert {case.kind for case in suite.cases} == set(KINDS)
    tops = {
        (case.input["mode"], case.expect["top"])
        for case in suite.cases
        if case.kind == "search" and "top" in case.expect
    }
    assert tops == {(mode, one.name) for mode in ("vector", "keyword", "hybrid") for one in suite.documents}
    assert sum("refuses" in case.expect for case in suite.cases) == 2
    asked = {code for case in suite.cases if case.kind == "status" for code in case.expect["status"]}
    assert asked >= {400, 401, 404}
    assert {need for case in suite.cases for need in case.needs} == set(CAPABILITIES)


def test_what_a_case_needs_follows_from_what_it_asks() -> None:
    needs = {case.name: case.needs for case in load_suite(BUILT_IN).cases}
    assert needs["keyword-gpu"] == ("keyword",)
    assert needs["filter-team"] == ("vector", "filters")
    assert needs["answer-gpu"] == ("vector", "answering")
    assert needs["status-401-wrong-key"] == ("auth",)
    assert needs["models-listed"] == ()


def test_a_changed_corpus_has_another_fingerprint(tmp_path: Path) -> None:
    def fingerprint(text: str, team: str) -> str:
        documents = f"documents: {{a.md: {{text: {text}, attributes: {{team: {team}}}}}}}\n"
        case = "{name: one, proves: It is found., kind: search, input: {query: a, mode: vector}, expect: {top: a.md}}"
        (tmp_path / "cases.yaml").write_text(f"{documents}cases: [{case}]\n")
        return load_suite(tmp_path).fingerprint

    assert fingerprint("alpha", "a") == fingerprint("alpha", "a")
    assert len({fingerprint("alpha", "a"), fingerprint("beta", "a"), fingerprint("alpha", "b")}) == 3
