import os
import tarfile
from pathlib import Path

import pytest

from leanrag.bench.images import containerd, oci, recipes, store
from leanrag.bench.images.layer import text
from leanrag.bench.images.store import Layer
from leanrag.core.errors import ToolError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path / "cache"))


_CTR = """#!/bin/sh
case "$5 $6" in
  "content list") cat {folder}/content ;;
  "snapshots list") echo 'KEY PARENT KIND'; cat {folder}/snapshots ;;
  "images list") echo 'REF TYPE DIGEST'; cat {folder}/list ;;
  "images import") cat > {folder}/sent.tar ;;
esac
"""


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for a containerd: what it says it has, and what it was sent."""
    (tmp_path / "ctr").write_text(_CTR.format(folder=tmp_path))
    (tmp_path / "ctr").chmod(0o755)
    for name in ("content", "snapshots", "list"):
        (tmp_path / name).write_text("")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def _three(monkeypatch: pytest.MonkeyPatch) -> tuple[recipes.Image, list[str]]:
    """Return an image of three layers, the last one not kept, and the names of their files in an archive."""
    layers = [Layer(name, f"{store.LAYOUT}-1", lambda _, n=name: (text(f"/{n}", n),)) for name in ("a", "b")]
    layers.append(Layer("c", f"{store.LAYOUT}-1", lambda _: (text("/c", "c"),), kept=False))
    image = recipes.Image("x:1", tuple(layers))
    monkeypatch.setattr(containerd, "image", lambda _: image)
    return image, [store.packed(layer).digest.replace("sha256:", "blobs/sha256/") for layer in layers]


def _sent(node: Path) -> set[str]:
    with tarfile.open(node / "sent.tar") as archive:
        return set(archive.getnames())


def test_containerd_is_sent_only_layers_that_it_has_neither_unpacked_nor_packed(
    node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, names = _three(monkeypatch)
    blobs = [store.packed(layer) for layer in image.layers]
    (node / "snapshots").write_text(f"{oci.chain(blobs)[0]} - Committed\n{blobs[1].digest} - Committed\n")
    assert containerd.import_images(node / "socket", ["x"]) == (image.reference,)
    assert [name in _sent(node) for name in names] == [False, True, True], "b is unpacked, but on other layers"
    (node / "content").write_text(f"{blobs[1].digest}\n")
    containerd.import_images(node / "socket", ["x"])
    assert [name in _sent(node) for name in names] == [False, False, True]


def test_a_large_layer_is_not_kept_once_it_was_sent(node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image, _ = _three(monkeypatch)
    containerd.import_images(node / "socket", ["x"])
    assert [store.blob_path(store.packed(layer)).exists() for layer in image.layers] == [True, True, False]


def test_an_image_that_is_there_with_the_same_content_is_left_alone(
    node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, _ = _three(monkeypatch)
    row = f"{image.reference} type {containerd.documents(image).digest} 1 MiB linux/amd64 -\n"
    (node / "list").write_text(row)
    assert containerd.import_images(node / "socket", ["x"]) == ()
    (node / "list").write_text(row.replace("sha256:", "sha256:0"))
    assert containerd.import_images(node / "socket", ["x"]) == (image.reference,)


def test_a_containerd_that_refuses_is_an_error_with_its_last_words(node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _three(monkeypatch)
    refusing = _CTR.format(folder=node).replace(f"cat > {node}/sent.tar", "echo no space left >&2; exit 1")
    (node / "ctr").write_text(refusing)
    with pytest.raises(ToolError, match="containerd did not take it: no space left"):
        containerd.import_images(node / "socket", ["x"])


def test_a_layer_that_is_packed_anew_with_other_bits_is_sent_with_all_above_it(
    node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = iter(("one", "two"))
    lower = Layer("l", f"{store.LAYOUT}-1", lambda _: (text("/l", next(words)),))
    upper = Layer("u", f"{store.LAYOUT}-1", lambda _: (text("/u", "u"),))
    monkeypatch.setattr(containerd, "image", lambda _: recipes.Image("x:1", (lower, upper)))
    before = [store.packed(lower), store.packed(upper)]
    (node / "snapshots").write_text(f"{oci.chain(before)[1]} - Committed\n")
    store.blob_path(before[0]).unlink()
    containerd.import_images(node / "socket", ["x"])
    sent = {blob.digest.replace("sha256:", "blobs/sha256/") for blob in (store.packed(lower), store.packed(upper))}
    assert sent <= _sent(node)
    assert store.packed(lower) != before[0]


def test_an_import_is_tried_again_when_containerd_lost_a_layer_meanwhile(
    node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, names = _three(monkeypatch)
    blobs = [store.packed(layer) for layer in image.layers]
    (node / "snapshots").write_text(f"{oci.chain(blobs)[1]} - Committed\n{oci.chain(blobs)[0]} - Committed\n")
    once = f"if [ -s {node}/snapshots ]; then : > {node}/snapshots; echo parent is gone >&2; exit 1; fi; "
    losing = _CTR.format(folder=node).replace(f"cat > {node}/sent.tar", f"{once}cat > {node}/sent.tar")
    (node / "ctr").write_text(losing)
    assert containerd.import_images(node / "socket", ["x"]) == (image.reference,)
    assert set(names) <= _sent(node)
