"""The faults that a plain schema check misses: who finds them, and that no cache and no --changed-since loses one."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from clock import Part, timed
from corpus import Fault, faults
from objects import LEANRAG
from repository import checkout, commit
from rival import Rival

from leanrag.core.progress import say

_PLACE = Path("charts") / "rag" / "rag-stack" / "templates" / "fault.yaml"


def matrix(folder: Path, rival: Rival, root: Path) -> Part:
    """Judge every case by every way."""
    say("bench-check: the fault matrix")
    cases = faults()
    files = {name: folder / "files" / f"{number:02d}.yaml" for number, name in enumerate(cases)}
    (folder / "files").mkdir(parents=True)
    for name, path in files.items():
        path.write_text(cases[name].text)
    since = _since(folder / "repository", root)
    ways: Mapping[str, Callable[[str], set[str]]] = {
        "cold": lambda name: _rules("--no-cache", files[name]),
        "warm": lambda name: (_rules(files[name]), _rules(files[name]))[1],
        "--changed-since": lambda name: since(cases[name]),
    }
    rows, lost = [], []
    for name, case in cases.items():
        said = {way: judge(name) for way, judge in ways.items()}
        theirs = "refused" if rival.run(files[name]).status else "taken"
        rows.append((name, *(_word(case, rules) for rules in said.values()), theirs))
        lost += [f"{name}: {way} said {sorted(rules)}" for way, rules in said.items() if _wrong(case, rules)]
    return Part("The fault matrix", _words(rows), ("case", *ways, "kubeconform -strict"), tuple(rows), tuple(lost))


def _words(rows: list[tuple[str, ...]]) -> str:
    faulty = [row for row in rows if not row[0].startswith("sound")]
    found = [sum(row[place] not in {"taken", "lost"} for row in faulty) for place in range(1, 5)]
    return (
        f"Sixteen faults and two sound objects. Found: {found[0]} of {len(faulty)} cold, {found[1]} from the cache,"
        f" {found[2]} with `--changed-since` (each fault a commit of its own to a chart, on a store that is warm),"
        f" {found[3]} by kubeconform. A cell names the rule that found it."
    )


def _word(case: Fault, rules: set[str]) -> str:
    if not case.rule:
        return ", ".join(sorted(rules)) or "taken"
    return next((rule for rule in sorted(rules) if _finds(case, rule)), "lost")


def _wrong(case: Fault, rules: set[str]) -> bool:
    return not any(_finds(case, rule) for rule in rules) if case.rule else bool(rules)


def _finds(case: Fault, rule: str) -> bool:
    """Say whether a rule is the one of a fault; what cannot be read as YAML fails to render in a chart."""
    return rule == case.rule or (case.rule == "FIL001" and rule == "RND001")


def _rules(*words: str | Path) -> set[str]:
    run = timed((LEANRAG, "check", "--format", "json", *words))
    return {each["rule"] for each in json.loads(run.output)["findings"]}


def _since(folder: Path, root: Path) -> Callable[[Fault], set[str]]:
    """Return how a fault is judged that a commit brings into a chart: by rules that its parent did not break."""
    base = checkout(root, folder)
    argv = (LEANRAG, "check", "--root", folder, "--cluster", "dev", "--format", "json", "--changed-since", base)

    def judge(case: Fault) -> set[str]:
        subprocess.run(("git", "-C", folder, "reset", "-q", "--hard", base), check=True)
        # A sound object of another team is no fault of this chart; only what the fault adds counts.
        (folder / _PLACE).write_text(case.text)
        commit(folder, "a fault")
        found = json.loads(timed(argv).output)["findings"]
        mine = {each["rule"] for each in found if _of_case(each)}
        return mine if case.rule else mine & {"OBJ001", "OBJ002", "OBJ003", "OBJ004", "CEL001", "RND001"}

    return judge


def _of_case(finding: Mapping[str, object]) -> bool:
    text = json.dumps(finding)
    return "fault.yaml" in text or "model-0001" in text.lower() or "llm-0002" in text or finding["rule"] == "RND001"
