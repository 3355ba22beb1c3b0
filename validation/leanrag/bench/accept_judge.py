"""Rendered objects before two judges: our own strict schemas, and the API server."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from leanrag.bench.accept_ask import Question
from leanrag.bench.accept_render import Rendering, manifests
from leanrag.catalog.repository import Repository
from leanrag.checks import objects
from leanrag.checks.files import read_files
from leanrag.checks.rendering import render_all, root_manifests
from leanrag.checks.schemas import Schemas
from leanrag.checks.scope import Scope, usable
from leanrag.checks.staging import stage
from leanrag.checks.worlds import World, of_cluster
from leanrag.render.manifest import Manifest


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
