"""Where verdicts are put up: ConfigMaps and Events of the gate's namespace, as raw JSON."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from kubernetes.client import ApiException, CoreV1Api

from leanrag.core.errors import InputError, UnreachableError
from leanrag.evidence.store import is_verdict
from leanrag.gate.access import Access, Answer, answered

# What the API server will say again however often it is asked: the object itself is at fault.
_FINAL = {400, 405, 413, 415, 422}


class Board(Protocol):
    """The edge that `publish` needs; an API server that gives no answer is an UnreachableError, to be asked again."""

    namespace: str

    def verdicts(self) -> tuple[Mapping[str, Any], ...]:
        """Return every ConfigMap that holds a verdict."""

    def create(self, body: Mapping[str, Any]) -> bool:
        """Create a ConfigMap; False when its name is taken."""

    def delete(self, name: str) -> None:
        """Delete a ConfigMap; one that is gone is fine."""

    def event(self, body: Mapping[str, Any]) -> None:
        """Create an Event."""


class ClusterBoard:
    """The board of a real cluster."""

    def __init__(self, access: Access, namespace: str | None = None) -> None:
        self.api = CoreV1Api(access.client)
        self.namespace = namespace or access.namespace

    def verdicts(self) -> tuple[Mapping[str, Any], ...]:
        """Return every ConfigMap that holds a verdict; a namespace that is not there holds none."""
        listed = self._asked("verdicts", lambda: self.api.list_namespaced_config_map(self.namespace, **Answer.RAW))
        return tuple(body for body in listed.get("items") or () if is_verdict(body))

    def create(self, body: Mapping[str, Any]) -> bool:
        """Create a ConfigMap; False when its name is taken, InputError when the API server refuses its content."""
        answer = self._asked(
            f"ConfigMap {body['metadata']['name']}",
            lambda: self.api.create_namespaced_config_map(self.namespace, body, **Answer.RAW),
            silent=(409,),
        )
        return bool(answer)

    def delete(self, name: str) -> None:
        """Delete a ConfigMap; one that is gone is fine."""
        self._asked(
            f"ConfigMap {name}",
            lambda: self.api.delete_namespaced_config_map(name, self.namespace, **Answer.RAW),
            silent=(404,),
        )

    def event(self, body: Mapping[str, Any]) -> None:
        """Create an Event; one that is there already is fine."""
        self._asked(
            "Event", lambda: self.api.create_namespaced_event(self.namespace, body, **Answer.RAW), silent=(409,)
        )

    def _asked(self, what: str, call: Callable[[], Any], silent: tuple[int, ...] = ()) -> dict[str, Any]:
        place = f"{what} in {self.namespace}"
        try:
            answer: dict[str, Any] = answered(place, call)
            return answer
        except ApiException as error:
            if error.status in silent:
                return {}
            said = f"{place}: the API server answers {error.status} {error.reason}"
            if error.status in _FINAL:
                raise InputError(said, hint="the report store on the gate's volume has the verdict") from None
            # 403 is not final: an API server that has just started knows no role yet.
            raise UnreachableError(said) from None
