"""CI systems see the gate as tests: nothing but PASS looks green, and the XML is XML whatever the texts hold."""

from xml.etree import ElementTree

import pytest

from leanrag.report import junit


def parsed(document):
    return ElementTree.fromstring(junit.render(document))


def suite(root, name):
    return next(found for found in root if found.get("name") == name)


def test_counts_in_the_head_are_those_of_the_cases(sample):
    root = parsed(sample)
    for node in (root, *root):
        cases = node.findall(".//testcase")
        assert int(node.get("tests")) == len(cases)
        for plural, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(node.get(plural)) == len(node.findall(f".//{kind}"))


def test_a_pass_has_no_failure_and_no_error(verdict):
    root = parsed(verdict("pass"))
    assert (root.get("failures"), root.get("errors")) == ("0", "0")


def test_a_fail_is_a_failure_with_its_reason(verdict):
    document = verdict("fail-slow")
    whole = suite(parsed(document), "gate")[0]
    assert whole.find("failure").get("message") == document["reason"]


@pytest.mark.parametrize("outcome", ["INCONCLUSIVE", "NOT_RUN"])
def test_no_answer_is_an_error_not_a_skip(verdict, outcome):
    root = parsed(verdict("pass") | {"outcome": outcome})
    assert suite(root, "gate")[0].find("error") is not None


def test_steps_items_objectives_and_skips_are_cases(sample):
    root = parsed(sample)
    names = {case.get("name") for case in root.iter("testcase")}
    assert {item["name"] for step in sample["steps"] for item in step["items"]} <= names
    assert {"tiny-chat: TTFT p95", "tiny-chat: error rate", "converge"} <= names
    reasons = {case.find("skipped").get("message") for case in suite(root, "skipped")}
    assert reasons == {entry["why"] for entry in sample["skipped"]}


def test_a_step_that_was_not_run_is_skipped_with_its_reason(sample):
    converge = next(c for c in suite(parsed(sample), "gate") if c.get("name") == "converge")
    assert converge.find("skipped").get("message").startswith("local scope")


def test_texts_that_xml_forbids_do_not_break_it(verdict):
    document = verdict("pass")
    document["reason"] = 'a\x00b\x1b[31m<b>&"\ud800\ufffe'
    document["outcome"] = "FAIL"
    assert suite(parsed(document), "gate")[0].find("failure").get("message") == 'a b<b>&"'
