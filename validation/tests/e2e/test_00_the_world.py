"""What stands before the first story."""

from .late import Late
from .world import World


def test_argo_cd_knows_every_cluster_and_the_promoter_runs(world: World, late: Late) -> None:
    def pins() -> set[str]:
        names = {app["metadata"]["name"] for app in world.api.list("Application", world.argocd)}
        return {"dev-pin", "staging-pin", "prod-pin", "promoter"} & names

    world.wait_for(
        lambda: len(pins()) == 4, 60, why="root.yaml makes an Application for each cluster, and the promoter"
    )
    world.wait_for(lambda: promoter_ready(world), 120, why="the promoter runs")
    assert late.committed, "the story of the last file has begun"


def promoter_ready(world: World) -> bool:
    """Say whether the promoter's one pod is ready."""
    found = world.api.get("Deployment", "promoter", "lr-promoter") or {}
    return (found.get("status") or {}).get("readyReplicas") == 1
