"""This repository as a whole: unchanged, one overlay touched, and cold beside `helm template` and kubeconform."""

import json
import shlex
import subprocess
from itertools import count
from pathlib import Path

from clock import Part, Run, fresh_cache, in_turn, middle, ratio, timed
from objects import LEANRAG
from rival import CORES, Rival

from leanrag.catalog.repository import Repository
from leanrag.core.progress import say
from leanrag.render.chart import KUBE_VERSION, library, stage
from leanrag.render.tools import tool

_TOUCHED = Path("overlays") / "prod" / "models" / "chat.yaml"
_GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgsign=false")
_COPIED = ("apps", "bootstrap/local", "charts", "clusters", "overlays")


def checkout(root: Path, folder: Path) -> str:
    """Copy what is checked into a Git repository of its own, and return its only commit."""
    folder.mkdir(parents=True)
    listed = subprocess.run(("git", "-C", root, "ls-files", "-z", *_COPIED), check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((root / name).read_bytes())
    subprocess.run(("git", "init", "-q", "-b", "main", folder), check=True)
    return commit(folder, "as it is")


def commit(folder: Path, subject: str) -> str:
    """Commit all that is there, and return the commit."""
    for words in (("add", "-A"), ("commit", "-q", "-m", subject)):
        subprocess.run((*_GIT, "-C", folder, *words), check=True)
    done = subprocess.run(("git", "-C", folder, "rev-parse", "HEAD"), check=True, capture_output=True, text=True)
    return done.stdout.strip()


def repository(folder: Path, rival: Rival, root: Path, runs: int) -> Part:
    """Measure the rows of the repository."""
    say("bench-check: the whole repository")
    checkout(root, folder / "root")
    ours = (LEANRAG, "check", "--root", folder / "root", "--format", "json")
    loop = _loop(folder, rival)
    numbers = count(1)

    def cold() -> Run:
        with fresh_cache() as env:
            return timed(ours, env=env)

    def touched() -> Run:
        path = folder / "root" / _TOUCHED
        kept = path.read_text()
        path.write_text(f"{kept}\n# touched {next(numbers)}\n")
        run = timed(ours)
        path.write_text(kept)
        return run

    first = timed(ours)
    rows = {"unchanged": lambda: timed(ours), "touched": touched, "cold": cold, "loop": lambda: timed(("bash", loop))}
    found = in_turn(runs, rows)
    facts = json.loads(first.output)["counts"]
    words = (
        f"{facts['clusters']} clusters, {facts['apps']} Applications, {facts['objects']:,} objects. Cold: no result of"
        f" an earlier run, only tools and schemas. The loop renders each Application with the same values by"
        f" `helm template`, {CORES} at a time, and judges all of it by one `kubeconform -strict -n {CORES}`: schemas"
        " alone."
    )
    shown = {
        "unchanged": "`leanrag check`, unchanged",
        "touched": f"`leanrag check`, {_TOUCHED} touched",
        "cold": "`leanrag check`, cold",
        "loop": "`helm template` loop and kubeconform",
    }
    table = tuple(
        (shown[name], f"{middle(each).wall:.2f}", f"{middle(each).cpu:.2f}", f"{ratio(each, found['loop']):.2f}")
        for name, each in found.items()
    )
    return Part("The whole repository", words, ("", "wall s", "CPU s", "of the loop"), table)


def _loop(folder: Path, rival: Rival) -> Path:
    """Write the script of a pipeline that has no cache: charts with their library are laid out before it is timed."""
    repository, lines, staged = Repository(folder / "root"), [], dict[Path, Path]()
    out = folder / "rendered"
    out.mkdir()
    for cluster in map(repository.cluster, repository.cluster_names()):
        for app in repository.apps(cluster):
            if app.chart_path not in staged:
                target = folder / "charts" / "-".join(app.chart_path.parts[-2:]) / app.chart
                staged[app.chart_path] = stage(app.chart_path, library(repository), target)
            extra = out / f"{app.name}.json"
            extra.write_text(json.dumps({"global": {"namespaces": dict(app.namespaces)}} if app.namespaces else {}))
            argv: list[str | Path] = [tool("helm"), "template", app.release, staged[app.chart_path]]
            argv += ["--namespace", app.namespace, "--kube-version", KUBE_VERSION]
            argv += [word for path in (*app.value_files, extra) for word in ("--values", path)]
            argv += [word for each in app.parameters.items() for word in ("--set-string", "=".join(each))]
            lines.append(f"{shlex.join(map(str, argv))} > {shlex.quote(str(out / app.name))}.yaml")
    jobs, script = folder / "jobs", folder / "loop.sh"
    jobs.write_text("\n".join(lines) + "\n")
    judge = shlex.join(
        map(str, (*rival.argv(), "-ignore-missing-schemas", "-ignore-filename-pattern", "[.]json$", out))
    )
    each = f"xargs -P {CORES} -d '\\n' -n 1 sh -c < {shlex.quote(str(jobs))}"
    script.write_text(f"{each}\n{judge}\n[ $? -le 1 ]\n")
    return script
