"""Every object before two judges: `leanrag check` on that object alone, and the API server's strict dry run."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mutate import Mutator

from leanrag.bench.accept_ask import Question
from leanrag.bench.accept_judge import Batch
from leanrag.catalog.model import App
from leanrag.checks.finding import Finding
from leanrag.checks.registry import OBJECTS
from leanrag.checks.schemas import Schemas
from leanrag.checks.scope import Scope, usable
from leanrag.checks.worlds import World
from leanrag.core import yamlio
from leanrag.core.files import read_text
from leanrag.render.manifest import Manifest

# What the API server asks, too: the kind, its fields, names and CEL rules, and what it checks beside the schema.
_RULES = ("OBJ001", "OBJ002", "IMG002")


@dataclass(frozen=True, slots=True)
class Case:
    """One object in one world, as rendered (`sort` is empty) or changed."""

    manifest: Manifest
    world: World
    sort: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What both judges say of a case: our findings, and the API server's reason (empty: it takes the object)."""

    case: Case
    findings: tuple[Finding, ...]
    server: str

    @property
    def ours(self) -> str:
        """Our verdict."""
        broken = [each for each in self.findings if not each.unknown]
        return "refused" if broken else "unknown" if self.findings else "accepted"

    @property
    def theirs(self) -> str:
        """The API server's verdict."""
        return "refused" if self.server else "accepted"


def distinct(cases: Iterable[Case]) -> list[Case]:
    """Return each object of each world once."""
    found: dict[tuple[str, str], Case] = {}
    for each in cases:
        found.setdefault((repr(each.manifest.body), repr(each.world)), each)
    return list(found.values())


def rendered(batches: Iterable[Batch]) -> list[Case]:
    """Return every object of every cluster."""
    return distinct(Case(each, batch.world) for batch in batches for each in batch.manifests)


def seeds() -> Iterator[Case]:
    """Yield the sound objects of seeds.yaml, in a world that has every kind."""
    file = Path(__file__).with_name("seeds.yaml")
    app = App("seeds", "", "rag", "seeds", "seeds", "lr-seeds", file, file, ())
    for body in yamlio.load_all(read_text(file), file.name):
        yield Case(Manifest(app, file.name, body), World())


def mutated(cases: Sequence[Case], known: Schemas, seed: int, count: int) -> Iterator[Case]:
    """Yield about `count` mutants: as many of every kind, however often it is rendered, and of every own seed."""
    kinds: dict[tuple[str, str, str], list[Case]] = {}
    for case in cases:
        alone = case.manifest.name if case.manifest.app.name == "seeds" else ""
        kinds.setdefault((str(case.manifest.body.get("apiVersion")), case.manifest.kind, alone), []).append(case)
    for number, (_, held) in enumerate(sorted(kinds.items())):
        share = max(1, count // len(kinds))
        for turn in range(share):
            case = held[turn % len(held)]
            mutator = Mutator(seed * 1_000_003 + number * 10_007 + turn, known.of(case.world))
            for mutant in mutator.mutants(case.manifest.body, 1):
                manifest = Manifest(case.manifest.app, case.manifest.template, mutant.body)
                yield Case(manifest, case.world, mutant.sort, ".".join(map(str, mutant.place)))


def question(case: Case, known: Schemas) -> Question | None:
    """Return what to ask the API server; None where the world has no such kind."""
    schemas, version = known.of(case.world), str(case.manifest.body.get("apiVersion") or "")
    if not schemas.knows(version, case.manifest.kind):
        return None
    namespace = case.manifest.namespace
    return Question(case.manifest.body, namespace, schemas.definition(version, case.manifest.kind), case.world.release)


def judge(cases: Sequence[Case], known: Schemas, answers: Mapping[str, str]) -> list[Answer]:
    """Put our findings beside the API server's answers."""
    return [_answer(case, known, answers) for case in cases]


def _answer(case: Case, known: Schemas, answers: Mapping[str, str]) -> Answer:
    scope = Scope(usable((case.manifest,)), known.of(case.world))
    found = tuple(each for check in OBJECTS if check.id in _RULES for each in check.find(scope))
    asked = question(case, known)
    return Answer(case, found, answers[asked.key] if asked else "the world has no such kind")
