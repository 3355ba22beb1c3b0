"""Which metrics the local stack cannot have, and what they need: by family of the registry, through recording rules."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from leanrag.checks import promql as tree
from leanrag.core.errors import LeanragError
from leanrag.core.shapes import mapping
from leanrag.engine.registry import Family, Known, families, family
from leanrag.render.manifest import Manifest

# What must be there for a family to be served. Every other family is on the local stack, and an empty panel is a fault.
NEEDS: Mapping[str, str] = {
    "dcgm": "GPU and DCGM",
    "llm-d": "llm-d",
    "argocd": "Argo CD",
    "cert-manager": "cert-manager",
    "controller-runtime": "Kubernetes",
    "keda": "KEDA",
    "kserve": "KServe",
    "kube-state-metrics": "Kubernetes",
    "kubernetes": "Kubernetes",
    "llama-stack": "an OpenTelemetry collector",
    "milvus": "a Milvus server",
    "node-exporter": "Kubernetes",
    "opentelemetry-collector": "an OpenTelemetry collector",
}
# Single metrics of families that are here: there is nothing to promote, and no draft model.
_SOME: Mapping[str, str] = {
    "leanrag_promoter_": "the promoter",
    "vllm:spec_decode_": "speculative decoding",
}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """`fields` are metrics that a rendered list makes an exporter expose; `records` are queries by what they record."""

    fields: Mapping[str, Known] = field(default_factory=dict)
    records: Mapping[str, str] = field(default_factory=dict)

    def known(self, name: str) -> Known | None:
        """Return what the registry says of a series."""
        found = family(name)
        return self.fields.get(name) or (found.wire.get(found.plain(name)) if found else None)

    def needs(self, text: str) -> frozenset[str]:
        """Return what a query needs beside the local stack, through the rules that record its parts."""
        return frozenset(filter(None, map(need, self.named(text))))

    def named(self, text: str) -> frozenset[str]:
        """Return the scraped metrics that a query is made of."""
        return frozenset(self._named(text, set()))

    def _named(self, text: str, seen: set[str]) -> Iterator[str]:
        for name in names(text):
            if name not in self.records:
                yield name
            elif name not in seen:
                seen.add(name)
                yield from self._named(self.records[name], seen)


def need(name: str) -> str:
    """Return what a series needs, "" when the local stack has it."""
    some = next((what for prefix, what in _SOME.items() if name.startswith(prefix)), "")
    found = family(name)
    return some or (NEEDS.get(found.name, "") if found else "")


def names(text: str) -> list[str]:
    """Return the metrics that a query names; none of one that cannot be read."""
    try:
        return [tree.name_of(each)[0] for each in tree.selectors(tree.parse(text))]
    except LeanragError:
        return []


def listed(manifests: Iterable[Manifest]) -> dict[str, Known]:
    """Return what rendered lists make exporters expose: `name, type, text` a line; a `label` is on all of them."""
    every = tuple(manifests)
    found: dict[str, Known] = {}
    for each in families():
        texts = (mapping(one.body.get("data")).get(each.listed) for one in every if one.kind == "ConfigMap")
        for text in texts if each.listed else ():
            found |= _exposed(each, str(text or ""))
    return found


def _exposed(owner: Family, text: str) -> dict[str, Known]:
    lines = [[word.strip() for word in line.split(",")[:2]] for line in text.splitlines()]
    rows = [line for line in lines if len(line) > 1 and line[0].startswith(owner.prefix)]
    labels = owner.labels | {name for name, kind in rows if kind == "label"}
    return {name: Known(name, kind, "", labels, client="go") for name, kind in rows if kind != "label"}
