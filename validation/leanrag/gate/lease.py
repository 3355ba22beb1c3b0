"""One measurement at a time for each set of endpoints: a Lease, since two loads at once would measure each other."""

import hashlib
import random
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from kubernetes.client import ApiClient, ApiException, CoordinationV1Api

from leanrag.core.errors import UnreachableError
from leanrag.gate.access import Answer, answered
from leanrag.gate.wait import Clock

# Renewed every ten seconds by the watch; whoever is killed without a word is followed after this time.
DURATION_SECONDS = 60
PAUSE_SECONDS = 3.0
_ALPHABET = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease, and until when."""

    name: str
    until: datetime


def lease_name(urls: Iterable[str]) -> str:
    """Return the name of the lease for a set of endpoints: runs that measure the same ones share it."""
    joined = "\n".join(sorted({url.rstrip("/") for url in urls}))
    return f"gate-{hashlib.sha256(joined.encode()).hexdigest()[:16]}"


def identity(pod: str) -> str:
    """Return a holder's name that no other run has: a pod's name comes back with the next Job."""
    return f"{pod}-{''.join(random.choices(_ALPHABET, k=6))}"


def holder(body: Mapping[str, Any]) -> Holder | None:
    """Return who holds a lease object, None when nobody does; an unreadable one is held by nobody."""
    spec = body.get("spec") or {}
    name, renewed = spec.get("holderIdentity"), spec.get("renewTime") or spec.get("acquireTime")
    if not name or not renewed:
        return None
    try:
        moment = datetime.fromisoformat(str(renewed).replace("Z", "+00:00"))
    except ValueError:
        return None
    return Holder(str(name), moment + timedelta(seconds=int(spec.get("leaseDurationSeconds") or 0)))


def free(body: Mapping[str, Any] | None, me: str, now: datetime) -> bool:
    """Say whether `me` may take a lease: it is not there, held by nobody, by me, or no longer renewed."""
    held = holder(body) if body else None
    return held is None or held.name == me or held.until < now


class Lease:
    """A Lease object in the gate's namespace; writes carry the version that was read, so only one taker wins."""

    def __init__(self, client: ApiClient, namespace: str, name: str, me: str) -> None:
        self.api = CoordinationV1Api(client)
        self.namespace, self.name, self.me = namespace, name, me
        self.held = False

    def acquire(self, limit: float, clock: Clock, said: Callable[[str], None]) -> str:
        """Take the lease within `limit` seconds; return an empty text, or who holds it still."""
        began, told = clock.now(), ""
        while True:
            other = self._asked()
            if not other or clock.now() - began >= limit:
                return other
            if other != told:
                said(f"lease {self.name}: waiting for {other}")
                told = other
            clock.sleep(PAUSE_SECONDS)

    def _asked(self) -> str:
        try:
            return self.take()
        except UnreachableError as error:
            return f"nobody known ({error.message})"  # an API server that restarts is waited for like a holder

    def take(self) -> str:
        """Take or renew the lease once; return an empty text, or who holds it."""
        body = self._read()
        now = datetime.now(UTC)
        if body is not None and not free(body, self.me, now):
            held = holder(body)
            self.held = False
            return held.name if held else ""
        self.held = self._write(body, now)
        return "" if self.held else "another run that was faster"

    def renew(self) -> str:
        """Renew a lease that is held; return an empty text, or who took it meanwhile."""
        return self.take() if self.held else "nobody: it was never taken"

    def release(self) -> None:
        """Give the lease back; a fault here costs the next run a minute, not this one its verdict."""
        body = self._read() if self.held else None
        found = holder(body) if body else None
        if body and found and found.name == self.me:
            self._replace({**body, "spec": {**body["spec"], "holderIdentity": "", "leaseDurationSeconds": 1}})
        self.held = False

    def _read(self) -> dict[str, Any] | None:
        try:
            body: dict[str, Any] = answered(
                "the lease", lambda: self.api.read_namespaced_lease(self.name, self.namespace, **Answer.RAW)
            )
            return body
        except ApiException as error:
            if error.status == 404:
                return None
            raise UnreachableError(f"lease {self.name}: {error.reason}") from None

    def _write(self, body: dict[str, Any] | None, now: datetime) -> bool:
        stamp = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        mine = {"holderIdentity": self.me, "leaseDurationSeconds": DURATION_SECONDS, "renewTime": stamp}
        if body is not None:
            found = holder(body)
            same = found is not None and found.name == self.me
            kept = body["spec"].get("acquireTime") if same else stamp
            return self._replace({**body, "spec": {**mine, "acquireTime": kept}})
        metadata = {"name": self.name, "namespace": self.namespace, "labels": {"app.kubernetes.io/part-of": "lean-rag"}}
        made = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}
        return self._conflict_free(
            lambda: self.api.create_namespaced_lease(
                self.namespace, {**made, "spec": {**mine, "acquireTime": stamp}}, **Answer.RAW
            )
        )

    def _replace(self, body: dict[str, Any]) -> bool:
        return self._conflict_free(
            lambda: self.api.replace_namespaced_lease(self.name, self.namespace, body, **Answer.RAW)
        )

    def _conflict_free(self, call: Callable[[], Any]) -> bool:
        try:
            answered("the lease", call)
        except ApiException as error:
            if error.status == 409:
                return False
            raise UnreachableError(f"lease {self.name}: {error.reason}") from None
        return True
