"""The verdicts of all clusters, read back without trust and only as far as they are asked for."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from leanrag.evidence.effective import Effective, effective
from leanrag.evidence.keys import Keys, public_keys
from leanrag.evidence.store import Record, read

Body = Mapping[str, Any]
_NAME = re.compile(r"verdict-([0-9a-f]{12})-[1-9][0-9]*")


@dataclass(slots=True)
class Reader:
    """Judges ConfigMaps once: signatures and documents of hundreds of verdicts need not be read at each round."""

    _keys: dict[tuple[str, ...], Keys] = field(default_factory=dict)
    _records: dict[tuple[str, str, str, tuple[str, ...]], Record] = field(default_factory=dict)

    def record(self, cluster: str, body: Body, lines: tuple[str, ...]) -> Record:
        """Return one ConfigMap as a record, judged with the public keys of its cluster."""
        metadata = body.get("metadata") or {}
        version = (cluster, str(metadata.get("uid")), str(metadata.get("resourceVersion")), lines)
        if not metadata.get("uid"):
            return read(body, self._known(lines))
        if version not in self._records:
            self._records[version] = read(body, self._known(lines))
        return self._records[version]

    def forget(self, bodies: Iterable[Body]) -> None:
        """Drop what is remembered of ConfigMaps that exist no longer."""
        here = {str((body.get("metadata") or {}).get("uid")) for body in bodies}
        self._records = {version: record for version, record in self._records.items() if version[1] in here}

    def _known(self, lines: tuple[str, ...]) -> Keys:
        if lines not in self._keys:
            self._keys[lines] = public_keys(lines)
        return self._keys[lines]


class Verdicts:
    """The verdict ConfigMaps by cluster; `problems` names the clusters that could not be asked, and why."""

    def __init__(
        self,
        bodies: Mapping[str, Iterable[Body]],
        problems: Mapping[str, str] | None = None,
        reader: Reader | None = None,
    ) -> None:
        self.problems = problems or {}
        self._reader = reader or Reader()
        self._by_commit: dict[str, dict[str, list[Body]]] = {}
        for cluster, each in bodies.items():
            for body in each:
                found = _NAME.fullmatch(str((body.get("metadata") or {}).get("name")))
                if found:
                    self._by_commit.setdefault(cluster, {}).setdefault(found[1], []).append(body)

    def commits(self, cluster: str) -> tuple[str, ...]:
        """Return the commits, 12 hex digits each, that a cluster has verdicts about."""
        return tuple(self._by_commit.get(cluster, ()))

    def answer(
        self,
        cluster: str,
        sha: str,
        keys: tuple[str, ...],
        content_hash: str | None,
        *,
        now: datetime,
        max_age: timedelta,
    ) -> Effective:
        """Return which verdict counts for a commit on a cluster; `keys` are the public ones that main names."""
        bodies = self._by_commit.get(cluster, {}).get(sha[:12], ())
        records = [self._reader.record(cluster, body, keys) for body in bodies]
        return effective(records, cluster, sha, content_hash, now=now, max_age=max_age)
