"""Ask a real API server whether it takes what the charts render: `python -m leanrag.bench.accept [--write] [CHART…]`.

Every case of every chart on every platform and release, and every cluster of the repository: judged by our own schemas,
then by server-side dry run with strict field validation, CEL included. `--write` keeps the table in docs/charts.md;
`--fresh` asks again what was answered before.
"""

import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from leanrag.bench.accept_ask import Question
from leanrag.bench.accept_memory import Memory
from leanrag.bench.accept_render import Rendering, lint_charts, manifests, render_charts, shown_name
from leanrag.bench.accept_table import Count, page, shown_places
from leanrag.catalog.repository import Repository
from leanrag.checks import objects
from leanrag.checks.files import read_files
from leanrag.checks.rendering import render_all, root_manifests
from leanrag.checks.schemas import Schemas, schemas
from leanrag.checks.scope import Scope, usable
from leanrag.checks.staging import stage
from leanrag.checks.worlds import World, of_cluster
from leanrag.core.errors import LeanragError
from leanrag.core.files import write_atomic
from leanrag.core.progress import say
from leanrag.render.manifest import Manifest
from leanrag.render.unittest import charts

PAGE = Path("docs") / "charts.md"


@dataclass(frozen=True, slots=True)
class Batch:
    """Objects that belong together: one case of a chart in one world, or one cluster."""

    subject: str
    case: str
    world: World
    manifests: tuple[Manifest, ...]
    applications: int = 1


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a batch: how many objects each judge took, and the sentences for the others."""

    batch: Batch
    schema: int
    accepted: int
    problems: tuple[str, ...]


def batches(renderings: Iterable[Rendering], root: Path) -> tuple[Batch, ...]:
    """Return the objects of everything that was rendered and not refused."""
    return tuple(Batch(each.chart, each.case, each.world, manifests(each, root)) for each in renderings if each.objects)


def clusters(root: Path) -> Iterator[Batch]:
    """Yield the objects of every cluster of a repository, as Argo CD would apply them."""
    files = read_files(root)
    with tempfile.TemporaryDirectory(prefix="leanrag-accept-") as scratch:
        staged = Repository(stage(files, Path(scratch).resolve()))
        roots = root_manifests(staged.root)
        for name in staged.cluster_names():
            cluster = staged.cluster(name)
            rendered = render_all(staged, files, cluster)
            local = not (root / "clusters" / name).is_dir()
            manifests = (*(() if local else roots), *(each for one in rendered for each in one.manifests))
            yield Batch(name, "", of_cluster(cluster.facts), manifests, len(rendered))


def judge(known: Schemas, found: Iterable[Batch], ask: Callable[[list[Question]], Mapping[str, str]]) -> list[Judged]:
    """Judge batches; `ask` gives the API server's answer to every question by its key."""
    each_with = [(batch, [_question(known.of(batch.world), each) for each in batch.manifests]) for batch in found]
    answers = ask([question for _, questions in each_with for question in questions if question])
    return [_judged(known.of(batch.world), batch, questions, answers) for batch, questions in each_with]


def _question(known: Schemas, manifest: Manifest) -> Question | None:
    """Return what to ask about an object; None when its kind does not exist in that world."""
    version = str(manifest.body.get("apiVersion") or "")
    if not known.knows(version, manifest.kind):
        return None
    definition = known.definition(version, manifest.kind)
    return Question(manifest.body, manifest.namespace, definition, known.world.release)


def _judged(known: Schemas, batch: Batch, questions: Sequence[Question | None], answers: Mapping[str, str]) -> Judged:
    scope = Scope(usable(batch.manifests), known)
    findings = [each for check in (objects.known_kind, objects.strict_fields) for each in check(scope)]
    faulty = {each.where.split(" ")[0] for each in findings}
    said = [f"{each.where}: {each.message} [schema]" for each in findings]
    told = [answers[each.key] if each else "" for each in questions]
    said += [
        f"{each.kind}/{each.name}: {answer} [API server]"
        for each, answer in zip(batch.manifests, told, strict=True)
        if answer
    ]
    sound = sum(f"{each.kind}/{each.name}" not in faulty for each in batch.manifests)
    accepted = sum(bool(question) and not answer for question, answer in zip(questions, told, strict=True))
    return Judged(batch, sound, accepted, tuple(said))


def counts(renderings: Iterable[Rendering], judged: Iterable[Judged]) -> Mapping[tuple[str, World], Count]:
    """Add up, for every chart and world, cases, objects and what the judges said."""
    found: dict[tuple[str, World], list[Count]] = defaultdict(list)
    for each in renderings:
        found[each.chart, each.world].append(Count(cases=1, refused=bool(each.refusals), reasons=each.refusals))
    for one in judged:
        count = Count(objects=len(one.batch.manifests), schema=one.schema, accepted=one.accepted)
        found[one.batch.subject, one.batch.world].append(count)
    return {key: sum(each, Count()) for key, each in found.items()}


def main(arguments: Iterable[str]) -> int:
    """Judge the charts named, or all of them and every cluster; exit 1 when something is not accepted."""
    root, given = Path.cwd().resolve(), set(arguments)
    named = sorted(Path(each).resolve() for each in given - {"--write", "--fresh"})
    started = time.monotonic()
    chosen = tuple(named) or charts(root)
    say(f"accept: rendering every case of {len(chosen)} charts on every platform and release")
    lint, renderings = lint_charts(chosen, root), render_charts(chosen, root)
    known, memory = schemas(), Memory("--fresh" in given)
    found = (*batches(renderings, root), *(() if named else clusters(root)))
    say(f"accept: {len(renderings)} renders after {time.monotonic() - started:.0f} s")
    judged = judge(known, found, memory.answers)
    if "--write" in given and not named:
        of_charts = counts(renderings, (each for each in judged if each.batch.case))
        whole = [each for each in judged if not each.batch.case]
        write_atomic(root / PAGE, page(of_charts, whole, [shown_name(each, root) for each in chosen]))
    return _report(lint, renderings, judged, memory, time.monotonic() - started)


def _report(
    lint: Sequence[str], renderings: Sequence[Rendering], judged: Sequence[Judged], memory: Memory, seconds: float
) -> int:
    places: dict[str, list[World]] = {each: [] for each in lint}
    for sentence, world in (*_unrendered(renderings), *_unaccepted(judged)):
        places.setdefault(sentence, []).append(world)
    for problem, worlds in places.items():
        print(f"{problem} ({shown_places(worlds)})" if worlds else problem)
    print(
        f"{'FAIL' if places else 'PASS'}: {len(renderings)} renders "
        f"({sum(bool(each.refusals) for each in renderings)} refused by their charts), "
        f"{sum(len(each.batch.manifests) for each in judged)} objects, {memory.asked} dry runs "
        f"({memory.known} more remembered), {len(places)} problems; {seconds:.0f} s"
    )
    return 1 if places else 0


def _unrendered(renderings: Sequence[Rendering]) -> Iterator[tuple[str, World]]:
    """Yield what broke, and cases that their chart refuses in every world: nothing is tested by those."""
    somewhere = {(each.chart, each.case) for each in renderings if not each.refusals}
    for each in renderings:
        if each.broken:
            yield f"{each.chart} {each.case}: {each.broken}", each.world
        elif (each.chart, each.case) not in somewhere:
            yield f"{each.chart} {each.case}: refused everywhere: {each.refusals[0]}", each.world


def _unaccepted(judged: Sequence[Judged]) -> Iterator[tuple[str, World]]:
    for each in judged:
        for problem in each.problems:
            yield f"{each.batch.subject} {each.batch.case}: {problem}", each.batch.world


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LeanragError as error:
        sys.exit(f"error: {error.message}\nhint: {error.hint}")
