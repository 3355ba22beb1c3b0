"""Prompts that no cache has seen: random words behind a salt, the same for the same seed."""

import csv
import hashlib
import io
import random
from collections.abc import Iterable

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


def seed_of(revision: str, run_id: str) -> int:
    """Return the seed of a run, under 2**31: another run of the same revision sends other prompts."""
    return int.from_bytes(hashlib.sha256(f"{revision}\n{run_id}".encode()).digest()[:4], "big") >> 1


def prompts(seed: int, count: int, tokens: int) -> tuple[str, ...]:
    """Return `count` distinct prompts of about `tokens` tokens each."""
    return tuple(_prompt(seed, index, tokens) for index in range(count))


def _prompt(seed: int, index: int, tokens: int) -> str:
    salt = hashlib.sha256(f"{seed}:{index}".encode()).hexdigest()[:12]
    draw = random.Random(salt)
    words = draw.choices(WORDS, k=max(1, tokens - SALT_TOKENS))
    return f"{salt} {' '.join(words)}"


def as_csv(texts: Iterable[str], output_tokens: int) -> str:
    """Return GuideLLM's csv_file: with the second column it asks for exactly so many tokens, and for ignore_eos."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("prompt", "output_tokens_count"))
    writer.writerows((text, output_tokens) for text in texts)
    return out.getvalue()
