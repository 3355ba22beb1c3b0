"""Ask a real API server whether it takes what the charts render: `python -m leanrag.bench.accept [--write] [CHART…]`.

Every case of every chart on every platform and release, and every cluster of the repository: judged by our own schemas,
then by server-side dry run with strict field validation, CEL included. `--write` keeps the table in docs/charts.md;
`--fresh` asks again what was answered before.
"""

import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from leanrag.bench.accept_judge import Judged, batches, clusters, judge
from leanrag.bench.accept_memory import Memory
from leanrag.bench.accept_render import Rendering, lint_charts, render_charts, shown_name
from leanrag.bench.accept_table import Count, page, shown_places
from leanrag.checks.schemas import schemas
from leanrag.checks.worlds import World
from leanrag.core.errors import LeanragError
from leanrag.core.files import write_atomic
from leanrag.core.progress import say
from leanrag.render.unittest import charts

PAGE = Path("docs") / "charts.md"


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
