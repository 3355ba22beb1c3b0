"""A target without a contract: what a service says about itself, and nothing that it does not say."""

import time

from leanrag.core.errors import InputError
from leanrag.rag.client import Client
from leanrag.rag.http import ServiceError
from leanrag.rag.target import Target

_HINT = "name the contract: data rag.json of the ConfigMap rag-stack-contract"


def discover(url: str, *, api_key: str = "", answering: bool = False, timeout: float = 30.0) -> Target:
    """Ask /v1/models and /v1/providers; keyword, hybrid and filters are promised by a contract only, so they stay off.

    InputError when the service does not name a chat model, an embedding model and a vector store; UnreachableError
    when it does not answer.
    """
    base = url.rstrip("/").removesuffix("/v1")
    asker = Target(base, "", "", "", "", 1, api_key=api_key)
    client = Client.to(asker, timeout=timeout, until=time.monotonic() + 4 * timeout)
    try:
        models, stores = client.models(), client.providers("vector_io")
    except ServiceError as error:
        raise InputError(f"{base}: is not a RAG API that can be asked: {error}", hint=_HINT) from None
    kinds = {name: one.get("custom_metadata") or {} for name, one in models.items()}
    chat = next((name for name, kind in kinds.items() if kind.get("model_type") == "llm"), "")
    embedding = next((name for name, kind in kinds.items() if kind.get("model_type") == "embedding"), "")
    dimension = kinds.get(embedding, {}).get("embedding_dimension")
    if not (chat and embedding and stores and isinstance(dimension, int)):
        raise InputError(f"{base}: does not name a chat model, an embedding model and a vector store", hint=_HINT)
    owner = str(models[chat].get("owned_by", ""))
    return Target(
        url=base,
        api="ogx" if owner == "ogx" else "llamastack",
        provider=stores[0],
        chat_model=chat,
        embedding_model=embedding,
        dimension=dimension,
        vector_store=stores[0],
        answering=answering,
        api_key=api_key,
    )
