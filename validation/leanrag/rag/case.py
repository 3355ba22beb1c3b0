"""Cases and their corpus as data: a folder of YAML files, checked by case.schema.json before anything is sent."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from leanrag.core import yamlio
from leanrag.core.errors import InputError, LeanragError

BUILT_IN = Path(str(files("leanrag.rag"))) / "cases"
MAX_DOCUMENT = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    """One file of the corpus: what is uploaded, and the attributes that filters see."""

    name: str
    content: bytes
    attributes: Mapping[str, str | float | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """One question to the service. `needs` holds every capability, implied ones included."""

    name: str
    proves: str
    kind: str
    needs: tuple[str, ...]
    input: Mapping[str, Any]
    expect: Mapping[str, Any]

    @property
    def uses_corpus(self) -> bool:
        """Whether the documents must be stored before this case can run."""
        return self.kind in ("search", "answer")


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of one folder and their corpus."""

    name: str
    documents: tuple[Document, ...]
    cases: tuple[Case, ...]

    @property
    def fingerprint(self) -> str:
        """sha256 over names, texts and attributes: results of two runs compare only when it is the same."""
        digest = hashlib.sha256()
        for document in sorted(self.documents, key=lambda one: one.name):
            head = [document.name, len(document.content), dict(sorted(document.attributes.items()))]
            digest.update(json.dumps(head).encode() + b"\n" + document.content)
        return f"sha256:{digest.hexdigest()}"


def load_suite(folder: Path) -> Suite:
    """Read every *.yaml of a folder as one suite; all problems of all files come in one InputError."""
    sources = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    if not sources:
        raise InputError(f"{folder}: no *.yaml files with smoke cases", hint="name a folder as in leanrag/rag/cases")
    problems: list[str] = []
    documents: list[Document] = []
    cases: list[Case] = []
    for source in sources:
        try:
            data = yamlio.read(source)
        except LeanragError as error:
            problems.append(str(error))
            continue
        found = tuple(_schema_problems(source, data))
        problems.extend(found)
        if not found:
            documents.extend(_documents(folder, source, data.get("documents", {}), problems))
            cases.extend(_case(one) for one in data.get("cases", ()))
    problems.extend(_suite_problems(folder, documents, cases) if not problems else ())
    if problems:
        raise InputError("\n".join(problems), hint="see case.schema.json; every case needs something to check")
    return Suite(folder.name, tuple(documents), tuple(cases))


@cache
def _validator() -> Draft202012Validator:
    schema = json.loads((files("leanrag.rag") / "case.schema.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema)


def _schema_problems(source: Path, data: Any) -> Iterator[str]:
    for error in sorted(_validator().iter_errors(data), key=lambda one: list(map(str, one.absolute_path))):
        yield f"{source}: {_place(data, error)}{_said(error)}"


def _said(error: ValidationError) -> str:
    deepest = best_match(error.context) if error.context else None
    return (deepest or error).message


def _place(data: Any, error: ValidationError) -> str:
    """Name the case instead of its index: `case 'top-1': expect.top: `."""
    path = [str(part) for part in error.absolute_path]
    if len(path) > 1 and path[0] == "cases":
        case = data["cases"][int(path[1])]
        name = case.get("name", path[1]) if isinstance(case, Mapping) else path[1]
        return ": ".join([f"case '{name}'", *([".".join(path[2:])] if path[2:] else [])]) + ": "
    return f"{'.'.join(path)}: " if path else ""


def _documents(folder: Path, source: Path, given: Mapping[str, Any], problems: list[str]) -> Iterator[Document]:
    for name, one in given.items():
        try:
            content = one["text"].encode() if "text" in one else _content(folder, one["path"])
        except InputError as error:
            problems.append(f"{source}: document '{name}': {error}")
            continue
        yield Document(name, content, one.get("attributes", {}))


def _content(folder: Path, path: str) -> bytes:
    place = (folder / path).resolve()
    if not place.is_relative_to(folder.resolve()):
        raise InputError(f"{path}: outside the folder of the cases")
    try:
        content = place.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    if not content or len(content) > MAX_DOCUMENT:
        raise InputError(f"{path}: {len(content)} bytes; a document has 1 to {MAX_DOCUMENT}")
    return content


def _case(data: Mapping[str, Any]) -> Case:
    given = data["input"]
    implied = [given["mode"]] if data["kind"] == "search" else ["vector"] if data["kind"] == "answer" else []
    implied += ["filters"] if "filters" in given else []
    implied += ["answering"] if data["kind"] == "answer" else []
    implied += ["auth"] if given.get("key", "right") != "right" else []
    implied += ["markers"] if "withoutMarkers" in data["expect"] else []
    needs = tuple(dict.fromkeys([*implied, *data.get("needs", ())]))
    return Case(data["name"], data["proves"], data["kind"], needs, given, data["expect"])


def _suite_problems(folder: Path, documents: Iterable[Document], cases: Iterable[Case]) -> Iterator[str]:
    names = [document.name for document in documents]
    for name, count in Counter(names).items():
        if count > 1:
            yield f"{folder}: document '{name}' is given {count} times"
    known = tuple(cases)
    if not known:
        yield f"{folder}: documents, but no cases"
    for name, count in Counter(case.name for case in known).items():
        if count > 1:
            yield f"{folder}: case '{name}' is given {count} times"
    for case in known:
        for wanted in _mentioned(case):
            if wanted not in names:
                yield f"{folder}: case '{case.name}': no document '{wanted}' in the corpus"
        if case.uses_corpus and not names:
            yield f"{folder}: case '{case.name}': a {case.kind} case needs documents"


def _mentioned(case: Case) -> Iterator[str]:
    for key in ("top", "cites"):
        if key in case.expect:
            yield case.expect[key]
    for key in ("within", "only"):
        yield from case.expect.get(key, ())
