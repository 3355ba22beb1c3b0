"""The stand-in engine: real embeddings, extractive answers, OpenAI's wire format."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import requests

from leanrag.core.errors import InputError
from leanrag.rag.standin.extract import REFUSAL, reply
from leanrag.rag.standin.minilm import MiniLM
from leanrag.rag.standin.server import Engine

REFERENCE = json.loads((Path(__file__).parent / "minilm-reference.json").read_text())["samples"]
RESULTS = """file_search tool found 2 chunks:
BEGIN of file_search tool results.
[1] document_id: file-1, score: 0.75, attributes: {'team': 'b'} cite as <|file-1|>
# Backups
Database backups run nightly at 02:30 UTC and are kept for 35 days in the Kestrel bucket.
[2] document_id: file-2, score: 0.22, attributes: {'team': 'b'} cite as <|file-2|>
H100 nodes carry the taint nvidia.com/gpu=h100:NoSchedule. Ask the Merlin team for access.
END of file_search tool results.
The above results were retrieved to help answer the query: "How long are database backups kept?". Cite as <|file-x|>.
"""
TOOLS = [{"type": "function", "function": {"name": "file_search"}}]


def ask(question: str, results: str = RESULTS, cite: bool = True) -> str:
    said = [{"role": "user", "content": question}, {"role": "tool", "content": results}]
    return reply(said, TOOLS, cite).text


@pytest.mark.parametrize("sample", REFERENCE, ids=lambda sample: sample["text"][:20])
def test_embeddings_are_those_of_the_real_model(sample: dict[str, object], minilm: MiniLM) -> None:
    vector, tokens = minilm.embed(str(sample["text"]))
    assert tokens == sample["tokens"]
    assert float(np.dot(vector, np.asarray(sample["vector"], dtype=float))) > 0.9999
    assert abs(float(np.linalg.norm(vector)) - 1) < 1e-5


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no config\.json, tokenizer\.json, model\.safetensors"):
        MiniLM.load(tmp_path)


def test_it_searches_first_and_then_answers_with_its_source() -> None:
    first = reply([{"role": "user", "content": "How long are database backups kept?"}], TOOLS)
    assert (first.tool, json.loads(first.arguments)) == (
        "file_search",
        {"query": "How long are database backups kept?"},
    )
    assert ask("How long are database backups kept?").endswith("for 35 days in the Kestrel bucket <|file-1|>.")
    assert ask("Which taint do the H100 nodes have?").endswith("NoSchedule <|file-2|>.")


@pytest.mark.parametrize("question", ["Who is the chief executive?", "What is the price of an H100 node per hour?", ""])
def test_it_refuses_what_the_context_does_not_answer(question: str) -> None:
    assert ask(question) == REFUSAL


def test_it_does_not_quote_the_question_or_the_instructions() -> None:
    question = "How long are database backups kept?"
    empty = f"BEGIN of file_search tool results.\nEND of file_search tool results.\nquery: {question}"
    assert ask(question, empty) == REFUSAL


@pytest.fixture
def engine(minilm: MiniLM) -> Iterator[Engine]:
    served = Engine("127.0.0.1", 0, minilm).start()
    yield served
    served.shutdown()
    served.server_close()


def test_base64_and_float_embeddings_are_the_same_numbers(engine: Engine) -> None:
    asked = {"model": "minilm", "input": ["hello"], "dimensions": 384}
    floats = requests.post(f"{engine.url}/embeddings", json=asked, timeout=10).json()["data"][0]["embedding"]
    coded = requests.post(f"{engine.url}/embeddings", json={**asked, "encoding_format": "base64"}, timeout=10).json()
    decoded = np.frombuffer(base64.b64decode(coded["data"][0]["embedding"]), dtype="<f4")
    assert np.allclose(decoded, floats, atol=1e-7)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/chat/completions", '{"model": "other", "messages": [{"role": "user", "content": "x"}]}', 404),
        ("/chat/completions", '{"model": "extractive"}', 400),
        ("/chat/completions", "{", 400),
        ("/chat/completions", "[]", 400),
        ("/embeddings", '{"model": "minilm", "input": []}', 400),
        ("/embeddings", '{"model": "minilm", "input": "x", "dimensions": 64}', 400),
        ("/nothing", "{}", 404),
    ],
)
def test_a_bad_request_gets_the_status_of_a_real_engine(engine: Engine, path: str, body: str, status: int) -> None:
    given = requests.post(engine.url + path, data=body, timeout=10)
    assert (given.status_code, given.json()["error"]["code"]) == (status, status)


def test_a_stream_holds_the_same_text_as_the_whole_answer(engine: Engine) -> None:
    said = [{"role": "user", "content": "How long are database backups kept?"}, {"role": "tool", "content": RESULTS}]
    asked = {"model": "extractive", "messages": said}
    whole = requests.post(f"{engine.url}/chat/completions", json=asked, timeout=10).json()
    streamed = {**asked, "stream": True, "stream_options": {"include_usage": True}}
    lines = requests.post(f"{engine.url}/chat/completions", json=streamed, timeout=10).text.split("\n\n")
    chunks = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    text = "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"])
    assert text == whole["choices"][0]["message"]["content"]
    assert chunks[-1]["usage"] == whole["usage"]


def test_a_taken_port_is_one_sentence(engine: Engine) -> None:
    port = str(engine.server_address[1])
    argv = [sys.executable, "-m", "leanrag.rag.standin", "--port", port]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == f"error: cannot listen on 127.0.0.1:{port}: Address already in use"


def test_with_a_key_everything_but_health_asks_for_it() -> None:
    engine = Engine("127.0.0.1", 0).start()
    engine.api_key = "right"
    models, health = f"{engine.url}/models", engine.url.replace("/v1", "/health")
    try:
        assert requests.get(models, timeout=5).status_code == 401
        assert requests.get(models, headers={"Authorization": "Bearer wrong"}, timeout=5).status_code == 401
        assert requests.post(f"{engine.url}/chat/completions", json={}, timeout=5).status_code == 401
        assert requests.get(models, headers={"Authorization": "Bearer right"}, timeout=5).status_code == 200
        assert requests.get(health, timeout=5).status_code == 200
    finally:
        engine.shutdown()
        engine.server_close()
