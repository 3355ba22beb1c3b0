"""The shared tables of charts/common/values.yaml: GPUs, architectures, engines."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from leanrag.catalog.repository import nearest, parse
from leanrag.core import yamlio
from leanrag.core.errors import InputError

FILE = Path("charts/common/values.yaml")
Row = TypeVar("Row")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Gpu(_Strict):
    """One GPU: memory that CUDA gives (GiB), bandwidth (GB/s), dense TFLOPS by type; None or absent: not known."""

    memoryGiB: float = Field(gt=0)  # noqa: N815 - a key of the table
    bandwidthGBs: float | None = None  # noqa: N815
    tflops: Mapping[str, float] = {}


class Architecture(_Strict):
    """The shape of a model; parameters in billions. The comments in the table say what each key is."""

    parametersB: float = Field(gt=0)  # noqa: N815
    linearB: float = Field(gt=0)  # noqa: N815
    layers: int = Field(gt=0)
    heads: int = Field(gt=0)
    kvHeads: int = Field(default=0, ge=0)  # noqa: N815
    kvLatent: int = Field(default=0, ge=0)  # noqa: N815
    headDim: int = Field(gt=0)  # noqa: N815
    hidden: int = Field(gt=0)
    intermediate: int = Field(gt=0)
    vocabulary: int = Field(gt=0)
    maxModelLen: int = Field(gt=0)  # noqa: N815
    activeB: float | None = None  # noqa: N815
    expertsPerToken: int = 0  # noqa: N815


class Tables(_Strict):
    """All three tables; `engines` is vLLM's version by image."""

    gpus: Mapping[str, Gpu] = {}
    architectures: Mapping[str, Architecture] = {}
    engines: Mapping[str, str] = {}

    def gpu(self, product: str) -> Gpu:
        """Return a GPU by its node label; an unknown one is an InputError with the near match."""
        return _row(self.gpus, bare(product), "GPU", "its key is the node label nvidia.com/gpu.product")

    def architecture(self, name: str) -> Architecture:
        """Return the architecture of that key, or whose key a model's name begins with; else an InputError."""
        found = self.guess(name)
        return found or _row(self.architectures, name, "architecture", "add its shape, from its config.json")

    def version(self, image: str) -> str:
        """Return vLLM's version in an image (`registry/name:tag`), or "" when no source says it.

        Upstream's images are called by it (vllm/vllm-openai:v0.11.2); our own are found in any registry.
        """
        name = image.partition("@")[0]
        found = self.engines.get(name) or self.engines.get(name.rpartition("/")[2])
        upstream = re.search(r"vllm/vllm-openai[a-z-]*:v?(\d+\.\d+\.\d+)", name)
        return found or (upstream[1] if upstream else "")

    def guess(self, *names: str) -> Architecture | None:
        """Return the architecture with the longest key that begins a model's name (its last path part), or None."""
        for name in names:
            word = name.rstrip("/").rpartition("/")[2].partition(":")[0].lower()
            keys = [key for key in self.architectures if word == key or word.startswith(key + "-")]
            if keys:
                return self.architectures[max(keys, key=len)]
        return None


@cache
def tables(root: Path) -> Tables:
    """Read the tables of a checkout; InputError when the file is missing or has another form."""
    path = root / FILE
    return parse(Tables, yamlio.read(path), path)


def bare(product: str) -> str:
    """Return a product label without what GPU feature discovery adds when a GPU is shared."""
    return product.removesuffix("-SHARED").partition("-MIG-")[0]


def _row(rows: Mapping[str, Row], name: str, what: str, hint: str) -> Row:
    if name in rows:
        return rows[name]
    near = nearest(name.lower(), [key.lower() for key in rows])
    meant = next((key for key in rows if key.lower() == near), None)
    raise InputError(
        f"no {what} {name!r} in {FILE}" + (f"; did you mean {meant!r}?" if meant else ""),
        hint=f"known are: {', '.join(rows)}; or {hint}",
    )
