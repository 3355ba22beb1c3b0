"""The chart rag-stack against the pinned servers: their own classes read its configurations and hold its table."""

import functools
import json
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from leanrag.core import yamlio

from .chart import CHART, ROOT, render, staged
from .stack import VENVS, program

pytestmark = pytest.mark.xdist_group("stack-config")  # what the packages say is asked for once a process

PACKAGES = {"llamastack": "llama_stack", "ogx": "ogx"}
TABLE: Mapping[str, Any] = yamlio.read(CHART / "files" / "providers.yaml")
OFFERED = {name: row for name, row in TABLE["stores"].items() if "refused" not in row}
CASES = {case.stem.removesuffix("-values"): (case,) for case in sorted(CHART.glob("ci/*-values.yaml"))}
CLUSTERS = {
    **{name: ROOT / "clusters" / name / "cluster.yaml" for name in ("dev", "staging", "prod")},
    "local": ROOT / "bootstrap" / "local" / "cluster.yaml",
}
DEPLOYED = {name: (facts, ROOT / "overlays" / name / "rag" / "rag-stack.yaml") for name, facts in CLUSTERS.items()}

# What other versions call by another name or keep elsewhere: (what the chart writes, what it becomes, what is said).
FOREIGN = {
    "ignored-key": ("  host: 0.0.0.0", "  host: 0.0.0.0\n  quota: {}", "server.quota: ServerConfig does not know it"),
    "renamed-provider": ("inline::builtin", "inline::meta-reference", "no provider inline::meta-reference"),
    "renamed-key": ("base_url:", "url:", "inference/vllm.url: VLLMInferenceAdapterConfig does not know it"),
    "wrong-backend": ("backend: kv_default}", "backend: sql_default}", "metadata references backend 'sql_default'"),
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """One configuration of the chart and the server that it is for."""

    api: str
    config: str


@functools.cache
def rendered() -> Mapping[str, Rendered]:
    """Render every case and deployed overlay, and one of them with each foreign name."""
    with staged() as chart:
        found = {name: _render(chart, files) for name, files in {**CASES, **DEPLOYED}.items()}
    plain = found["ogx-faiss-metrics"]
    foreign = {name: Rendered("ogx", plain.config.replace(old, new)) for name, (old, new, _) in FOREIGN.items()}
    assert all(one.config != plain.config for one in foreign.values())
    return {**found, **foreign}


def _render(chart: Path, files: tuple[Path, ...]) -> Rendered:
    bodies = render(chart, *(part for file in files for part in ("--values", str(file))))
    data = {key: text for body in bodies if body["kind"] == "ConfigMap" for key, text in body["data"].items()}
    return Rendered(str(json.loads(data["rag.json"])["api"]), str(data["config.yaml"]))


@functools.cache
def said(api: str) -> Mapping[str, Any]:
    """Return what a server's package says about all of its configurations, in one run: its import takes seconds."""
    python = program(api).with_name("python")
    if not python.exists():
        pytest.skip(f"no {python}: run `leanrag tools {VENVS[api][0]}`")
    with tempfile.TemporaryDirectory() as folder:
        authority = Path(folder) / "ca.crt"  # both servers refuse the name of a file that does not exist
        authority.touch()
        files = []
        for name, one in rendered().items():
            if one.api == api:
                files.append(Path(folder) / name)
                files[-1].write_text(re.sub(r"/etc/rag-stack-ca/\S+?\.crt", str(authority), one.config))
        argv = [str(python), str(Path(__file__).with_name("parse_stack.py")), PACKAGES[api], *map(str, files)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    return {**answer, "problems": {Path(file).name: found for file, found in answer["problems"].items()}}


def problems(name: str) -> list[str]:
    """Return what is wrong with one configuration."""
    found: list[str] = said(rendered()[name].api)["problems"][name]
    return found


@pytest.mark.parametrize("case", CASES)
def test_the_server_reads_every_case_and_knows_every_key(case: str) -> None:
    assert problems(case) == []


@pytest.mark.parametrize("environment", DEPLOYED)
def test_the_server_reads_what_an_environment_deploys(environment: str) -> None:
    assert problems(environment) == []


@pytest.mark.parametrize("name", FOREIGN)
def test_a_name_of_another_version_is_found(name: str) -> None:
    assert FOREIGN[name][2] in " ".join(problems(name))


@pytest.mark.parametrize("api", sorted(PACKAGES))
def test_the_table_names_every_store_of_the_package(api: str) -> None:
    offered = {row["provider"] for row in TABLE["stores"].values() if api in row.get("servers", [api])}
    there = set(said(api)["stores"])
    assert offered <= there
    assert there - offered <= set(TABLE["leftOut"])


@pytest.mark.parametrize("api", sorted(PACKAGES))
def test_the_table_knows_what_our_image_has(api: str) -> None:
    needs = [row["needs"] for row in OFFERED.values() if "needs" in row]
    wanted = {one if isinstance(one, str) else one[api] for one in needs} | {TABLE["s3"], *TABLE["traces"]}
    lock = (ROOT / "bootstrap" / "local" / "locks" / f"{VENVS[api][0]}.txt").read_text()
    assert sorted(wanted & set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))) == TABLE["images"][api]
    assert set(TABLE["traces"]) <= set(TABLE["images"][api]), "no check of the chart asks whether ours can make spans"


def test_every_store_is_read_by_some_case() -> None:
    texts = "".join(case.read_text() for (case,) in CASES.values())
    assert set(re.findall(r"^vectorStore: (\S+)", texts, re.MULTILINE)) | {"milvus-lite"} == set(OFFERED)
