"""A verdict read back, without trust: one that cannot be read is not an error but an answer, NOT_RUN."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from leanrag.core.errors import InputError
from leanrag.core.files import read_text
from leanrag.core.outcome import Outcome
from leanrag.evidence.store import parse_document
from leanrag.gate.verdict import SCHEMA

MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """A verdict read back: `document` is None exactly when it cannot be used, and then the outcome is NOT_RUN."""

    outcome: Outcome
    reason: str
    document: Mapping[str, Any] | None


def read_verdict(path: Path) -> Reading:
    """Read a verdict file; missing, unreadable, truncated or foreign ones are NOT_RUN with the reason."""
    try:
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            return _not_run(f"{path}: larger than {MAX_BYTES // 2**20} MiB, so not a verdict")
        return parse_verdict(read_text(path), str(path))
    except InputError as error:
        return _not_run(error.message)
    except OSError as error:
        return _not_run(f"{path}: cannot be read: {error.strerror}")


def parse_verdict(text: str, source: str) -> Reading:
    """Read a verdict from text; `source` names it in the reason."""
    document = parse_document(text, source)
    if isinstance(document, str):
        return _not_run(document)
    if problems := schema_problems(document):
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        return _not_run(f"{source}: {problems[0]}{more}")
    return Reading(Outcome(document["outcome"]), document["reason"], document)


def schema_problems(document: object) -> tuple[str, ...]:
    """Return what is wrong with a document by the schema, a foreign schema version first and alone."""
    if not isinstance(document, Mapping):
        return ("not a JSON object",)
    if (version := document.get("schema")) != SCHEMA:
        return (f"schema {version!r} is not {SCHEMA!r}",)
    found = sorted(_validator().iter_errors(document), key=lambda error: error.json_path)
    return tuple(f"{error.json_path}: {error.message[:200]}" for error in found)


@lru_cache(maxsize=1)
def _validator() -> Draft202012Validator:
    schema = json.loads(resources.files("leanrag.gate").joinpath("verdict.schema.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema)


def _not_run(reason: str) -> Reading:
    return Reading(Outcome.NOT_RUN, reason, None)
