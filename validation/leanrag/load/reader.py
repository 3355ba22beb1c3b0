"""Reads the report of a load tool, whichever of the known ones wrote it: GuideLLM, vllm bench serve, inference-perf.

JSON files may be gzipped. A report of inference-perf is a folder; the list of requests in it names it, too.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from leanrag.core import yamlio
from leanrag.core.errors import InputError
from leanrag.load.node import Node
from leanrag.load.readers import guidellm, inference_perf, vllm_bench
from leanrag.load.report import Report

TOOLS = "GuideLLM 0.8.1, vllm bench serve and inference-perf"
_GZIP = b"\x1f\x8b"
# What Python writes for --burstiness inf, which means constant gaps: the one figure that may be no number.
_CONSTANT_GAPS = re.compile(r'(?<="burstiness":)\s*Infinity')


def read(path: Path) -> Report:
    """Return a report's content; InputError says in one sentence why it cannot be used."""
    if path.is_dir():
        return _folder(path)
    if path.name.removesuffix(".gz").endswith(inference_perf.ROWS):
        return _beside(path)
    return parse(_text(path), str(path))


def _folder(path: Path) -> Report:
    found = sorted(path.glob(f"*{inference_perf.ROWS}*"))
    if len(found) != 1:
        raise InputError(
            f"{path}: {len(found)} files end in {inference_perf.ROWS}, not one",
            hint="name one report; inference-perf lists its requests with report.request_lifecycle.per_request: true",
        )
    return _beside(found[0])


def _beside(rows: Path) -> Report:
    """Return inference-perf's report: its files share a folder, and perhaps a prefix."""
    prefix = rows.name.removesuffix(".gz").removesuffix(inference_perf.ROWS)
    config = _there(rows.with_name(prefix + inference_perf.CONFIG))
    names = (_there(rows.with_name(prefix + inference_perf.STAGE.format(index))) for index in count())
    stages = [_document(path) for path in takewhile(Path.is_file, names)]
    asked = Node(yamlio.load(_text(config), str(config)), str(config))
    return inference_perf.report(_document(rows), asked, stages)


def _there(path: Path) -> Path:
    """Return the file, or its gzipped copy when only that is there."""
    packed = path.with_name(f"{path.name}.gz")
    return packed if packed.is_file() and not path.is_file() else path


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if data[:2] == _GZIP else data).decode("utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: no such report", hint="run: leanrag load") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InputError(f"{path}: the gzip file is cut off or damaged", hint="run the load again") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text, so no report", hint=f"reports of {TOOLS} are read") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}", hint="check the path") from None


def parse(text: str, source: str) -> Report:
    """Return a report from its text; `source` names it in errors."""
    found = tuple(_documents(text, source))
    if all(vllm_bench.mine(one.value) for one in found):
        return vllm_bench.report(found)
    if inference_perf.mine(found[0].value):
        raise InputError(
            f"{source}: a list of requests of inference-perf, without what was asked of it",
            hint=f"name its folder, or its {inference_perf.ROWS}",
        )
    return guidellm.report(_only(found))


def _only(found: Sequence[Node]) -> Node:
    if len(found) > 1:
        raise InputError(
            f"{found[0].source}: {len(found)} JSON documents, not one", hint=f"reports of {TOOLS} are read"
        )
    return found[0]


def _document(path: Path) -> Node:
    return _only(tuple(_documents(_text(path), str(path))))


def _documents(text: str, source: str) -> Iterator[Node]:
    """Yield every JSON document of a text, at least one."""
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    text, place = _CONSTANT_GAPS.sub('"inf"', text.strip()), 0
    try:
        while place < len(text) or not place:
            value, place = decoder.raw_decode(text, place)
            yield Node(value, source)
            place += len(text) - place - len(text[place:].lstrip())
    except json.JSONDecodeError as error:
        what = "is cut off" if error.pos >= len(text) - 1 or "Unterminated" in error.msg else "is not JSON"
        raise InputError(
            f"{source}: the report {what} (line {error.lineno}, column {error.colno})", hint="run the load again"
        ) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{source}: the report {error}", hint="run the load again") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"holds {name}, which is no figure")
