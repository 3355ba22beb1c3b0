"""Both readers agree with Kubernetes' own library on thousands of hostile texts, and with each other on real ones."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leanrag.core import yamlfast, yamlio
from leanrag.core.errors import YamlError
from leanrag.core.files import cache_dir
from leanrag.render.tools import ready

GOLDEN = Path(__file__).parent / "golden"
ROOT = Path(__file__).parents[3]
ROWS: list[list[Any]] = [json.loads(line) for line in (GOLDEN / "yaml.jsonl").open(encoding="utf-8")]
STRICTER = yamlio.read(GOLDEN / "stricter.yaml")
WIDER = re.compile("|".join(each["says"] for each in STRICTER))


def typed(value: Any) -> Any:
    """Return a value with the type of every part, as 1, 1.0 and true are equal to Python."""
    if isinstance(value, dict):
        return {key: typed(each) for key, each in value.items()}
    if isinstance(value, list | tuple | Iterator):
        return [typed(each) for each in value]
    return (type(value), value)


def read(text: str) -> tuple[Any, ...] | str:
    """Return the documents of a text, or the message by which it is refused."""
    try:
        return yamlio.exact(text, "f")
    except YamlError as error:
        return error.message


def test_the_table_is_large_and_no_text_is_in_it_twice() -> None:
    assert len({row[0] for row in ROWS}) == len(ROWS) >= 5_000


def test_values_types_keys_and_refusals_are_those_of_kubernetes() -> None:
    wrong = []
    for text, documents, *_ in ROWS:
        found = read(text)
        if isinstance(found, str):
            same = documents is None or bool(WIDER.search(found))
        else:
            same = documents is not None and typed(each for each in found if each is not None) == typed(documents)
        wrong += [] if same else [(text, documents, found)]
    assert not wrong, f"{len(wrong)} of {len(ROWS)}: {wrong[:5]}"


@pytest.mark.parametrize("entry", STRICTER, ids=lambda each: each["because"][:40])
def test_what_is_refused_beyond_kubernetes_is_listed_with_its_reason(entry: dict[str, Any]) -> None:
    taken = {row[0] for row in ROWS if row[1] is not None}
    for text in entry["texts"]:
        assert text in taken
        assert re.search(entry["says"], str(read(text))), text


def test_few_rows_of_the_table_are_refused_beyond_kubernetes() -> None:
    beyond = sum(row[1] is not None and isinstance(read(row[0]), str) for row in ROWS)
    assert beyond < len(ROWS) * 0.03


def test_the_fast_path_never_differs_on_the_table() -> None:
    read_fast = [(row[0], found) for row in ROWS if (found := yamlfast.load(row[0])) is not None]
    assert len(read_fast) > len(ROWS) * 0.3
    for text, documents in read_fast:
        assert typed(documents) == typed(read(text)), text


def real() -> Iterator[Path]:
    """Yield every YAML file of this repository."""
    for folder in ("apps", "bootstrap", "charts", "clusters", "overlays", "validation"):
        found = ROOT.glob(f"{folder}/**/*.yaml")
        yield from (each for each in found if each.is_file() and "/templates/" not in str(each))


def test_both_readers_agree_on_every_file_of_this_repository() -> None:
    fast = 0
    for path in real():
        text = path.read_text(encoding="utf-8")
        documents, exactly = yamlfast.load(text), read(text)
        if documents is not None:
            fast += 1
            assert typed(documents) == typed(exactly), path
    assert fast > 100


def test_the_table_is_what_its_maker_makes() -> None:
    if ready("yaml-golden") is None:
        pytest.skip("no yaml-golden: run `leanrag tools yaml-golden`")
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("write", GOLDEN / "write.py")
    assert spec and spec.loader
    maker = module_from_spec(spec)
    spec.loader.exec_module(maker)
    assert maker.table() == (GOLDEN / "yaml.jsonl").read_text(encoding="utf-8")


@pytest.mark.long
def test_both_readers_agree_on_what_charts_rendered_here() -> None:
    for path in sorted((cache_dir() / "render").glob("*.yaml"))[:2000]:
        text = path.read_text(encoding="utf-8")
        documents = yamlfast.load(text)
        assert documents is None or typed(documents) == typed(read(text)), path
