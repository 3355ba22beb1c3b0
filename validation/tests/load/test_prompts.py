"""What is sent: lengths as declared, prefixes shared as declared, and nothing else twice."""

from statistics import mean

import pytest

from leanrag.load import prompts
from leanrag.slo.objectives import Traffic
from leanrag.slo.shape import STEADY, Prefix, Recorded, Shape

TRAFFIC = Traffic("constant", 300, 200, 64, 30.0, 20, 120.0, rate=4.0)
RAG = Shape("poisson", prefix=Prefix(share=0.75, documents=8))


def test_a_plan_without_a_shape_is_what_was_always_sent() -> None:
    plan = prompts.plan(TRAFFIC, STEADY, 7)
    assert [ask.prompt for ask in plan] == list(prompts.prompts(7, 320, 200))
    assert {(ask.output_tokens, ask.at) for ask in plan} == {(64, None)}


def test_a_closed_loop_has_no_moments() -> None:
    closed = Traffic("concurrent", 300, 200, 64, 30.0, 20, 120.0, streams=4)
    assert {ask.at for ask in prompts.plan(closed, STEADY, 7)} == {None}


def test_mixed_lengths_keep_their_mean() -> None:
    many = Traffic("constant", 20_000, 200, 64, 30.0, 0, 9999.0, rate=4.0)
    found = prompts.lengths(many, Shape(spread=0.5), 7)
    assert mean(prompt for prompt, _ in found) == pytest.approx(200, rel=0.02)
    assert mean(answer for _, answer in found) == pytest.approx(64, rel=0.02)
    assert min(min(pair) for pair in found) >= 1 and len(set(found)) > 1000


def test_a_recording_gives_the_lengths() -> None:
    two = Traffic("constant", 2, 200, 64, 30.0, 0, 120.0, rate=4.0)
    shape = Shape("replay", recording=(Recorded(0, 100, 10), Recorded(3, 30, 40), Recorded(9, 1, 1)))
    found = prompts.plan(two, shape, 7)
    assert [(len(ask.prompt.split()) - 1 + prompts.SALT_TOKENS, ask.output_tokens) for ask in found] == [
        (100, 10),
        (30, 40),
    ]
    assert [ask.at for ask in found] == [0.0, 0.25]


def test_prompts_share_their_documents_and_nothing_else() -> None:
    plan = prompts.plan(TRAFFIC, RAG, 7)
    heads = {ask.prompt.split()[0] for ask in plan}
    assert len(heads) == 8
    assert len({ask.prompt for ask in plan}) == len(plan)
    shared = len(prompts.plan(TRAFFIC, RAG, 7)[0].prompt.split()) * 0.75
    one = [ask.prompt.split() for ask in plan if ask.prompt.startswith(min(heads))]
    assert len(one) > 1 and len({tuple(words[: int(shared) - prompts.SALT_TOKENS]) for words in one}) == 1


def test_a_shorter_prompt_begins_like_a_longer_one_of_its_document() -> None:
    plan = prompts.plan(TRAFFIC, Shape(prefix=Prefix(0.9, 1), spread=0.5), 7)
    short, long = (sorted((ask.prompt for ask in plan), key=len)[at] for at in (10, -1))
    same = 0
    for mine, other in zip(short.split(), long.split(), strict=False):
        if mine != other:
            break
        same += 1
    assert same > 0.7 * len(short.split())


def test_the_part_that_a_cache_could_know_is_told_before_the_run() -> None:
    assert prompts.shared_share(TRAFFIC, STEADY, 7) == 0.0
    # All but the first prompt of each of the 8 documents.
    assert prompts.shared_share(TRAFFIC, RAG, 7) == pytest.approx(0.75 * 312 / 320)


def test_parts_of_a_run_follow_its_plan_and_repeat_no_question() -> None:
    whole = prompts.plan(TRAFFIC, RAG, 7)
    first, second = (prompts.part(TRAFFIC, RAG, 7, at, 120) for at in (0, 100))
    assert [ask.at for ask in first] == pytest.approx([(ask.at or 0) - (whole[0].at or 0) for ask in whole[:120]])
    assert second[0].at == 0.0
    assert [ask.at for ask in second] == pytest.approx([(ask.at or 0) - (whole[100].at or 0) for ask in whole[100:220]])
    assert not {ask.prompt for ask in first} & {ask.prompt for ask in second}
    assert {ask.prompt.split()[0] for ask in second} <= {ask.prompt.split()[0] for ask in whole}


def test_a_planned_request_says_when_in_the_file_that_guidellm_reads() -> None:
    head, first, *_ = prompts.as_csv(prompts.plan(TRAFFIC, RAG, 7)).splitlines()
    assert head == "prompt,output_tokens_count,relative_timestamp"
    assert float(first.rpartition(",")[2]) == prompts.plan(TRAFFIC, RAG, 7)[0].at
    assert prompts.as_csv(prompts.plan(TRAFFIC, STEADY, 7)).startswith("prompt,output_tokens_count\r\n")
