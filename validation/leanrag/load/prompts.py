"""Prompts that no cache has seen, or that share what they are told to share: the same for the same seed."""

import csv
import hashlib
import io
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leanrag.load.arrivals import offsets
from leanrag.slo.objectives import Traffic
from leanrag.slo.shape import STEADY, Shape

# Short common words: one token each for the tokenizers of large models, up to two for small ones.
_TEXT = """
the of and to in is you that it he was for on are as with his they at be this have from or one had by word
but not what all were we when your can said there use an each which she do how their if will up other about
out many then them these so some her would make like him into time has look two more write go see number no
way could people my than first water been call who oil its now find long down day did get come made may part
"""
WORDS = tuple(_TEXT.split())
# About how many tokens the salt takes; it stands first, so that not even one block of a prefix cache is shared.
SALT_TOKENS = 8


@dataclass(frozen=True, slots=True)
class Ask:
    """One request as planned: `at` in seconds since the start, None when the load tool schedules it itself."""

    prompt: str
    output_tokens: int
    at: float | None = None


def seed_of(revision: str, run_id: str) -> int:
    """Return the seed of a run, under 2**31: another run of the same revision sends other prompts."""
    return int.from_bytes(hashlib.sha256(f"{revision}\n{run_id}".encode()).digest()[:4], "big") >> 1


def plan(traffic: Traffic, shape: Shape, seed: int) -> tuple[Ask, ...]:
    """Return all requests of a run, warm-up included."""
    return _asks(moments(traffic, shape, seed), lengths(traffic, shape, seed), shape, seed, seed)


def part(traffic: Traffic, shape: Shape, seed: int, first: int, count: int) -> tuple[Ask, ...]:
    """Return `count` requests of a run's plan from the index `first` on, as a run of its own.

    Moments, lengths and shared prefixes are the run's; all other words are new, so that nothing is asked twice.
    """
    times = moments(traffic, shape, seed)[first : first + count]
    sizes = lengths(traffic, shape, seed)[first : first + count]
    began = next((at for at in times if at is not None), 0.0)
    since = tuple(None if at is None else at - began for at in times)
    return _asks(since, sizes, shape, seed_of(str(seed), f"part {first}"), seed)


def _asks(
    times: Sequence[float | None], sizes: Sequence[tuple[int, int]], shape: Shape, seed: int, corpus: int
) -> tuple[Ask, ...]:
    return tuple(
        Ask(_asked(seed, corpus, index, tokens, shape), answer, at)
        for index, ((tokens, answer), at) in enumerate(zip(sizes, times, strict=True))
    )


def moments(traffic: Traffic, shape: Shape, seed: int) -> tuple[float | None, ...]:
    """Return when each request is sent, in seconds since the start; None: the load tool knows."""
    if traffic.rate is None or not shape.scheduled:
        return (None,) * traffic.sent
    return offsets(shape, traffic.rate, traffic.sent, seed)


def lengths(traffic: Traffic, shape: Shape, seed: int) -> tuple[tuple[int, int], ...]:
    """Return the tokens of each prompt and of its answer."""
    if shape.recording:
        return tuple((row.prompt_tokens, row.output_tokens) for row in shape.recording[: traffic.sent])
    draw = random.Random(f"lengths {seed}")
    return tuple(
        (_drawn(draw, traffic.prompt_tokens, shape.spread), _drawn(draw, traffic.output_tokens, shape.spread))
        for _ in range(traffic.sent)
    )


def _drawn(draw: random.Random, mean: int, spread: float) -> int:
    # exp(-s^2/2): the mean of a lognormal is then the declared one.
    return max(1, round(mean * draw.lognormvariate(-spread * spread / 2, spread))) if spread else mean


def prompts(seed: int, count: int, tokens: int) -> tuple[str, ...]:
    """Return `count` distinct prompts of about `tokens` tokens each."""
    return tuple(_asked(seed, seed, index, tokens, STEADY) for index in range(count))


def _asked(seed: int, corpus: int, index: int, tokens: int, shape: Shape) -> str:
    if shape.prefix is None:
        return _text(f"{seed}:{index}", tokens)
    shared, document = round(tokens * shape.prefix.share), document_of(shape, seed, index)
    # Documents are as long as the longest prompt needs, and a prompt takes their beginning, as it would of a cut one.
    head = _text(f"{corpus}/{document}", shared)
    return f"{head} {_text(f'{seed}:{index}', tokens - shared)}"


def document_of(shape: Shape, seed: int, index: int) -> int:
    """Return which shared prefix a prompt begins with: the second is asked for half as often as the first (Zipf)."""
    documents = shape.prefix.documents if shape.prefix else 1
    weights = [1.0 / (rank + 1) for rank in range(documents)]
    return random.Random(f"document {seed}:{index}").choices(range(documents), weights)[0]


def _text(name: str, tokens: int) -> str:
    salt = hashlib.sha256(name.encode()).hexdigest()[:12]
    draw = random.Random(salt)
    words = draw.choices(WORDS, k=max(1, tokens - SALT_TOKENS))
    return f"{salt} {' '.join(words)}"


def shared_share(traffic: Traffic, shape: Shape, seed: int) -> float:
    """Return the share of prompt tokens (0 to 1) that a prefix cache of any size could know from this run itself.

    What an engine reports is less: it keeps whole blocks only, and forgets.
    """
    if shape.prefix is None:
        return 0.0
    longest: dict[int, int] = {}
    known = total = 0
    for index, (tokens, _) in enumerate(lengths(traffic, shape, seed)):
        document, shared = document_of(shape, seed, index), round(tokens * shape.prefix.share)
        known += min(longest.get(document, 0), shared)
        total += tokens
        longest[document] = max(longest.get(document, 0), shared)
    return known / total


def as_csv(asks: Iterable[Ask]) -> str:
    """Return GuideLLM's csv_file: it asks for exactly `output_tokens_count` tokens, and for ignore_eos.

    Its replay profile sends each row at `relative_timestamp` seconds after the start (0.8.1, data/preprocessors/
    mappers.py); other profiles get no such column.
    """
    asked = tuple(asks)
    planned = bool(asked) and asked[0].at is not None
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("prompt", "output_tokens_count", *(("relative_timestamp",) if planned else ())))
    writer.writerows((one.prompt, one.output_tokens, *((one.at,) if planned else ())) for one in asked)
    return out.getvalue()
