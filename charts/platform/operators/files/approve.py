"""Approve the InstallPlans that hold pinned versions only, and wait until every pinned operator is installed.

`approve.py PINS DEADLINE INTERVAL`: PINS is a JSON file, namespace to package to version; the times are in seconds. A
plan with anything else in it is left alone and named: approving one approves all that is in it. Exit 0 when everything
is installed as pinned, 1 when the deadline came first, 2 when PINS cannot be read. It needs the standard library only.
"""

import json
import os
import ssl
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
Pins = Mapping[str, Mapping[str, str]]


class Olm:
    """The API server's OLM objects; `base` is its URL, `account` the folder with token and ca.crt."""

    def __init__(self, base: str, account: Path) -> None:
        self._base, self._account = base, account
        authority = account / "ca.crt"
        self._context = ssl.create_default_context(cafile=str(authority)) if base.startswith("https:") else None

    def get(self, namespace: str, path: str) -> Any:
        """Return an object or a list; None when it is not there."""
        try:
            return self._call("GET", namespace, path, None)
        except HTTPError as error:
            if error.code == 404:
                return None
            raise

    def approve(self, namespace: str, plan: str) -> None:
        """Set spec.approved of one InstallPlan."""
        self._call("PATCH", namespace, f"installplans/{plan}", {"spec": {"approved": True}})

    def _call(self, method: str, namespace: str, path: str, body: Any) -> Any:
        url = f"{self._base}/apis/operators.coreos.com/v1alpha1/namespaces/{namespace}/{path}"
        request = Request(url, method=method, data=None if body is None else json.dumps(body).encode())
        # Read each time: a projected token is replaced while we run.
        request.add_header("Authorization", f"Bearer {(self._account / 'token').read_text()}")
        request.add_header("Content-Type", "application/merge-patch+json")
        with urlopen(request, timeout=30, context=self._context) as answer:
            return json.load(answer)


def approve_pinned(olm: Olm, namespace: str, pins: Mapping[str, str]) -> list[str]:
    """Approve what is pinned, and return a sentence for each waiting plan that holds something else."""
    refused = []
    for plan in (olm.get(namespace, "installplans") or {}).get("items", []):
        names = set(plan["spec"].get("clusterServiceVersionNames") or ())
        if plan["spec"].get("approved") or plan.get("status", {}).get("phase") != "RequiresApproval":
            continue
        name, more = plan["metadata"]["name"], sorted(names - set(pins.values()))
        if names and not more:
            olm.approve(namespace, name)
            print(f"{namespace}: approved {name}: {', '.join(sorted(names))}")
        else:
            why = f"{', '.join(more)} is not pinned" if more else "it names no version"
            refused.append(f"{namespace}: {name} is not approved: {why}")
    return refused


def missing(olm: Olm, namespace: str, package: str, version: str) -> str:
    """Return why a package is not installed at its version yet; empty when it is."""
    subscription = olm.get(namespace, f"subscriptions/{package}")
    if subscription is None:
        return "there is no Subscription yet"
    status = subscription.get("status", {})
    if status.get("installedCSV") != version:
        failed = [c.get("message", "") for c in status.get("conditions", []) if _is_failure(c)]
        return f"{status.get('installedCSV') or 'nothing'} is installed{'; ' if failed else ''}{' '.join(failed)}"
    phase = (olm.get(namespace, f"clusterserviceversions/{version}") or {}).get("status", {}).get("phase", "unknown")
    return "" if phase == "Succeeded" else f"it is in phase {phase}"


def _is_failure(condition: Mapping[str, Any]) -> bool:
    return condition.get("status") == "True" and str(condition.get("type")) in {"ResolutionFailed", "InstallPlanFailed"}


def look(olm: Olm, pins: Pins) -> tuple[list[str], list[str]]:
    """Return what is still missing, and which plans are held back."""
    lacking, held = [], []
    for namespace, packages in pins.items():
        try:
            held += approve_pinned(olm, namespace, packages)
            found = {package: missing(olm, namespace, package, version) for package, version in packages.items()}
            lacking += [f"{namespace}: {p} should be {packages[p]}: {why}" for p, why in found.items() if why]
        except (HTTPError, URLError, OSError) as error:
            lacking.append(f"{namespace}: no answer: {error}")
    return lacking, held


def main(pins: Pins, olm: Olm, deadline: float, interval: float) -> int:
    """Look until nothing is missing or the deadline is over; `deadline` and `interval` in seconds."""
    end = time.monotonic() + deadline
    while True:
        lacking, held = look(olm, pins)
        if not lacking or time.monotonic() > end:
            break
        time.sleep(interval)
    print("\n".join([*held, *lacking] or ["every pinned operator is installed"]))
    return 1 if lacking else 0


if __name__ == "__main__":
    try:
        wanted = json.loads(Path(sys.argv[1]).read_text())
        seconds = float(sys.argv[2]), float(sys.argv[3])
    except (IndexError, OSError, ValueError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        sys.exit(2)
    host = f"https://{os.environ.get('KUBERNETES_SERVICE_HOST', 'kubernetes.default.svc')}"
    server = Olm(f"{host}:{os.environ.get('KUBERNETES_SERVICE_PORT', '443')}", ACCOUNT)
    sys.exit(main(wanted, server, *seconds))
