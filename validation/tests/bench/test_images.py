import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import pytest

from leanrag.bench.images import checkout, oci, recipes, store
from leanrag.bench.images.layer import Blob, Entry, file, folder, link, text, tree, write_layer
from leanrag.bench.images.store import Layer
from leanrag.engine import lists
from leanrag.engine.flags import Flag
from leanrag.engine.wheels import FOLDER, Pin

ROOT = Path(__file__).resolve().parents[3]


def _packed(entries: Iterable[Entry]) -> tuple[Blob, bytes]:
    stream = io.BytesIO()
    blob = write_layer(entries, stream)
    return blob, stream.getvalue()


def _members(content: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {member.name: member for member in archive}


def test_the_bytes_of_a_layer_follow_from_its_content_alone(tmp_path: Path) -> None:
    for name, when in (("one", 1_000_000), ("two", 2_000_000)):
        (tmp_path / name).mkdir()
        for leaf in ("b", "a") if when == 1_000_000 else ("a", "b"):
            (tmp_path / name / leaf).write_text(leaf)
            os.utime(tmp_path / name / leaf, (when, when))
    one, two = (_packed(tree("opt", tmp_path / name)) for name in ("one", "two"))
    assert one == two
    entries = (text("/b", "b"), text("/a", "a"))
    assert _packed(entries) == _packed(reversed(entries))
    assert one[0].digest == f"sha256:{hashlib.sha256(one[1]).hexdigest()}"
    assert one[0].size == len(one[1])


def test_programs_stay_executable_links_stay_links_and_nobody_owns_a_file(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("#!/bin/sh\n")
    (tmp_path / "run").chmod(0o755)
    (tmp_path / "data").write_text("x")
    entries = (file("/bin/run", tmp_path / "run"), file("/bin/data", tmp_path / "data"), link("/bin/sh", "run"))
    members = _members(_packed((*entries, folder("/tmp")))[1])
    assert [members[name].mode for name in ("bin/run", "bin/data", "tmp")] == [0o755, 0o644, 0o1777]
    assert members["bin/sh"].linkname == "run"
    assert {(each.uid, each.gid, each.mtime, each.uname) for each in members.values()} == {(0, 0, 0, "")}


def test_left_out_patterns_leave_out_what_they_name_and_nothing_else(tmp_path: Path) -> None:
    for name in ("site/nvidia/a/include/x.h", "site/nvidia/a/lib/liba.so", "site/triton/t.py", "site/deep/triton/t.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    found = {entry.path for entry in tree("", tmp_path, ("/site/nvidia/*/include", "/site/triton"))}
    assert found == {"site/nvidia/a/lib/liba.so", "site/deep/triton/t.py"}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "images"


def _layer(key: str, content: str, made: list[str], kept: bool = True) -> Layer:
    def entries(_: Path) -> Iterable[Entry]:
        made.append(key)
        return (text("/a", content),)

    return Layer("base", f"{store.LAYOUT}-{key}", entries, kept=kept)


@pytest.mark.usefixtures("cache")
def test_a_layer_is_packed_once_for_its_inputs_and_an_older_one_is_deleted() -> None:
    made: list[str] = []
    first = store.packed(_layer("1", "one", made))
    assert store.packed(_layer("1", "one", made)) == first
    assert made == ["1"]
    second = store.packed(_layer("2", "two", made))
    assert made == ["1", "2"]
    assert store.blob_path(second).is_file()
    assert not store.blob_path(first).exists()


@pytest.mark.usefixtures("cache")
def test_deleted_bytes_are_made_again_and_the_record_follows_them() -> None:
    made: list[str] = []
    blob = store.packed(_layer("1", "one", made))
    store.blob_path(blob).unlink()
    assert store.packed(_layer("1", "one", made)) == blob
    assert made == ["1"]
    assert store.present(_layer("1", "one", made)) == blob
    assert made == ["1", "1"]
    store.blob_path(blob).unlink()
    changed = store.present(_layer("1", "changed", made))
    assert changed != blob
    assert store.known(_layer("1", "one", made)) == changed


def test_an_archive_names_its_image_and_every_digest_is_that_of_its_bytes(tmp_path: Path) -> None:
    there, sent = Blob("sha256:" + "0" * 64, 7), _packed((text("/a", "x"),))
    (tmp_path / "layer").write_bytes(sent[1])
    image = oci.documents("bench.local/lean-rag/x:1", (there, sent[0]), {"User": "1001"})
    stream = io.BytesIO()
    oci.write_archive(image, [(sent[0], tmp_path / "layer")], stream)
    with tarfile.open(fileobj=io.BytesIO(stream.getvalue())) as archive:
        content = {name: archive.extractfile(name).read() for name in archive.getnames()}  # type: ignore[union-attr]
    index = json.loads(content["index.json"])["manifests"][0]
    assert index["annotations"]["io.containerd.image.name"] == "bench.local/lean-rag/x:1"
    manifest = json.loads(content["blobs/" + index["digest"].replace(":", "/")])
    config = json.loads(content["blobs/" + manifest["config"]["digest"].replace(":", "/")])
    assert [each["digest"] for each in manifest["layers"]] == config["rootfs"]["diff_ids"]
    assert config["config"]["User"] == "1001"
    blobs = {name: data for name, data in content.items() if name.startswith("blobs/")}
    assert all(hashlib.sha256(data).hexdigest() == name.rpartition("/")[2] for name, data in blobs.items())
    assert "blobs/sha256/" + "0" * 64 not in blobs


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch) -> dict[str, recipes.Image]:
    """Every recipe, with nothing built, fetched or asked for."""
    monkeypatch.setattr(recipes, "environment_key", lambda name: f"env-{name}")
    monkeypatch.setattr(recipes, "tool", lambda name: ROOT / name / name)
    monkeypatch.setattr(recipes.userland, "shell_entries", lambda _: ())
    monkeypatch.setattr(checkout, "schema_key", lambda: "schemas")
    return {each.short: each for each in recipes.images()}


def test_the_gate_has_no_load_engine_and_the_load_generator_is_the_gate_and_nothing_else(
    images: dict[str, recipes.Image],
) -> None:
    gate, loadgen = images["gate"].layers, images["loadgen"].layers
    assert {each.name for each in loadgen} - {each.name for each in gate} == {"guidellm"}
    assert [each.name for each in loadgen if each.name != "guidellm"] == [each.name for each in gate]
    assert gate[-1].name == loadgen[-1].name == "leanrag"


def test_a_changed_line_of_leanrag_changes_one_layer_of_the_gate_and_none_of_the_embedder(
    images: dict[str, recipes.Image], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    changed = tmp_path / "leanrag"
    for path in checkout.sources():
        target = changed / path.relative_to(checkout.package_folder())
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    (changed / "gate" / "run.py").write_text("# changed\n")
    monkeypatch.setattr(checkout, "package_folder", lambda: changed)
    monkeypatch.setattr(checkout, "_project", lambda: ROOT / "pyproject.toml")
    for name, differing in (("gate", ["leanrag"]), ("loadgen", ["leanrag"]), ("embedder", []), ("ogx", [])):
        pairs = zip(images[name].layers, recipes.image(name).layers, strict=True)
        assert [before.name for before, after in pairs if before.key != after.key] == differing


def test_an_image_brings_the_schemas_and_lists_where_the_check_looks_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = tmp_path / "pins" / "code"
    compiled.mkdir(parents=True)
    (compiled / "index.json").write_text("{}")
    pins = {"9.9.0": Pin("9.9.0", 1, "0" * 64)}
    for module in (lists, checkout):
        monkeypatch.setattr(module, "pins", lambda: pins)
    monkeypatch.setattr(checkout, "schemas", lambda: SimpleNamespace(folder=compiled))
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LEANRAG_SCHEMAS", raising=False)
    made = lists.Engine("9.9.0", {"headless": Flag("headless", "switch")}, {})
    monkeypatch.setattr(lists, "_read", lambda pin: made)
    entries, key = list(checkout.schema_entries(tmp_path)), checkout.schema_key()
    for entry in entries:
        target = tmp_path / "image" / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(entry.source.read_bytes() if entry.source else b"")
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("LEANRAG_SCHEMAS", f"{tmp_path}/image{checkout.SCHEMAS}")
    monkeypatch.setattr(lists, "_read", lambda pin: pytest.fail("asked the network"))
    lists._attempt.cache_clear()
    assert lists.engine("9.9.0") == made
    assert (tmp_path / "image" / checkout.SCHEMAS.lstrip("/") / "pins/code/index.json").is_file()
    monkeypatch.setattr(lists, "_key", lambda pin: "changed")
    monkeypatch.setattr(lists, "_read", lambda pin: made)
    monkeypatch.delenv("LEANRAG_SCHEMAS")
    lists._attempt.cache_clear()
    assert checkout.schema_key() != key
    lists._attempt.cache_clear()


def test_the_embedder_has_all_that_it_imports(tmp_path: Path) -> None:
    for path in checkout.standin_sources():
        target = tmp_path / "leanrag" / path.relative_to(checkout.package_folder())
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    ask = "import leanrag.rag.standin.__main__ as m; print(m.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", ask],
        env={"PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith(str(tmp_path)), done.stderr


def test_the_containerfiles_say_the_same_as_what_is_packed(images: dict[str, recipes.Image]) -> None:
    files = {
        "gate": "gate",
        "loadgen": "gate",
        "ogx": "rag-server",
        "embedder": "embedder",
        "inference-sim": "inference-sim",
    }
    for name, where in files.items():
        written = (ROOT / "bootstrap" / "images" / where / "Containerfile").read_text()
        assert f"USER {recipes.USER}" in written
        for variable, value in images[name].environment.items():
            if variable == "PATH":
                value = value.partition("/usr/")[0] + "$PATH"
            assert f"{variable}={value}" in written, name
        if images[name].entrypoint:
            assert f"ENTRYPOINT {json.dumps(list(images[name].entrypoint))}" in written
        locks = {each.name for each in images[name].layers} & {"gate", "guidellm", "embedder"}
        assert all(f"locks/{lock}.txt" in written for lock in locks)


def test_the_containerfile_of_the_gate_brings_schemas_and_lists_to_one_place() -> None:
    written = (ROOT / "bootstrap/images/gate/Containerfile").read_text()
    assert "leanrag tools schemas engines " in written
    for pins in sorted({pin.parent.name for pin in checkout._pins()}):
        assert f"COPY bootstrap/tools/{pins}/ {checkout.TOOLS}/{pins}/\n" in written
    assert f"COPY --from=schemas /cache/schemas {checkout.SCHEMAS}\n" in written
    assert f"COPY --from=schemas /cache/{FOLDER} {checkout.SCHEMAS}/{FOLDER}\n" in written
