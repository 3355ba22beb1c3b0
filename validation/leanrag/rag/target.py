"""What is tested: one RAG API, as its chart publishes it in `rag.json` of the ConfigMap `rag-stack-contract`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from leanrag.core.errors import InputError

_Text = Annotated[str, StringConstraints(min_length=1)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Models(_Closed):
    chat: _Text
    embedding: _Text


class _Chunk(_Closed):
    sizeTokens: Annotated[int, Field(ge=1)]  # noqa: N815 - the contract's name
    overlapTokens: Annotated[int, Field(ge=0)]  # noqa: N815 - the contract's name


class _Auth(_Closed):
    mode: _Text
    secretName: str  # noqa: N815 - the contract's name
    secretKey: str  # noqa: N815 - the contract's name


class _Contract(_Closed):
    api: Literal["llamastack", "ogx"]
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^/\s]+")]
    vectorStore: _Text  # noqa: N815 - the contract's name
    provider: _Text
    models: _Models
    dimension: Annotated[int, Field(ge=1)]
    searchModes: tuple[Literal["vector", "keyword", "hybrid"], ...]  # noqa: N815 - the contract's name
    filters: bool
    chunk: _Chunk
    asyncAttach: bool  # noqa: N815 - the contract's name
    auth: _Auth | None


@dataclass(frozen=True, slots=True)
class Target:
    """One RAG API and what it promises.

    `url` has no path; `dimension` counts floats a vector; `chunk_tokens` and `chunk_overlap` count tokens. `answering`:
    the chat model can read, cite and refuse (a tiny random model cannot). `ca` is a PEM file for https.
    """

    url: str
    api: str
    provider: str
    chat_model: str
    embedding_model: str
    dimension: int
    vector_store: str = ""
    search_modes: tuple[str, ...] = ("vector",)
    filters: bool = False
    chunk_tokens: int = 512
    chunk_overlap: int = 50
    has_auth: bool = False
    answering: bool = False
    api_key: str = field(default="", repr=False)
    ca: str = ""

    def lacks(self, capability: str) -> str:
        """Return why a case that needs `capability` cannot run here, or "" when it can."""
        if capability in ("vector", "keyword", "hybrid"):
            missing = capability not in self.search_modes
            return f"the contract of {self.vector_store or self.provider} has no {capability} search" if missing else ""
        reasons = {
            "filters": (self.filters, f"the contract of {self.vector_store or self.provider} has no metadata filters"),
            "answering": (
                self.answering,
                f"{self.chat_model} is not an answering model: it can neither cite nor refuse",
            ),
            "auth": (self.has_auth, "the contract declares no authentication"),
            # ogx 1.5.0 utils.py CITATION_MARKER_REGEX wants file-…, its search results carry document ids (UUIDs)
            "markers": (self.api == "llamastack", "OGX 1.5.0 does not recognise its own citation markers"),
        }
        present, reason = reasons[capability]
        return "" if present else reason


CAPABILITIES = ("vector", "keyword", "hybrid", "filters", "answering", "auth", "markers")


def parse_contract(text: str, source: str, *, url: str = "", api_key: str = "", answering: bool = False) -> Target:
    """Read `rag.json`; `url` overrides its address (a port-forward). All problems come in one InputError."""
    try:
        data: Any = json.loads(text)
    except ValueError as error:
        raise InputError(f"{source}: not JSON: {error}", hint="give data rag.json of rag-stack-contract") from None
    if not isinstance(data, Mapping):
        raise InputError(f"{source}: not an object", hint="give data rag.json of rag-stack-contract")
    try:
        contract = _Contract.model_validate({**data, **({"url": url} if url else {})})
    except ValidationError as error:
        raise InputError(
            f"{source}: {_problems(error)}", hint="the chart rag-stack writes it; do not edit it"
        ) from None
    return Target(
        url=contract.url.rstrip("/").removesuffix("/v1"),
        api=contract.api,
        provider=contract.provider,
        chat_model=contract.models.chat,
        embedding_model=contract.models.embedding,
        dimension=contract.dimension,
        vector_store=contract.vectorStore,
        search_modes=contract.searchModes,
        filters=contract.filters,
        chunk_tokens=contract.chunk.sizeTokens,
        chunk_overlap=contract.chunk.overlapTokens,
        has_auth=contract.auth is not None,
        answering=answering,
        api_key=api_key,
    )


def _problems(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg'].lower()}" for one in error.errors())
