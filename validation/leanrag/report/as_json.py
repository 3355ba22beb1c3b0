"""The verdict as it is: one JSON document."""

import json
from collections.abc import Mapping
from typing import Any


def render(document: Mapping[str, Any]) -> str:
    """Return the document unchanged, for programs; ASCII, so that half a surrogate pair cannot stop the writing."""
    return json.dumps(document, indent=2, allow_nan=False) + "\n"
