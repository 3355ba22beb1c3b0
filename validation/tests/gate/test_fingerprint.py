"""The fingerprint changes when something else runs, and only then."""

from dataclasses import replace

import pytest

from leanrag.gate.fingerprint import fingerprint, running_images
from leanrag.gate.observed import Container, Live, Pod

POD = Pod("lr-rag", "rag-1", "u1", {}, True, False, "n1", (Container("c", "img:1", image_id="img@sha256:1"),))
LIVE = Live(pods=(POD,), gpus=("L4",), engines={"tiny": "0.11.0"})


@pytest.mark.parametrize(
    "same",
    [
        replace(LIVE, pods=(replace(POD, name="rag-2", uid="u2", node="n2"),)),
        replace(LIVE, pods=(POD, replace(POD, name="rag-2"))),
        replace(LIVE, gpus=("L4", "L4")),
        replace(LIVE, pods=(POD, replace(POD, terminating=True, containers=(Container("c", "x", image_id="old"),)))),
    ],
    ids=["moved", "scaled", "more nodes", "an old pod going"],
)
def test_what_runs_the_same_has_the_same_fingerprint(same):
    assert fingerprint(same) == fingerprint(LIVE)


@pytest.mark.parametrize(
    "other",
    [
        replace(LIVE, pods=(replace(POD, containers=(Container("c", "img:1", image_id="img@sha256:2"),)),)),
        replace(LIVE, engines={"tiny": "0.12.0"}),
        replace(LIVE, engines={}),
        replace(LIVE, gpus=("H200",)),
        replace(LIVE, gpus=None),
    ],
    ids=["digest behind the same tag", "engine", "engine gone", "gpu", "gpu unreadable"],
)
def test_what_runs_otherwise_has_another(other):
    assert fingerprint(other) not in (None, fingerprint(LIVE))


def test_an_operator_of_another_version_is_seen():
    assert fingerprint(LIVE, {"kserve": "0.20.0"}) != fingerprint(LIVE, {"kserve": "0.20.1"})


@pytest.mark.parametrize("pods", [(), (replace(POD, containers=(Container("c", "img:1"),)),)], ids=["none", "no id"])
def test_what_cannot_be_seen_whole_has_none(pods):
    assert fingerprint(replace(LIVE, pods=pods)) is None


def test_images_are_named_as_git_does_with_the_nodes_id():
    found = running_images(replace(LIVE, pods=(POD, replace(POD, name="b"))))
    assert [(each.image, each.id) for each in found] == [("img:1", "img@sha256:1")]
