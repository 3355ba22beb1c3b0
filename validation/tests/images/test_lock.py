"""The lock holds what registries said and nothing else; what was known stays, and what moved is not taken over."""

import json

import pytest
from click.testing import CliRunner
from validation.tests.images.registries import DIGEST, Ways, registry

from leanrag.catalog.images_lock import read_lock
from leanrag.cli.images import images_group

pytestmark = pytest.mark.helm
APP, OTHER = "r.example.com/team/app:1", "r.example.com/team/other:1"
NEWER = "sha256:" + "9" * 64


@pytest.fixture(autouse=True)
def no_logins(monkeypatch):
    monkeypatch.setattr("leanrag.images.credentials._places", lambda: iter(()))


def lock(tree, ways=None, *arguments):
    """Run `leanrag images lock` for east; without ways nobody listens where it asks."""
    with registry(ways or Ways()) as host:
        address = f"r.example.com=http://{host if ways else '127.0.0.1:1'}"
        argv = ["lock", "--root", str(tree.path), "--cluster", "east", "--mirror", address, *arguments]
        result = CliRunner().invoke(images_group, argv, standalone_mode=False)
    if result.exception:
        raise result.exception
    return result


def test_every_image_gets_the_digest_that_its_registry_said(tree):
    tree.use(APP)
    result = lock(tree, Ways())
    found = read_lock(tree.lock()).images[APP]
    assert (result.return_value, found.digest, found.unresolved) == (0, DIGEST, "")
    assert found.registry.startswith("http://127.0.0.1:") and found.resolved.endswith("Z")
    assert not tree.lock("west").exists()


def test_what_nobody_said_is_written_as_unknown_and_all_of_it_is_told(tree):
    tree.use(APP, OTHER, "r.example.com/bad//name")
    result = lock(tree, Ways())
    unknown = {image: each.unresolved for image, each in read_lock(tree.lock()).images.items() if each.unresolved}
    assert result.return_value == 2
    assert "has no team/other:1" in unknown[OTHER] and "no image reference" in unknown["r.example.com/bad//name"]
    assert all(f"UNKNOWN {image}" in result.output for image in unknown)


def test_the_same_answer_leaves_the_same_file(tree, monkeypatch):
    tree.use(APP)
    lock(tree, Ways())
    before = tree.lock().read_bytes()
    monkeypatch.setattr("leanrag.cli.images.stamp", lambda moment: "2099-01-01T00:00:00Z")
    assert lock(tree, Ways()).return_value == 0
    assert tree.lock().read_bytes() == before


def test_a_tag_that_moved_is_told_and_not_taken_over(tree):
    tree.use(APP)
    lock(tree, Ways())
    result = lock(tree, Ways(digest_header=NEWER))
    assert (result.return_value, read_lock(tree.lock()).images[APP].digest) == (1, DIGEST)
    assert f"MOVED {APP}: locked {DIGEST}, now {NEWER}" in result.output


def test_a_tag_that_moved_is_taken_over_when_somebody_says_so(tree):
    tree.use(APP)
    lock(tree, Ways())
    assert lock(tree, Ways(digest_header=NEWER), "--accept-moved").return_value == 0
    assert read_lock(tree.lock()).images[APP].digest == NEWER


def test_a_registry_that_is_away_takes_nothing_back(tree):
    tree.use(APP)
    lock(tree, Ways())
    before = tree.lock().read_bytes()
    result = lock(tree)
    assert (result.return_value, tree.lock().read_bytes()) == (0, before)
    assert "the older answer stays" in result.output


def test_an_image_that_is_no_longer_used_leaves_the_lock(tree):
    tree.use(APP, OTHER)
    lock(tree, Ways(names=("team/app", "team/other")))
    tree.use(APP)
    lock(tree, Ways())
    assert list(read_lock(tree.lock()).images) == [APP]


def test_what_cannot_be_rendered_makes_no_answer_and_loses_no_digest(tree):
    tree.use(APP)
    lock(tree, Ways())
    tree.template("pod", '{{ fail "no" }}')
    result = lock(tree, Ways())
    assert (result.return_value, read_lock(tree.lock()).images[APP].digest) == (2, DIGEST)
    assert "not rendered, so its images are not in a lock: east-store" in result.output


def test_a_malformed_lock_is_not_written_over(tree):
    tree.use(APP)
    tree.lock().write_text("images: [")
    with pytest.raises(Exception, match=r"images\.lock"):
        lock(tree, Ways())
    assert tree.lock().read_text() == "images: ["


def test_a_private_registry_is_asked_with_the_login_of_a_file(tree, tmp_path):
    tree.use(APP)
    path = tmp_path / "pull-secret.json"
    path.write_text(json.dumps({"auths": {"127.0.0.1": {"auth": "bWU6c2VjcmV0"}}}))
    with registry(Ways(login="me:secret")) as host:
        path.write_text(path.read_text().replace("127.0.0.1", host))
        argv = ["lock", "--root", str(tree.path), "--cluster", "east", "--auth", str(path)]
        result = CliRunner().invoke(
            images_group, [*argv, "--mirror", f"r.example.com=http://{host}"], standalone_mode=False
        )
    assert result.return_value == 0
    assert "secret" not in result.output + tree.lock().read_text()
