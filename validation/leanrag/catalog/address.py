"""The repository's own address, which stands in one place: the anchor &repoURL in apps/root.yaml."""

import re
from pathlib import Path

from leanrag.core.errors import InputError
from leanrag.core.files import read_text, write_atomic

ROOT_FILE = Path("apps/root.yaml")
_ANCHOR = re.compile(r'(&repoURL )"[^"\n]*"')
# What Argo CD clones from: https, ssh and git addresses, and scp's short form.
_ADDRESS = re.compile(r"(https?|ssh|git)://[^\s\"']+|[\w.-]+@[\w.-]+:[^\s\"']+")


def set_address(root: Path, url: str) -> bool:
    """Write the address that Argo CD reads this repository from; return whether the file changed."""
    if not _ADDRESS.fullmatch(url):
        raise InputError(
            f"{url!r} is no address that Argo CD can clone", hint="give https://…, ssh://… or git@host:path"
        )
    path = root / ROOT_FILE
    before = read_text(path)
    if len(_ANCHOR.findall(before)) != 1:
        raise InputError(f'{path}: &repoURL "…" must stand there once', hint="restore the file from Git")
    after = _ANCHOR.sub(lambda found: f'{found.group(1)}"{url}"', before)
    if after != before:
        write_atomic(path, after)
    return after != before
