"""Measure again: a Job from the nightly CronJob's own template, so that it measures what the night would.

Attempts are append-only: the new verdict gets the next number, and the newest answer counts, whatever it says.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from kubernetes.client import ApiException, BatchV1Api

from leanrag.core.errors import InputError, StoppedError, UnreachableError
from leanrag.gate.access import Access, Answer, answered

CRONJOB = "gate-nightly"
NIGHTLY, MANUAL = "--trigger=nightly", "--trigger=manual"
POLL_SECONDS = 3.0


def manual_job(cronjob: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the Job of a manual run from a CronJob object; InputError when that is none of the gate's.

    The CronJob owns it, so it goes with it, and Argo CD sees it as the CronJob's child rather than a stranger.
    """
    template = cronjob["spec"]["jobTemplate"]
    spec, replaced = _with_trigger(template["spec"])
    if not replaced:
        raise InputError(
            f"CronJob/{cronjob['metadata']['name']} has no argument {NIGHTLY}, so it is not the gate's",
            hint="let Argo CD apply charts/gate/gate of this version, then again",
        )
    metadata = template.get("metadata") or {}
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "controller": False, "blockOwnerDeletion": False}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": cronjob["metadata"]["namespace"],
            "labels": dict(metadata.get("labels") or {}),
            "annotations": {**(metadata.get("annotations") or {}), "cronjob.kubernetes.io/instantiate": "manual"},
            "ownerReferences": [owner | {key: cronjob["metadata"][key] for key in ("name", "uid")}],
        },
        "spec": spec,
    }


def _with_trigger(node: Any) -> tuple[Any, bool]:
    """Return a copy with the trigger replaced, and whether it was found."""
    if isinstance(node, Mapping):
        parts = {key: _with_trigger(value) for key, value in node.items()}
        return {key: part for key, (part, _) in parts.items()}, any(found for _, found in parts.values())
    if isinstance(node, list):
        entries = [_with_trigger(entry) for entry in node]
        return [entry for entry, _ in entries], any(found for _, found in entries)
    return (MANUAL, True) if node == NIGHTLY else (node, False)


class Rerunner:
    """Starts and follows manual runs in the gate's namespace of one cluster."""

    def __init__(self, access: Access, namespace: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self.api = BatchV1Api(access.client)
        self.namespace = namespace
        self.sleep = sleep

    def start(self, moment: str) -> str:
        """Create the Job and return its name; `moment` (RFC 3339) becomes part of it."""
        name = "gate-manual-" + "".join(letter for letter in moment if letter.isdigit())
        cronjob = self._asked(
            f"CronJob {CRONJOB}", lambda: self.api.read_namespaced_cron_job(CRONJOB, self.namespace, **Answer.RAW)
        )
        body = manual_job(cronjob, name)
        self._asked(f"Job {name}", lambda: self.api.create_namespaced_job(self.namespace, body, **Answer.RAW))
        return name

    def wait(self, name: str, seconds: float) -> str:
        """Wait for a Job's end; return Complete, or Failed with the reason. StoppedError after so many seconds."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                body = self._asked(
                    f"Job {name}", lambda: self.api.read_namespaced_job(name, self.namespace, **Answer.RAW)
                )
                if ended := job_end(body):
                    return ended
            except UnreachableError:
                pass  # an API server that restarts says nothing about the Job
            self.sleep(POLL_SECONDS)
        raise StoppedError(
            f"Job {self.namespace}/{name}: no end after {seconds:.0f} s", hint="it goes on; leanrag gate verdicts"
        )

    def _asked(self, what: str, call: Callable[[], Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = answered(f"{what} in {self.namespace}", call)
            return answer
        except ApiException as error:
            hint = {
                403: "ask for the right to read CronJobs and create Jobs there",
                404: "is the gate of this cluster deployed, and is this its kubeconfig?",
            }.get(error.status, "")
            message = f"{what} in {self.namespace}: the API server answers {error.status} {error.reason}"
            raise InputError(message, hint=hint) from None


def job_end(body: Mapping[str, Any]) -> str:
    """Return how a Job ended, an empty text while it runs."""
    for condition in (body.get("status") or {}).get("conditions") or ():
        kind, reason = str(condition.get("type")), condition.get("reason")
        if kind in ("Complete", "Failed") and condition.get("status") == "True":
            return f"{kind} ({reason})" if reason and kind == "Failed" else kind
    return ""
