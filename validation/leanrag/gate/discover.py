"""Find what the gate must test in the rendered manifests: charts publish it in labelled ConfigMaps."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from leanrag.core.errors import InputError
from leanrag.gate.economy import Held, held
from leanrag.rag.target import Target, parse_contract
from leanrag.render.manifest import Manifest

SLO_LABEL, SLO_KEY = "leanrag.io/slo", "model.json"
RAG_LABEL, RAG_KEY = "leanrag.io/rag", "rag.json"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelAuth(_Strict):
    """The Secret whose key holds the engine's API key."""

    secretName: str  # noqa: N815 - a key of the published document
    secretKey: str  # noqa: N815


class ModelContract(_Strict):
    """`model.json`: one served model; `slo` is passed on as written, the judge reads it."""

    model: str = Field(min_length=1)
    release: str = Field(min_length=1)
    task: Literal["chat", "embedding"]
    engine: str
    url: str
    dimension: int | None = None
    maxModelLen: int | None = None  # noqa: N815
    auth: ModelAuth | None = None
    slo: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ModelTarget:
    """A model to test: `address` is where it really listens, `token` its API key or empty; `held` are its GPUs."""

    contract: ModelContract
    address: str
    token: str = field(default="", repr=False)
    held: Held | None = None

    @property
    def name(self) -> str:
        """The served model name."""
        return self.contract.model

    @property
    def objectives(self) -> tuple[str, ...]:
        """The metrics that Git declares objectives for; one set to null by an overlay is not declared."""
        declared = (self.contract.slo or {}).get("objectives") or {}
        return tuple(metric for metric, objective in declared.items() if objective is not None)


@dataclass(frozen=True, slots=True)
class Targets:
    """Everything on one cluster that the gate must test."""

    models: tuple[ModelTarget, ...] = ()
    rag: Target | None = None
    images: tuple[str, ...] = ()

    @property
    def measured(self) -> tuple[ModelTarget, ...]:
        """The models whose objectives the load step measures: chat models, in this version."""
        return tuple(model for model in self.models if model.contract.task == "chat")


def discover(
    manifests: Iterable[Manifest],
    addresses: Mapping[str, str] | None = None,
    tokens: Mapping[str, str] | None = None,
    *,
    answering: bool = False,
) -> Targets:
    """Return the targets that rendered manifests declare.

    `addresses` maps a published URL to the real one (the local stack has no cluster DNS); with a map, a URL that is
    not in it is an InputError. `tokens` maps `secretName/secretKey` to the secret's value. `answering`: the chat model
    can read, cite and refuse; a tiny random one cannot.
    """
    found = tuple(manifests)
    models = [
        replace(_model(m, addresses, tokens or {}), held=held(found, m.app.name))
        for m in found
        if _labelled(m, SLO_LABEL)
    ]
    rags = [m for m in found if _labelled(m, RAG_LABEL)]
    _refuse_doubles(models, rags)
    rag = _rag(rags[0], addresses, tokens or {}, answering) if rags else None
    return Targets(tuple(sorted(models, key=lambda model: model.name)), rag, rendered_images(found))


def _labelled(manifest: Manifest, label: str) -> bool:
    labels = (manifest.body.get("metadata") or {}).get("labels") or {}
    return manifest.kind == "ConfigMap" and labels.get(label) == "true"


def _refuse_doubles(models: Iterable[ModelTarget], rags: list[Manifest]) -> None:
    if len(rags) > 1:
        names = ", ".join(f"{m.namespace}/{m.name}" for m in rags)
        raise InputError(f"two RAG services publish a contract: {names}", hint="the gate tests one; remove one overlay")
    seen: dict[str, str] = {}
    for model in models:
        if other := seen.get(model.name):
            raise InputError(
                f"the releases {other} and {model.contract.release} both serve the model {model.name!r}",
                hint="give each a model.name of its own",
            )
        seen[model.name] = model.contract.release


def _model(manifest: Manifest, addresses: Mapping[str, str] | None, tokens: Mapping[str, str]) -> ModelTarget:
    contract = _contract(manifest)
    auth = contract.auth
    token = _token(auth.secretName, auth.secretKey, tokens) if auth else ""
    return ModelTarget(contract, _address(contract.url, addresses), token)


def _rag(manifest: Manifest, addresses: Mapping[str, str] | None, tokens: Mapping[str, str], answering: bool) -> Target:
    where, text = _published(manifest, RAG_KEY)
    declared = parse_contract(text, where)
    auth = json.loads(text)["auth"]
    token = _token(auth["secretName"], auth["secretKey"], tokens) if auth else ""
    url = _address(declared.url, addresses)
    return replace(declared, url=url, api_key=token, answering=answering)


def _published(manifest: Manifest, key: str) -> tuple[str, str]:
    """Return where a contract is, for messages, and its text."""
    where = f"{manifest.app.name}: ConfigMap/{manifest.name} {key}"
    text = (manifest.body.get("data") or {}).get(key)
    if not isinstance(text, str):
        raise InputError(f"{where}: missing", hint=f"the chart {manifest.app.chart} must publish it")
    return where, text


def _contract(manifest: Manifest) -> ModelContract:
    where, text = _published(manifest, SLO_KEY)
    try:
        return ModelContract.model_validate(json.loads(text))
    except ValueError as error:
        raise InputError(f"{where}: {_problems(error)}", hint=f"repair {manifest.template}") from None


def _problems(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'document'}: {e['msg']}" for e in error.errors())


def _address(url: str, addresses: Mapping[str, str] | None) -> str:
    if addresses is None:
        return url.rstrip("/")
    known = {published.rstrip("/"): real.rstrip("/") for published, real in addresses.items()}
    if (base := url.rstrip("/")) not in known:
        raise InputError(f"{url}: no address for this service is known", hint="start it: leanrag local up")
    return known[base]


def _token(secret: str, key: str, tokens: Mapping[str, str]) -> str:
    # A missing token is not an error here: the call that needs it answers 401, and that is then the finding.
    return tokens.get(f"{secret}/{key}", "")


def rendered_images(manifests: Iterable[Manifest]) -> tuple[str, ...]:
    """Return every container image that the manifests name, sorted."""
    return tuple(sorted({image for manifest in manifests for image in _images(manifest.body)}))


def _images(node: Any) -> Iterable[str]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in ("containers", "initContainers") and isinstance(value, list):
                yield from (c["image"] for c in value if isinstance(c, Mapping) and isinstance(c.get("image"), str))
            yield from _images(value)
    elif isinstance(node, list):
        for entry in node:
            yield from _images(entry)
