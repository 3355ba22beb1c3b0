"""The RAG API of Llama Stack 0.7.3 and OGX 1.5.0 as verbs; every answer's shape is checked before it is believed."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from leanrag.core.errors import StoppedError
from leanrag.rag.case import Document
from leanrag.rag.http import Http, Reply, ServiceError, brief
from leanrag.rag.target import Target

POLL_SECONDS = 0.2
ANSWER_TOKENS = 256
SHAPE_TOKENS = 32  # a tiny random model never stops by itself
INSTRUCTIONS = "Answer only from the search results and cite them. If they do not hold the answer, say: I do not know."


@dataclass(frozen=True, slots=True)
class Hit:
    """One search result: the document's name in our corpus ("" for one we did not upload), its text, its score.

    Scores of different stores do not compare (milvus gives a cosine, faiss and chroma a distance turned around).
    """

    document: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What /v1/responses said: text, names of cited documents, results of its file_search (None: not called)."""

    text: str
    cited: tuple[str, ...]
    found: tuple[Hit, ...] | None


@dataclass(frozen=True, slots=True)
class Store:
    """A vector store of this run and the names of the files in it, by their uploaded id."""

    id: str
    dimension: int | None
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Client:
    """A target and the way to it. All methods raise what Http.send raises."""

    target: Target
    http: Http

    @classmethod
    def to(cls, target: Target, *, timeout: float, until: float, trace: str = "") -> "Client":
        """Make a client; `timeout` (seconds) bounds an exchange, `until` (time.monotonic) all of them."""
        headers = {"authorization": f"Bearer {target.api_key}"} if target.api_key else {}
        return cls(target, Http(target.url, headers, timeout, until, target.ca, trace))

    def until(self, moment: float) -> "Client":
        """Return this client with another deadline: cleaning up has time of its own."""
        return replace(self, http=replace(self.http, until=moment))

    def ready(self) -> str:
        """Check /v1/health, wake the file store, and return the server's version.

        Llama Stack 0.7.3 creates its tables at the first request, without a lock: a chat and an upload at once on a
        fresh database give 500 "no such table: openai_files". One GET /v1/files before traffic avoids it.
        """
        health = self._get("/v1/health")
        if health.get("status") != "OK":
            raise ServiceError(f"GET /v1/health says {brief(str(health.get('status')))} instead of OK")
        self._get("/v1/files")
        return str(self._get("/v1/version").get("version", ""))

    def models(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what /v1/models lists, by id."""
        return {str(one.get("id")): one for one in _objects(self._get("/v1/models"), "data")}

    def providers(self, api: str) -> tuple[str, ...]:
        """Return the ids of the providers of an API, e.g. vector_io. Their health is never implemented: no evidence."""
        rows = _objects(self._get("/v1/providers"), "data")
        return tuple(str(row.get("provider_id")) for row in rows if row.get("api") == api)

    def embed(self, text: str) -> tuple[float, ...]:
        """Return the vector of a text from /v1/embeddings."""
        body = self._post("/v1/embeddings", {"model": self.target.embedding_model, "input": [text]})
        rows = _objects(body, "data")
        vector = rows[0].get("embedding") if rows else None
        if not isinstance(vector, list) or not all(isinstance(value, int | float) for value in vector):
            raise ServiceError("POST /v1/embeddings: HTTP 200 without a vector")
        return tuple(float(value) for value in vector)

    def create_store(self) -> Store:
        """Create a vector store under a name of its own; the dimension is left to the server's own record."""
        name = f"leanrag-smoke-{uuid.uuid4().hex[:12]}"
        wanted = {"name": name, "provider_id": self.target.provider, "embedding_model": self.target.embedding_model}
        body = self._post("/v1/vector_stores", wanted)
        identity = body.get("id")
        if not isinstance(identity, str) or not identity:
            raise ServiceError("POST /v1/vector_stores: HTTP 200 without an id")
        said = str((body.get("metadata") or {}).get("embedding_dimension", ""))
        return Store(identity, int(said) if said.isdigit() else None, {})

    def upload(self, document: Document) -> str:
        """Upload a document and return its file id."""
        part = {"file": (document.name, document.content, "text/markdown")}
        reply = self.http.send("POST", "/v1/files", files=part, data={"purpose": "assistants"})
        body = _object(reply, "POST /v1/files")
        identity = body.get("id")
        if not isinstance(identity, str) or body.get("bytes") != len(document.content):
            raise ServiceError(
                f"POST /v1/files: sent {len(document.content)} bytes, the answer says {body.get('bytes')}"
            )
        return identity

    def attach(self, store: Store, file_id: str, document: Document) -> None:
        """Chunk, embed and store an uploaded file, and wait for it; a failed status inside a 200 is a ServiceError."""
        sizes = {"max_chunk_size_tokens": self.target.chunk_tokens, "chunk_overlap_tokens": self.target.chunk_overlap}
        strategy = {"type": "static", "static": sizes}
        wanted = {"file_id": file_id, "attributes": dict(document.attributes), "chunking_strategy": strategy}
        body = self._post(f"/v1/vector_stores/{store.id}/files", wanted)
        patience = time.monotonic() + self.http.timeout
        while body.get("status") == "in_progress":
            if time.monotonic() > patience:
                raise ServiceError(f"{document.name} is still in_progress after {self.http.timeout:.0f} s")
            time.sleep(POLL_SECONDS)
            body = self._get(f"/v1/vector_stores/{store.id}/files/{file_id}")
        if body.get("status") != "completed":
            cause = (body.get("last_error") or {}).get("message", "no error given")
            raise ServiceError(f"{document.name} ended as {body.get('status')}: {brief(str(cause))}")

    def search(
        self, store: Store, query: str, mode: str, limit: int = 5, filters: Mapping[str, Any] | None = None
    ) -> tuple[Hit, ...]:
        """Search the store; the best hit comes first."""
        wanted: dict[str, Any] = {"query": query, "max_num_results": limit, "search_mode": mode}
        wanted |= {"filters": dict(filters)} if filters else {}
        body = self._post(f"/v1/vector_stores/{store.id}/search", wanted)
        return tuple(_hit(one, store) for one in _objects(body, "data"))

    def answer(self, store: Store, question: str) -> Answer:
        """Ask /v1/responses with file_search over the store."""
        tool = {"type": "file_search", "vector_store_ids": [store.id], "max_num_results": 5}
        body = self.respond(
            question,
            tools=[tool],
            include=["file_search_call.results"],
            instructions=INSTRUCTIONS,
            max_output_tokens=ANSWER_TOKENS,
        )
        calls = [one for one in _objects(body, "output") if one.get("type") == "file_search_call"]
        parts = message_parts(body)
        cited = [_name(note, store) for part in parts for note in part.get("annotations") or ()]
        found = tuple(_hit(hit, store) for call in calls for hit in call.get("results") or ())
        text = "".join(str(part.get("text", "")) for part in parts)
        return Answer(text, tuple(dict.fromkeys(cited)), found if calls else None)

    def respond(self, question: str, **more: Any) -> dict[str, Any]:
        """Ask /v1/responses without streaming and return its body."""
        wanted = {"model": self.target.chat_model, "input": question, "temperature": 0, **more}
        return self._post("/v1/responses", {"max_output_tokens": SHAPE_TOKENS, **wanted})

    def stream(self, api: str, question: str) -> Reply:
        """Ask for a streamed answer (`api`: responses or chat) and return the whole stream."""
        common = {"model": self.target.chat_model, "temperature": 0, "stream": True}
        if api == "responses":
            wanted = {**common, "input": question, "max_output_tokens": SHAPE_TOKENS}
            return self.http.send("POST", "/v1/responses", json=wanted)
        said = [{"role": "user", "content": question}]
        wanted = {**common, "messages": said, "max_tokens": SHAPE_TOKENS, "stream_options": {"include_usage": True}}
        return self.http.send("POST", "/v1/chat/completions", json=wanted)

    def delete(self, path: str) -> str:
        """Delete a resource and return "" or, in one line, why it is still there."""
        try:
            reply = self.http.send("DELETE", path)
        except (ServiceError, StoppedError) as error:
            return f"{path}: {error}"
        return "" if reply.status in (200, 204, 404) else f"{path}: HTTP {reply.status}"

    def _get(self, path: str) -> dict[str, Any]:
        return _object(self.http.send("GET", path), f"GET {path}")

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return _object(self.http.send("POST", path, json=dict(body)), f"POST {path}")


def message_parts(body: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return the output_text parts of the messages of a /v1/responses body."""
    messages = [one for one in _objects(body, "output") if one.get("type") == "message"]
    parts = [part for message in messages for part in message.get("content") or () if isinstance(part, dict)]
    return tuple(part for part in parts if part.get("type") == "output_text")


def _object(reply: Reply, what: str) -> dict[str, Any]:
    if reply.status != 200:
        raise ServiceError(f"{what}: HTTP {reply.status}: {brief(reply.text)}")
    body = reply.json()
    if not isinstance(body, dict):
        raise ServiceError(f"{what}: HTTP 200 with a body that is not an object")
    if body.get("error"):
        raise ServiceError(f"{what}: HTTP 200 with an error: {brief(str(body['error']))}")
    return body


def _objects(body: Mapping[str, Any], key: str) -> tuple[dict[str, Any], ...]:
    rows = body.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ServiceError(f"HTTP 200 without a list '{key}'")
    return tuple(rows)


def _hit(row: Mapping[str, Any], store: Store) -> Hit:
    content = row.get("content") or ()
    text = row.get("text") or "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    score = row.get("score")
    return Hit(_name(row, store), str(text), float(score) if isinstance(score, int | float) else 0.0)


def _name(row: Mapping[str, Any], store: Store) -> str:
    """Return the uploaded name behind a result or an annotation, "" when it is not ours.

    Where the uploaded file's id stands differs: 0.7.3 gives it as `file_id`; OGX 1.5.0 gives a document id there and
    the file's in `attributes.file_id`; inside /v1/responses `filename` is an id as well. Ids come before names.
    """
    attributes = row.get("attributes") or {}
    identities = (attributes.get("file_id"), row.get("file_id"), attributes.get("document_id"))
    known = next((store.names[one] for one in identities if isinstance(one, str) and one in store.names), "")
    if known:
        return known
    names = (row.get("filename"), attributes.get("filename"))
    return next((str(one) for one in names if one in store.names.values()), "")
