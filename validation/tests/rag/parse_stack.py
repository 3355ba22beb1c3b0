"""Read configurations with the classes of a server's own package: `<its python> parse_stack.py <package> <file>…`.

Runs in the environment of Llama Stack or OGX, which has neither leanrag nor pytest. Prints one JSON document: for each
file what the classes refuse and each key that none of them knows (pydantic drops those without a word, so the server
would start and ignore them), and under `stores` the types of vector store in the package.
"""

import importlib
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml


def problems(package: str, text: str) -> Iterator[str]:
    """Yield what is wrong with a configuration; every ${env.NAME} counts as set."""
    stack = importlib.import_module(f"{package}.core.stack")
    datatypes = importlib.import_module(f"{package}.core.datatypes")
    for name in re.findall(r"\$\{env\.([A-Z0-9_]+)\}", text):
        os.environ.setdefault(name, "/tmp/words")
    given = stack.replace_env_vars(yaml.safe_load(text))
    try:
        config = datatypes.StackConfig(**given)
    except ValueError as error:
        yield f"StackConfig: {error}"
        return
    yield from unknown(config, given, "")
    for api, provider, spec in providers(package, given):
        where = f"{api}/{provider['provider_id']}"
        if spec is None:
            yield f"{where}: no provider {provider['provider_type']}"
            continue
        module, _, name = spec.config_class.rpartition(".")
        try:
            parsed = getattr(importlib.import_module(module), name)(**provider.get("config", {}))
        except ValueError as error:
            yield f"{where}: {error}"
            continue
        yield from unknown(parsed, provider.get("config", {}), f"{where}.")


def providers(package: str, given: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yield (API, provider, its entry in the package's registry or None)."""
    for api, listed in given["providers"].items():
        registry = importlib.import_module(f"{package}.providers.registry.{api}").available_providers()
        known = {spec.provider_type: spec for spec in registry}
        yield from ((api, provider, known.get(provider["provider_type"])) for provider in listed)


def unknown(parsed: Any, given: Any, where: str) -> Iterator[str]:
    """Yield the keys of `given` that the model which was made of it does not have."""
    if isinstance(given, list) and isinstance(parsed, list):
        for index, (one, raw) in enumerate(zip(parsed, given, strict=True)):
            yield from unknown(one, raw, f"{where}{index}.")
    if not isinstance(given, dict):
        return
    if isinstance(parsed, dict):
        for key, raw in given.items():
            yield from unknown(parsed.get(key), raw, f"{where}{key}.")
    fields = getattr(type(parsed), "model_fields", None)
    if fields is None:
        return
    names = {field.alias or name: name for name, field in fields.items()} | {name: name for name in fields}
    for key, raw in given.items():
        if key in names:
            yield from unknown(getattr(parsed, names[key]), raw, f"{where}{key}.")
        elif parsed.model_config.get("extra") != "allow":
            yield f"{where}{key}: {type(parsed).__name__} does not know it"


def registry_types(package: str) -> list[str]:
    """Return the types of every vector store that the package has."""
    registry = importlib.import_module(f"{package}.providers.registry.vector_io").available_providers()
    return sorted(spec.provider_type for spec in registry)


if __name__ == "__main__":
    server, *files = sys.argv[1:]
    found = {file: list(problems(server, Path(file).read_text())) for file in files}
    print(json.dumps({"problems": found, "stores": registry_types(server)}))
