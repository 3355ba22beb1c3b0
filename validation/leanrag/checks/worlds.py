"""Where an object would be applied: a platform with a release of OpenShift AI, or without."""

from dataclasses import dataclass

from leanrag.catalog.model import ClusterFacts
from leanrag.checks.trees.releases import UPSTREAM

OPENSHIFT = "openshift"
# Of Kubernetes: OpenShift AI 3.x runs on OpenShift 4.19 to 4.21, which are 1.32 to 1.34 (their release notes). A
# built-in object must be taken by the first and the last.
MINORS = ("1.32", "1.34")
_ONLY_OPENSHIFT = ("openshift.io", "opendatahub.io", "operators.coreos.com")


@dataclass(frozen=True, slots=True)
class World:
    """Which kinds exist. Empty fields do not narrow: no release means upstream's newest, no platform every kind."""

    release: str = UPSTREAM
    platform: str = ""

    def has_group(self, group: str) -> bool:
        """Say whether a group of kinds is there on this platform."""
        return self.platform in ("", OPENSHIFT) or not group.endswith(_ONLY_OPENSHIFT)

    def __str__(self) -> str:
        """Return the world in words, for the sentence that something is not there."""
        if self.release:
            return f"OpenShift AI {self.release}"
        return "OpenShift" if self.platform in ("", OPENSHIFT) else "plain Kubernetes"


def of_cluster(facts: ClusterFacts) -> World:
    """Return the world of a cluster."""
    return World(facts.openshiftAI or UPSTREAM, facts.platform)
