"""Realistic objects, from text to verdict: ours inside a process and as a command, beside kubeconform."""

import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import corpus
from clock import Part, Run, in_turn, middle, ratio, timed
from rival import CORES, Rival

from leanrag.core.progress import say

LEANRAG = Path(sys.executable).with_name("leanrag")
_INVALID = re.compile(r"Invalid: (\d+)")


def objects(folder: Path, rival: Rival, count: int, runs: int) -> Part:
    """Measure the rows of `count` objects."""
    say(f"bench-check: {count} objects")
    faulty, files = corpus.write(folder / "files", count), folder / "files"
    judged = (LEANRAG, "check", "--format", "json", files)
    rows: dict[str, Callable[[], Run]] = {
        "inside": lambda: timed((sys.executable, Path(__file__).with_name("inside.py"), files, folder / "store")),
        "cold": lambda: timed((*judged[:2], "--no-cache", *judged[2:])),
        "warm": lambda: timed(judged),
        "kubeconform": lambda: rival.run(files),
    }
    timed(judged)  # what is warm was judged once
    found = in_turn(runs, rows)
    inside = [json.loads(run.output.splitlines()[-1]) for run in found["inside"]]
    theirs = _INVALID.search(found["kubeconform"][0].output)
    ours = {each["findings"] for each in inside}
    size = sum(path.stat().st_size for path in files.iterdir()) / 1e6
    lost = () if ours == {faulty} else (f"{faulty} faulty objects, {ours} findings of {inside[0]['rules']}",)
    words = (
        f"{count:,} objects in {corpus.FILES} files, {size:.1f} MB: three InferenceServices to one LLMInferenceService,"
        f" whose kind has rules in CEL; {faulty} of them have a field that does not exist. Ours named {min(ours)}"
        f" findings, kubeconform v0.7.0 (`-strict -n {CORES}`, schemas of the same definitions on disk)"
        f" {theirs and theirs[1]} invalid objects. Ours judges every rule that a plain file can be judged by, with CEL;"
        " kubeconform the schema alone."
    )
    return Part(
        "Objects, from text to verdict", words, ("", "wall s", "CPU s", "of kubeconform"), _rows(found, inside), lost
    )


def _rows(found: dict[str, list[Run]], inside: Sequence[dict[str, Any]]) -> tuple[tuple[str, ...], ...]:
    theirs = found["kubeconform"]

    def part(name: str, key: str) -> tuple[str, ...]:
        value = median(each[key] for each in inside)
        share = median(each[key] / other.wall for each, other in zip(inside, theirs, strict=True))
        return (name, f"{value:.3f}", "–", f"{share:.2f}")

    def whole(name: str, key: str) -> tuple[str, ...]:
        run = middle(found[key])
        return (name, f"{run.wall:.2f}", f"{run.cpu:.2f}", f"{ratio(found[key], theirs):.2f}")

    return (
        part("reading the YAML alone, inside one process", "read"),
        part("cold, inside one process", "cold"),
        part("warm, inside one process", "warm"),
        whole("cold, `leanrag check --no-cache FILES`", "cold"),
        whole("warm, `leanrag check FILES`", "warm"),
        whole("kubeconform", "kubeconform"),
    )
