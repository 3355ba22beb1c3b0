"""Ask an API server whether it would take objects: definitions of one release, then server-side dry runs."""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import local
from typing import Any

import requests

from leanrag.bench.accept_server import ApiServer
from leanrag.core.errors import ToolError, UnreachableError
from leanrag.core.files import read_text

_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
# What kubectl and Argo CD send with server-side apply, and refuse instead of dropping what is unknown.
_DRY = {"dryRun": "All", "fieldManager": "leanrag", "fieldValidation": "Strict", "force": "true"}
_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
_PATIENCE = 60.0  # seconds until a definition must be served

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """An object, the namespace it would land in, the definition of its kind (None: Kubernetes' own), and a release."""

    body: Object
    namespace: str
    definition: Path | None
    release: str = ""

    @property
    def key(self) -> str:
        """What the answer depends on."""
        text = json.dumps([self.definition.name if self.definition else "", self.namespace, self.body], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class Asker:
    """Keeps the definitions that questions need in the API server.

    Releases are asked in ascending order: a version that was stored once cannot be taken out of a definition again.
    """

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._thread = local()
        self._installed: dict[str, str] = {}
        self._plurals: dict[tuple[str, str], tuple[str, bool]] = {}
        self._namespaces: set[str] = set()

    def answers(self, questions: Iterable[Question]) -> list[str]:
        """Return for each question of one release an empty text or the reason of the refusal."""
        asked = tuple(questions)
        with ThreadPoolExecutor(max_workers=self._server.at_once) as pool:
            self._define({each.definition for each in asked if each.definition}, pool)
            self._make_namespaces({each.namespace for each in asked}, pool)
            return list(pool.map(self._ask, asked))

    def _define(self, paths: set[Path], pool: ThreadPoolExecutor) -> None:
        found = ((path, json.loads(read_text(path))) for path in sorted(paths))
        fresh = [(path, body) for path, body in found if self._installed.get(body["metadata"]["name"]) != path.name]
        list(pool.map(lambda each: self._install(*each), fresh))
        list(pool.map(lambda each: self._await(*each), fresh))

    def _install(self, path: Path, document: dict[str, Any]) -> None:
        name = document["metadata"]["name"]
        for version in document["spec"]["versions"]:
            # Served tables show it, which tells when the API server has taken up this very definition.
            version["additionalPrinterColumns"] = [{"name": path.stem, "type": "string", "jsonPath": ".metadata.name"}]
        answer = (
            self._put(name, document) if name in self._installed else self._call("POST", _DEFINITIONS, json=document)
        )
        if not answer.ok:
            raise ToolError(
                f"{name}: the API server refuses the definition: {_reason(answer)}", hint="correct its tree"
            )

    def _put(self, name: str, document: dict[str, Any]) -> requests.Response:
        """Replace a definition; its status may be written at the same moment, and then it is tried again."""
        while True:
            now = self._call("GET", f"{_DEFINITIONS}/{name}").json()
            document["metadata"]["resourceVersion"] = now["metadata"]["resourceVersion"]
            answer = self._call("PUT", f"{_DEFINITIONS}/{name}", json=document)
            if answer.status_code != 409:
                return answer

    def _await(self, path: Path, document: Mapping[str, Any]) -> None:
        """Wait until every version is served as it was just defined."""
        spec = document["spec"]
        self._installed[document["metadata"]["name"]] = path.name
        kind, plural = spec["names"]["kind"], spec["names"]["plural"]
        for version in spec["versions"]:
            api = f"{spec['group']}/{version['name']}"
            self._wait(f"/apis/{api}/{plural}", path.stem)
            self._plurals[api, kind] = plural, spec["scope"] == "Namespaced"

    def _wait(self, place: str, column: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            answer = self._call("GET", f"{place}?limit=1", headers={"Accept": _TABLE})
            if answer.ok and column in {each["name"] for each in answer.json().get("columnDefinitions", ())}:
                return
            if time.monotonic() > deadline:
                raise UnreachableError(f"the API server does not serve {place} after {_PATIENCE:.0f} s")
            time.sleep(0.05)

    def _make_namespaces(self, spaces: set[str], pool: ThreadPoolExecutor) -> None:
        def make(space: str) -> None:
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}
            answer = self._call("POST", "/api/v1/namespaces", json=body)
            if not answer.ok and answer.status_code != 409:
                raise ToolError(f"namespace {space}: {_reason(answer)}", hint="correct the name")

        list(pool.map(make, sorted(spaces - self._namespaces)))
        self._namespaces |= spaces

    def _ask(self, question: Question) -> str:
        body, space = question.body, question.namespace
        found = self._resource(str(body.get("apiVersion", "")), str(body.get("kind", "")))
        if found is None:
            return f"the API server has no {body.get('apiVersion')} {body.get('kind')}"
        plural, namespaced = found
        root = f"/apis/{body['apiVersion']}" if "/" in body["apiVersion"] else f"/api/{body['apiVersion']}"
        place = f"{root}{f'/namespaces/{space}' if namespaced else ''}/{plural}/{body['metadata']['name']}"
        answer = self._call(
            "PATCH",
            place,
            params=_DRY,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/apply-patch+yaml"},
        )
        return "" if answer.ok else _reason(answer)

    def _resource(self, version: str, kind: str) -> tuple[str, bool] | None:
        if (version, kind) not in self._plurals:
            root = f"/apis/{version}" if "/" in version else f"/api/{version}"
            answer = self._call("GET", root)
            for each in answer.json().get("resources", ()) if answer.ok else ():
                if "/" not in each["name"]:
                    self._plurals.setdefault((version, each["kind"]), (each["name"], each["namespaced"]))
        return self._plurals.get((version, kind))

    def _call(self, method: str, place: str, **more: Any) -> requests.Response:
        if not hasattr(self._thread, "session"):
            self._thread.session = self._server.session()
        session: requests.Session = self._thread.session
        try:
            return session.request(method, f"{self._server.url}{place}", timeout=60, **more)
        except requests.RequestException as error:
            raise UnreachableError(f"the API server does not answer {method} {place}: {error}") from None


def _reason(answer: requests.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code} {answer.reason}"
