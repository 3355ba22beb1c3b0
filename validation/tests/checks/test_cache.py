"""What is kept is what was written, or it counts as absent: a cache may cost time, and never a finding."""

import json
import multiprocessing
from pathlib import Path

import pytest

from leanrag.checks import cache
from leanrag.checks.cache import Pack, Store, digest_of, from_row, row
from leanrag.checks.finding import Finding


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "check")


def test_what_was_written_is_read(store: Store) -> None:
    store.write("a", {"é": [1, "\ud800"]})
    assert store.read("a") == {"é": [1, "\ud800"]}
    assert store.read("b") is None


@pytest.mark.parametrize("keep", [0, 1, 31, 32, 40, -1])
def test_an_entry_that_was_cut_short_is_absent_and_written_anew(store: Store, keep: int) -> None:
    store.write("a", {"findings": ["one", "two"]})
    path = store.folder / "a.json"
    path.write_bytes(path.read_bytes()[:keep])
    assert store.read("a") is None
    store.write("a", 2)
    assert store.read("a") == 2


@pytest.mark.parametrize("at", range(0, 60, 7))
def test_an_entry_with_one_byte_changed_is_absent(store: Store, at: int) -> None:
    store.write("a", {"findings": ["one", "two", "three", "four"]})
    path = store.folder / "a.json"
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    assert store.read("a") is None


def test_a_cache_that_cannot_be_written_keeps_nothing_and_breaks_nothing(tmp_path: Path) -> None:
    (tmp_path / "check").write_text("a file where the folder should be")
    store = Store(tmp_path / "check")
    store.write("a", 1)
    assert store.read("a") is None


def test_a_cache_that_may_only_be_read_is_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write("a", 1)

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "refused")

    monkeypatch.setattr(cache.os, "utime", refused)
    monkeypatch.setattr(cache.tempfile, "mkstemp", refused)
    store.write("b", 2)
    assert (store.read("a"), store.read("b")) == (1, None)


def test_the_oldest_entries_go_when_there_are_too_many(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_FILES", 3)
    for number in range(6):
        store.write(str(number), number)
    assert store.read("5") == 5
    assert len(list(store.folder.iterdir())) <= 3


def test_large_entries_go_before_there_are_many(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_BYTES", 1000)
    for number in range(6):
        store.write(str(number), "x" * 400)
    assert store.read("5")
    assert sum(path.stat().st_size for path in store.folder.iterdir()) <= 1000


def _hammer(folder: Path, number: int) -> None:
    store = Store(folder)
    for turn in range(60):
        store.write("shared", {"by": number, "turn": turn, "filling": "x" * 20_000})


def test_writers_at_the_same_time_leave_whole_entries_only(store: Store) -> None:
    writers = [multiprocessing.Process(target=_hammer, args=(store.folder, number)) for number in range(3)]
    for writer in writers:
        writer.start()
    seen = []
    while any(writer.is_alive() for writer in writers):
        path = store.folder / "shared.json"
        seen += [store.read("shared")] if path.exists() else []
    for writer in writers:
        writer.join()
    assert all(value and len(value["filling"]) == 20_000 for value in seen)
    assert [path.name for path in store.folder.iterdir()] == ["shared.json"]


def test_a_pack_keeps_what_two_processes_found(store: Store) -> None:
    one, other = Pack(store, "objects"), Pack(store, "objects")
    one.put("a", [1])
    other.put("b", [2])
    one.save()
    other.save()
    again = Pack(store, "objects")
    assert (again.get("a"), again.get("b"), again.get("c")) == ([1], [2], None)


def test_a_pack_drops_what_was_not_used_for_longest(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_ENTRIES", 2)
    for key in "abc":
        pack = Pack(store, "objects")
        pack.get("a")
        pack.put(key, [key])
        pack.save()
    again = Pack(store, "objects")
    assert (again.get("a"), again.get("b"), again.get("c")) == (["a"], None, ["c"])


@pytest.mark.parametrize("content", ["[]", '"text"', "7"])
def test_a_pack_that_is_no_pack_is_empty(store: Store, content: str) -> None:
    store.write("objects", json.loads(content))
    assert Pack(store, "objects").get("a") is None


def test_texts_that_join_to_the_same_text_have_other_hashes() -> None:
    assert digest_of("ab", "c") != digest_of("a", "bc")
    assert digest_of("a") != digest_of("a", "")


def test_a_finding_comes_back_whole() -> None:
    finding = Finding("R", "a", "f", "w", "m", "x", 3, True, {"culprit": [1]}, 4, "because", True)
    kept = from_row(json.loads(json.dumps(row(finding))))
    assert [getattr(kept, name) for name in Finding.__slots__] == [getattr(finding, name) for name in Finding.__slots__]
