"""Names behind ids: the two servers put the uploaded file's id in different places."""

from typing import Any

import pytest

from leanrag.rag.client import Store, _name

STORE = Store("vs_1", 384, {"file-1": "gpu.md", "file-2": "vpn.md"})


@pytest.mark.parametrize(
    ("row", "name"),
    [
        # Llama Stack 0.7.3, /search
        ({"file_id": "file-1", "filename": "gpu.md", "attributes": {"file_id": "file-1"}}, "gpu.md"),
        # Llama Stack 0.7.3, inside /v1/responses: filename is the id
        ({"file_id": "file-1", "filename": "file-1", "attributes": {"filename": "gpu.md"}}, "gpu.md"),
        # OGX 1.5.0: file_id is a document id
        ({"file_id": "25de64e2-88ec", "filename": "25de64e2-88ec", "attributes": {"file_id": "file-1"}}, "gpu.md"),
        # OGX 1.5.0, annotation: only the name is ours
        ({"type": "file_citation", "file_id": "25de64e2-88ec", "filename": "gpu.md", "index": 130}, "gpu.md"),
        # an id is believed before a name
        ({"file_id": "file-2", "filename": "gpu.md", "attributes": {}}, "vpn.md"),
        ({"file_id": "file-9", "filename": "salaries.md", "attributes": {"file_id": "file-9"}}, ""),
        ({"file_id": None, "filename": None, "attributes": None}, ""),
        ({"file_id": ["file-1"], "filename": 7}, ""),
    ],
)
def test_a_result_is_traced_to_the_file_that_was_uploaded(row: dict[str, Any], name: str) -> None:
    assert _name(row, STORE) == name
