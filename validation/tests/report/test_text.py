"""A terminal shows the outcome first, then why, and cannot be controlled by what a model wrote."""

import pytest

from leanrag.report import text, words


def test_outcome_and_reason_are_the_first_two_lines(sample):
    first, second, *_ = text.render(sample).splitlines()
    assert first.startswith(sample["outcome"] + "  (cluster local, scope local, commit 3f9c2d7a41be")
    assert second == sample["reason"]


def test_steps_objectives_and_skips_are_listed(sample):
    shown = text.render(sample)
    for step in sample["steps"]:
        assert f" {step['name']} " in shown
    assert "TTFT p95" in shown
    assert "local scope: there is no Argo CD" in shown
    assert "answer-gpu" in shown


def test_a_local_pass_says_that_promotion_refuses_it(verdict):
    assert "promotion does not accept it" in " ".join(text.render(verdict("pass")).split())
    assert "promotion does not accept it" not in text.render(verdict("pass") | {"scope": "cluster"})


def test_every_case_that_failed_is_named_not_only_the_first(verdict):
    document = verdict("fail-slow")
    for item in document["steps"][2]["items"][:2]:
        item |= {"outcome": "FAIL", "reason": f"{item['name']} broke"}
    shown = text.render(document)
    assert "the service is ready broke" in shown
    assert "corpus broke" in shown


def test_lines_stay_within_the_width(sample):
    assert max(map(len, text.render(sample).splitlines())) <= text.WIDTH


def test_without_objectives_there_is_no_empty_table(verdict):
    assert "objective  " not in text.render(verdict("pass") | {"objectives": []})


def test_escape_sequences_do_not_reach_the_terminal(verdict):
    document = verdict("pass") | {"reason": "ok\x1b]0;title\x07\x1b[2J\x1b[1;31mred\x9b31m\u202egnp"}
    shown = text.render(document)
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert "okred" in shown


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (1382.26, "ms", "1,382 ms"),
        (0.5617, "s", "0.562 s"),
        (11.13, "ms", "11.1 ms"),
        (0.0123, "share", "1.23 %"),
        (0.99999, "share", "> 99.9 %"),
        (0.0002, "share", "< 0.1 %"),
        (0, "ms", "0 ms"),
        (None, "ms", "–"),
    ],
)
def test_numbers_have_units_and_three_digits(value, unit, told):
    assert words.quantity(value, unit) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0.0 s"),
        (0.02, "20 ms"),
        (0.4, "0.4 s"),
        (42.4, "42 s"),
        (59.7, "1 min"),
        (185, "3 min 5 s"),
        (3720, "1 h 2 min"),
    ],
)
def test_durations_are_written_as_people_say_them(seconds, told):
    assert words.duration(seconds) == told


def test_impossible_moments_are_shown_not_raised():
    assert words.moment("2026-02-31T00:00:00Z") == "2026-02-31T00:00:00Z"
    assert words.elapsed({"start": "2026-02-31T00:00:00Z", "end": "x"}) == 0.0
