"""`python -m leanrag.dashboards [--write]`: say which files of the chart are not what the boards say, or write them."""

import sys
from collections.abc import Iterable
from pathlib import Path

from leanrag.dashboards.everything import ALL
from leanrag.dashboards.grafana import text

FOLDER = Path(__file__).parents[3] / "charts/observe/dashboards/files"


def main(arguments: Iterable[str], folder: Path = FOLDER) -> int:
    """Return 0 when every file is as it should be, or has been written."""
    wanted = {f"{board.name}.json": text(board) for board in ALL}
    if "--write" in arguments:
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in wanted.items():
            (folder / name).write_text(body)
    bad = sorted(name for name in {*wanted, *_there(folder)} if _there(folder).get(name) != wanted.get(name))
    for name in bad:
        print(f"{folder / name}: is not what leanrag.dashboards says; run: python -m leanrag.dashboards --write")
    return int(bool(bad))


def _there(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.glob("*.json")}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
