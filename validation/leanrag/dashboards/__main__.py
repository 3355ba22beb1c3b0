"""`python -m leanrag.dashboards [--write]`: say which files of charts are not what the boards say, or write them."""

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from leanrag.dashboards import console, grafana
from leanrag.dashboards.everything import ALL
from leanrag.dashboards.model import Board

CHARTS = Path(__file__).parents[3] / "charts"
# Who may write where the console reads is a chart of the platform, so its files lie there.
FOLDERS: Mapping[str, Callable[[Board], str]] = {
    "observe/dashboards/files": grafana.text,
    "platform/monitoring/files": console.text,
}


def main(arguments: Iterable[str], charts: Path = CHARTS) -> int:
    """Return 0 when every file is as it should be, or has been written."""
    wanted = {charts / folder / f"{board.name}.json": text(board) for folder, text in FOLDERS.items() for board in ALL}
    if "--write" in arguments:
        for path, body in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(body)
    there = {path: path.read_text() for folder in FOLDERS for path in (charts / folder).glob("*.json")}
    bad = sorted(path for path in {*wanted, *there} if there.get(path) != wanted.get(path))
    for path in bad:
        print(f"{path}: is not what leanrag.dashboards says; run: python -m leanrag.dashboards --write")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
