"""Answers of the API server, kept: the same program, definition, namespace and object get the same answer again."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from leanrag.bench import accept_ask, accept_server
from leanrag.bench.accept_ask import Asker, Question
from leanrag.checks.trees.releases import RELEASES, UPSTREAM
from leanrag.core.files import cache_dir, read_text, write_atomic
from leanrag.core.progress import say
from leanrag.render.tools import tool


class Memory:
    """Asks only what is new, and starts an API server only then; `asked` and `known` count different questions."""

    def __init__(self, fresh: bool = False) -> None:
        self._path = cache_dir() / "accept" / f"answers-{_asker_hash()}.json"
        self._fresh = fresh
        self.asked = self.known = 0

    def answers(self, questions: Iterable[Question]) -> dict[str, str]:
        """Return the answer to every question by its key."""
        wanted: dict[str, Question] = {}
        for each in questions:
            wanted.setdefault(each.key, each)
        kept = {} if self._fresh or not self._path.is_file() else json.loads(read_text(self._path))
        new = {key: each for key, each in wanted.items() if key not in kept}
        self.asked, self.known = len(new), len(wanted) - len(new)
        if new:
            kept.update(_asked(new))
            write_atomic(self._path, json.dumps(kept, sort_keys=True))
        return {key: kept[key] for key in wanted}


def _asked(new: dict[str, Question]) -> dict[str, str]:
    found: dict[str, str] = {}
    with accept_server.api_server() as server:
        asker = Asker(server)
        for order in (*RELEASES, UPSTREAM):
            batch = {key: each for key, each in new.items() if each.release == order}
            if batch:
                say(f"accept: {len(batch)} dry runs on {order or 'upstream'}")
                found.update(zip(batch, asker.answers(batch.values()), strict=True))
    return found


def _asker_hash() -> str:
    """Return a hash of who is asked and how: the programs' pins, and the code that asks."""
    digest = hashlib.blake2b(str(tool("kube-apiserver").parent.name).encode(), digest_size=8)
    for module in (accept_ask, accept_server):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()
