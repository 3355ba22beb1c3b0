"""Plain files of every form are read, and what the store answers for them is what a run from nothing says."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from leanrag.checks.cache import Store
from leanrag.checks.run import CheckRun, check_files

from .answers import POD, never, said

pytestmark = [pytest.mark.helm, pytest.mark.usefixtures("_steady")]


@pytest.fixture
def files(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def made(name: str, content: str | bytes) -> Path:
        path = tmp_path / "m" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return made


def places(run: CheckRun) -> set[tuple[str, str, int]]:
    return {(each.rule, Path(each.file).name, each.line) for each in run.findings if each.rule in ("IMG001", "FIL001")}


def test_plain_files_of_every_form_are_read_and_a_finding_has_its_line(files: Callable[..., Path]) -> None:
    bad = POD % ("bad", "latest")
    folder = files("a.yaml", f"{POD % ('good', 'v1.2.3')}---\n{bad}").parent
    files("crlf.yaml", bad.replace("\n", "\r\n"))
    files("bom.yaml", b"\xef\xbb\xbf" + bad.encode())
    files("empty.yaml", "\n---\n# nothing\n---\n")
    files("list.yaml", "apiVersion: v1\nkind: List\nitems:\n  - " + bad.strip().replace("\n", "\n    ") + "\n")
    files(
        "o.json",
        '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "j"}, "spec": {"containers": [\n'
        '{"name": "a", "image": "a:latest"}]}}',
    )
    files("latin.yml", b"kind: \xe9\n")
    files("notes.txt", "not a manifest")
    os.mkfifo(folder / "pipe.yaml")
    found = places(check_files([folder]))
    assert found == {
        ("IMG001", "a.yaml", 13),
        ("IMG001", "crlf.yaml", 6),
        ("IMG001", "bom.yaml", 6),
        ("IMG001", "list.yaml", 9),
        ("IMG001", "o.json", 2),
        ("FIL001", "latin.yml", 1),
        ("FIL001", "pipe.yaml", 0),
    }


def test_plain_files_are_answered_from_the_store_until_a_byte_differs(
    files: Callable[..., Path], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other = files("a.yaml", POD % ("a", "latest")), files("b.yaml", POD % ("a", "latest"))
    first = check_files([path, other], store=store)
    assert places(first) == {("IMG001", "a.yaml", 6), ("IMG001", "b.yaml", 6)}
    from leanrag.checks import whole_files

    with monkeypatch.context() as patched:
        patched.setattr(whole_files, "check_contents", never)
        assert said(check_files([path, other], store=store)) == said(first)
    files("b.yaml", POD % ("a", "v1.2.3"))
    assert places(check_files([path, other], store=store)) == {("IMG001", "a.yaml", 6)}
    # An object is known by its content: in another file it is the same object with the same fault.
    third = files("c.yaml", "\n" + POD % ("a", "latest"))
    assert places(check_files([third], store=store)) == {("IMG001", "c.yaml", 7)}
