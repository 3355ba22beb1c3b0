"""Write yaml.jsonl, what Kubernetes makes of thousands of hostile texts: run this file after a change of the maker.

Rows are [text, documents] or [text, null, reason]; the maker is bootstrap/tools/yaml-golden, on sigs.k8s.io/yaml.
"""

from pathlib import Path

from leanrag.core.process import run
from leanrag.render.tools import tool

TABLE = Path(__file__).with_name("yaml.jsonl")


def table() -> str:
    """Return the table anew; building its maker takes seconds."""
    return run([tool("yaml-golden"), "table"], what="yaml-golden table", timeout=60).stdout


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
