"""An operator that brings its CRDs ten minutes late holds nobody up, and nobody has to press a button."""

import time
from datetime import datetime

from .late import LATE_SECONDS, Late
from .world import World


def test_crds_that_arrive_ten_minutes_late(world: World, late: Late) -> None:
    left = max(0.0, LATE_SECONDS - (time.monotonic() - late.committed))
    came = world.wait_for(lambda: late.brought, left + 60, why="the CRD has come")
    assert late.before["sync"]["status"] == "OutOfSync", f"what did it wait for? {late.before}"

    def well() -> bool:
        status = late.application()
        healthy = (status.get("health") or {}).get("status") == "Healthy"
        return (status.get("sync") or {}).get("status") == "Synced" and healthy

    world.wait_for(well, 180, why="Argo CD tries again by itself, and the Application is well")
    applied = datetime.fromisoformat(late.application()["operationState"]["finishedAt"])
    world.figures.add(f"a CRD {LATE_SECONDS / 60:.0f} min late → applied", (applied - came).total_seconds())
    late.end()
