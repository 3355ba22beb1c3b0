"""End a running operation the way Argo CD's API server does (argo-cd v3.2.11 server/application TerminateOperation).

It sets `status.operationState.phase` to Terminating; the application controller then stops the sync, deletes its
running hooks and calls the operation Failed. A failed revision is not tried again, so what was ended stays ended.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from leanrag.core.errors import UnreachableError
from leanrag.operate.application import Application
from leanrag.operate.hub import ConflictError, Hub

TRIES = 10  # as Argo CD does; the controller writes status often while a sync runs
PAUSE = 0.1  # seconds
PATIENCE = 30.0  # seconds
TERMINATING = "Terminating"


def ends(apps: Iterable[Application], revision: str | None = None) -> tuple[Application, ...]:
    """Return the Applications whose operation runs, with `revision` only those that sync that commit."""
    return tuple(
        app
        for app in apps
        if app.operation and app.operation.running and revision in (None, app.operation.revision, app.wanted)
    )


def terminate(hub: Hub, app: Application) -> bool:
    """End an Application's running operation; False when none runs any more."""
    current: Application | None = app
    for _ in range(TRIES):
        if current is None or current.operation is None or not current.operation.running:
            return False
        try:
            hub.patch_application(current, _ending(current))
            return True
        except ConflictError:
            time.sleep(PAUSE)
            current = hub.application(app.name)
    raise UnreachableError(
        f"{app.name}: its operation could not be ended, because the object changed {TRIES} times", hint="again"
    )


def _ending(app: Application) -> dict[str, object]:
    if app.operation and app.operation.phase == "Pending":
        # Asked for, but no controller has begun it: there is no state to change, so the request itself goes.
        return {"operation": None}
    return {"status": {"operationState": {"phase": TERMINATING}}}


@dataclass(frozen=True, slots=True)
class Ended:
    """The Applications whose operation was ended, and those whose still ran when patience did."""

    ended: tuple[str, ...]
    running: tuple[str, ...]


def end_operations(
    hub: Hub, cluster: str, revision: str | None = None, only: str | None = None, patience: float = PATIENCE
) -> Ended:
    """End every running operation of a cluster (of one commit, of one Application) and wait until they have ended.

    A controller that begins a retry in the same moment writes Running over our Terminating (seen with 3.2.11), so what
    runs again is ended again.
    """
    wanted = {app.name for app in ends(hub.applications(cluster), revision) if only in (None, app.name)}
    running, deadline = set(wanted), time.monotonic() + patience
    while running and time.monotonic() < deadline:
        current = [app for app in hub.applications(cluster) if app.name in running]
        going = ends(current, revision)
        for app in going:
            if app.operation and app.operation.phase != TERMINATING:
                terminate(hub, app)
        running = {app.name for app in going}
        time.sleep(PAUSE)
    return Ended(tuple(sorted(wanted - running)), tuple(sorted(running)))
