"""JSON lines under zstd: raw evidence, small enough to keep and plain enough for any tool (`zstdcat | jq`)."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import zstandard

from leanrag.core.errors import InputError
from leanrag.core.files import write_atomic

ENDING = ".jsonl.zst"
# A small file can unpack to anything; a run of 100,000 requests is about 40 MB.
MAX_BYTES = 512 * 1024 * 1024


def write_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Write objects, one a line, whole or not at all; ValueError for NaN and infinity, which JSON has no word for."""
    text = "".join(f"{json.dumps(line, ensure_ascii=False, allow_nan=False)}\n" for line in lines)
    write_atomic(path, zstandard.ZstdCompressor(write_checksum=True).compress(text.encode("utf-8", "replace")))


def read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number and content of each line; InputError says in one sentence why the file cannot be used."""
    # Not splitlines: text inside JSON may hold other ends of lines.
    for number, line in enumerate(_text(path).removesuffix("\n").split("\n"), start=1):
        try:
            value = json.loads(line, parse_float=_finite, parse_constant=_finite)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}:{number}: not JSON: {str(error)[:120]}", hint="run the load again") from None
        if not isinstance(value, dict):
            raise InputError(f"{path}:{number}: not a JSON object", hint="run the load again")
        yield number, value


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is not a number that can be judged")
    return number


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream, zstandard.ZstdDecompressor().stream_reader(stream) as reader:
            data = reader.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file", hint="check the path") from None
    except zstandard.ZstdError:
        raise InputError(f"{path}: not a zstd file, cut off or damaged", hint="run the load again") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}", hint="check the path") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{path}: more than {MAX_BYTES // 2**20} MiB unpacked", hint="name a file of one run")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start})", hint="run the load again") from None
