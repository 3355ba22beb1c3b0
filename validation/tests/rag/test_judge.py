"""The decisions, without a service."""

from typing import Any

import pytest

from leanrag.core.outcome import Outcome
from leanrag.core.result import Item
from leanrag.rag import judge
from leanrag.rag.client import Answer, Hit
from leanrag.rag.http import Reply, ServiceError
from leanrag.rag.runner import READY, conclude
from leanrag.rag.stream import events

HIT = Hit("a.md", "alpha", 0.9)


@pytest.mark.parametrize(
    "text",
    [
        "I do not know.",
        "I don't know the answer to that.",
        "The documents do not mention a price.",
        "I could not find this in the search results.",
        "There is no information about it.",
        "Unfortunately I am unable to answer that from the context.",
    ],
)
def test_a_refusal_in_other_words_is_a_refusal(text: str) -> None:
    assert judge.answer(Answer(text, (), (HIT,)), {"refuses": True})[0] == ()


@pytest.mark.parametrize("text", ["It costs 4 euros.", "Ada Lovelace leads the company.", "Yes."])
def test_an_answer_is_not_a_refusal(text: str) -> None:
    assert judge.answer(Answer(text, (), (HIT,)), {"refuses": True})[0] != ()


def test_a_right_answer_that_was_not_looked_up_does_not_pass() -> None:
    never, nothing = Answer("alpha", ("a.md",), None), Answer("alpha", ("a.md",), ())
    assert judge.answer(never, {"text": ["alpha"]})[0] == ("the model never searched",)
    assert "silently empty" in judge.answer(nothing, {"text": ["alpha"]})[0][0]


def test_a_marker_in_the_text_is_found() -> None:
    leaked = Answer("alpha <|c1e8f6a1-a04a|>.", ("a.md",), (HIT,))
    assert judge.answer(leaked, {"withoutMarkers": True})[0] == ("a raw citation marker is left in the text",)


def test_no_results_never_pass_whatever_was_expected() -> None:
    for expect in ({"top": "a.md"}, {"only": ["a.md"]}, {"text": ["alpha"]}):
        assert "silently empty" in judge.search((), expect)[0][0]


def test_dimensions_that_differ_or_are_not_said_are_problems() -> None:
    assert judge.dimension({"contract": 384, "embeddings": 384})[0] == ()
    assert "differ" in judge.dimension({"contract": 384, "embeddings": 768})[0][0]
    assert judge.dimension({"contract": 384, "store": None})[0] == ("store does not say its dimension",)


def _chunk(**more: Any) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "choices": [], **more}


WORD = _chunk(choices=[{"delta": {"content": "hello"}}])
END = _chunk(choices=[{"delta": {}, "finish_reason": "stop"}])
USAGE = _chunk(usage={"prompt_tokens": 1, "completion_tokens": 1})


@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        ([END, USAGE], "no text"),
        ([WORD, USAGE], "0 finish reasons"),
        ([WORD, END, END, USAGE], "2 finish reasons"),
        ([WORD, END], "usage without"),
        ([WORD, END, _chunk(usage={"prompt_tokens": 0, "completion_tokens": 1})], "usage without"),
    ],
)
def test_a_malformed_chat_stream_is_found(chunks: list[dict[str, Any]], words: str) -> None:
    assert judge.chat_stream([WORD, END, USAGE], {"usage": True, "finish": ["stop"]})[0] == ()
    assert words in "; ".join(judge.chat_stream(chunks, {"usage": True, "finish": ["stop"]})[0])


def _responses() -> list[dict[str, Any]]:
    part = {"type": "output_text", "text": "hello you"}
    body = {"output": [{"type": "message", "content": [part]}], "usage": {"input_tokens": 1, "output_tokens": 2}}
    kinds = ["response.created", "response.output_text.delta", "response.output_text.delta", "response.completed"]
    found: list[dict[str, Any]] = [{"type": kind, "sequence_number": number} for number, kind in enumerate(kinds)]
    found[1]["delta"], found[2]["delta"], found[3]["response"] = "hello ", "you", body
    return found


EXPECT = {
    "order": ["response.created", "response.output_text.delta", "response.completed"],
    "sameText": True,
    "usage": True,
}


def test_a_whole_responses_stream_passes_and_each_defect_is_found() -> None:
    assert judge.responses_stream(_responses(), EXPECT)[0] == ()
    lost, swapped, cut, repeated = (_responses() for _ in range(4))
    lost[1]["delta"] = ""
    swapped[0], swapped[1] = swapped[1], swapped[0]
    repeated[2]["sequence_number"] = 1
    assert judge.responses_stream(lost, EXPECT)[0] == ("the deltas put together are not the final text",)
    assert judge.responses_stream(repeated, EXPECT)[0] == ("sequence numbers do not rise",)
    assert "sequence numbers do not rise" in judge.responses_stream(swapped, EXPECT)[0]
    assert any("cut or failed" in one for one in judge.responses_stream(cut[:-1], EXPECT)[0])


@pytest.mark.parametrize(
    ("reason", "sound"), [("length", True), ("max_output_tokens", True), ("content_filter", False)]
)
def test_a_stream_may_run_into_its_token_limit_and_into_nothing_else(reason: str, sound: bool) -> None:
    ended = _responses()
    ended[-1]["type"] = "response.incomplete"
    ended[-1]["response"] |= {"status": "incomplete", "incomplete_details": {"reason": reason}}
    assert (judge.responses_stream(ended, EXPECT)[0] == ()) is sound


def test_events_survive_line_separators_inside_a_text() -> None:
    body = 'data: {"delta": "a\u2028b\u0085c"}\r\n\r\ndata: [DONE]\n\n'.encode()
    assert events(Reply(200, "text/event-stream; charset=utf-8", body)) == ({"delta": "a\u2028b\u0085c"},)


@pytest.mark.parametrize(
    ("status", "kind", "body", "words"),
    [
        (200, "application/json", b"{}", "instead of text/event-stream"),
        (500, "text/event-stream", b"", "HTTP 500"),
        (200, "text/event-stream", b"", "empty stream"),
        (200, "text/event-stream", b"data: {broken\n\n", "not JSON"),
        (200, "text/event-stream", b'data: {"error": {"message": "no"}}\n\n', "carries an error"),
    ],
)
def test_what_is_no_stream_is_refused(status: int, kind: str, body: bytes, words: str) -> None:
    with pytest.raises(ServiceError, match=words):
        events(Reply(status, kind, body))


def _items(*outcomes: Outcome) -> list[Item]:
    return [Item(READY, Outcome.PASS, ""), *(Item(f"case-{n}", one, "why") for n, one in enumerate(outcomes))]


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ((Outcome.PASS, Outcome.PASS), Outcome.PASS),
        ((Outcome.PASS, Outcome.NOT_RUN), Outcome.PASS),
        ((Outcome.NOT_RUN, Outcome.NOT_RUN), Outcome.INCONCLUSIVE),
        ((), Outcome.INCONCLUSIVE),
        ((Outcome.PASS, Outcome.INCONCLUSIVE), Outcome.INCONCLUSIVE),
        ((Outcome.INCONCLUSIVE, Outcome.FAIL, Outcome.PASS), Outcome.FAIL),
    ],
)
def test_a_step_is_no_better_than_its_cases(outcomes: tuple[Outcome, ...], expected: Outcome) -> None:
    assert conclude(_items(*outcomes))[0] is expected


def test_skipped_cases_are_counted_and_never_as_passed() -> None:
    reason = conclude(_items(Outcome.PASS, Outcome.NOT_RUN, Outcome.NOT_RUN))[1]
    assert reason == "2 of 2 passed, 2 skipped"


def test_a_bad_request_that_holds_up_the_service_is_found() -> None:
    refused, health = Reply(400, "", b""), Reply(200, "", b"")
    assert judge.recovery(refused, health, 0.1, {"healthWithin": 3})[0] == ()
    assert "holds up everybody" in judge.recovery(refused, health, 5.6, {"healthWithin": 3})[0][0]
    assert judge.recovery(health, health, 0.1, {"healthWithin": 3})[0] != ()
