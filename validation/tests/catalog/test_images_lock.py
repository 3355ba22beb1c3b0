"""The lock of a cluster's images: what is not known is written as such, and nothing else can be."""

from pathlib import Path

import pytest

from leanrag.catalog.images_lock import ImagesLock, Locked, lock_text, read_lock
from leanrag.core.errors import InputError

DIGEST = "sha256:" + "a" * 64
KNOWN = Locked(digest=DIGEST, mediaType="m", resolved="2026-01-01T00:00:00Z", registry="https://r.example.com")


def written(folder: Path, lock: ImagesLock) -> Path:
    path = folder / "images.lock"
    path.write_text(lock_text(lock))
    return path


def test_a_lock_reads_back_as_it_was_written(tmp_path):
    lock = ImagesLock(cluster="prod", images={"r/b:1": KNOWN, "r/a:1": Locked(unresolved="no such host")})
    assert read_lock(written(tmp_path, lock)) == lock


def test_equal_locks_are_equal_files_whatever_the_order(tmp_path):
    rows = {"r/b:1": KNOWN, "r/a:1": KNOWN}
    both = [lock_text(ImagesLock(cluster="x", images=dict(order))) for order in (rows.items(), reversed(rows.items()))]
    assert both[0] == both[1]
    assert both[0].index("r/a:1") < both[0].index("r/b:1")


def test_no_file_is_no_lock(tmp_path):
    assert read_lock(tmp_path / "images.lock") is None


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{}", "either digest or unresolved"),
        (f"{{digest: '{DIGEST}', unresolved: why}}", "either digest or unresolved"),
        ("{digest: 'sha256:abc'}", "digest: String should match pattern"),
        ("{digset: x}", "digset: Extra inputs"),
    ],
)
def test_an_entry_that_says_nothing_or_two_things_is_refused(tmp_path, entry, said):
    path = tmp_path / "images.lock"
    path.write_text(f"version: 1\ncluster: prod\nimages:\n  r/a:1: {entry}\n")
    with pytest.raises(InputError) as error:
        read_lock(path)
    assert said in error.value.message
    assert "r/a:1" in error.value.message


def test_a_lock_of_a_later_format_is_refused(tmp_path):
    path = tmp_path / "images.lock"
    path.write_text("version: 2\ncluster: prod\nimages: {}\n")
    with pytest.raises(InputError, match="version"):
        read_lock(path)
