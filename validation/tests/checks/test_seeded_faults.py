"""One run over a copy of this repository finds every fault that was put into it, each with its place and way out."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from leanrag.catalog.repository import Repository
from leanrag.checks.commands import check
from leanrag.checks.finding import Finding
from leanrag.checks.run import CheckRun, check_repository
from leanrag.core.outcome import Outcome

ROOT = Path(__file__).parents[3]
SEEDED = Path(__file__).parent / "seeded" / "faults.yaml"
COPIED = ("apps", "charts", "clusters", "overlays")
STACK = "charts/rag/rag-stack/templates/faults.yaml"

pytestmark = pytest.mark.helm


@dataclass(frozen=True)
class Fault:
    """What must be reported: rule, file, text on its line (empty: any), and parts of the place and the way out."""

    rule: str
    file: str
    on_line: str
    where: str
    fix: str


# (file, what stands there or None for the end of the file or a new one, what is written instead)
EDITS: tuple[tuple[str, str | None, str], ...] = (
    ("overlays/dev/rag/rag-stack.yaml", None, "vectorStroe: milvus\n"),
    ("overlays/dev/rag/rag-stack.yaml", "granite-3.1-2b-instruct", "granite-3.1-2b-instrct"),
    ("overlays/dev/data/milvsu.yaml", None, "{}\n"),
    ("overlays/dev/gate/gate.yml", None, "{}\n"),
    ("overlays/dev/models/chat.yaml", "{gpus: 1,", "{gpus: 1, memory: 8Gib,"),
    ("overlays/dev/models/granite-8b-bf16.yaml", "model:\n", "model:\n  maxModelLen: 131072\n"),
    ("overlays/dev/models/granite-8b-int4.yaml", None, "extraArgs: {max-model-length: 4096}\n"),
    ("overlays/local/models/chat.yaml", "pvc://models/tiny-llama", "htf://models/tiny-llama"),
    ("overlays/local/models/embed.yaml", "tag: 0.32.0", "tag: latest"),
    ("overlays/staging/models/chat.yaml", "capacity: {gpus: 1,", "capacity: {gpus: 1, replcas: 2,"),
    ("overlays/staging/models/embed.yaml", "task: embedding", "task: embeding"),
    ("overlays/staging/rag/rag-stack.yaml", None, "vectorStore: milvus\n"),
    ("overlays/staging/data/milvus.yaml", None, "broken: [\n"),
    ("overlays/prod/models/chat.yaml", "replicas: 4", "replicas: four"),
    (
        "overlays/prod/models/chat.yaml",
        None,
        "slo:\n  objectives:\n    ttft: {limt: 300}\n    itl: {percentile: 150}\n",
    ),
    ("overlays/prod/rag/rag-stack.yaml", "dimension: 384", "dimension: 768"),
    ("clusters/dev/release.yaml", "  revision: main\n", "  revision: main\n  follows: stagin\n"),
    ("clusters/prod/cluster.yaml", "  protected: true", "  protcted: true"),
    ("clusters/staging/cluster.yaml", "platform: openshift", "platform: openshft"),
    (
        "clusters/edge/cluster.yaml",
        None,
        "cluster: {name: edge, environment: edeg, platform: kubernetes, domain: example.org, registry: example.org}\n",
    ),
    ("charts/serving/model/templates/inferenceservice.yaml", "    minReplicas:", "    minReplica: 1\n    minReplicas:"),
)

_NEW = "spec.template.spec.containers[0]"
FAULTS: tuple[Fault, ...] = (
    Fault("VAL001", "overlays/dev/rag/rag-stack.yaml", "vectorStroe", "vectorStroe", "'vectorStore'"),
    Fault("VAL001", "overlays/staging/models/chat.yaml", "replcas", "capacity.replcas", "'replicas'"),
    Fault("VAL001", "overlays/prod/models/chat.yaml", "limt", "slo.objectives.ttft.limt", "'limit'"),
    Fault("VAL002", "overlays/dev/models/chat.yaml", "8Gib", "capacity.memory", "such as 8Gi"),
    Fault("VAL002", "overlays/staging/models/embed.yaml", "embeding", "task", "'embedding'"),
    Fault("VAL002", "overlays/prod/models/chat.yaml", "four", "capacity.replicas", "type integer"),
    Fault("VAL002", "overlays/prod/models/chat.yaml", "150", "slo.objectives.itl.percentile", "less than 100"),
    Fault("MOD001", "overlays/local/models/chat.yaml", "htf://", "model.source", "'hf://'"),
    Fault("RND001", "overlays/local/models/embed.yaml", "latest", "image.tag", "pin the exact version"),
    Fault("FIL001", "overlays/staging/data/milvus.yaml", "broken", "", "correct the YAML"),
    Fault("FIL002", "overlays/staging/rag/rag-stack.yaml", "vectorStore", "vectorStore", "remove one"),
    Fault("FIL003", "overlays/dev/data/milvsu.yaml", "{}", "", "'milvus'"),
    Fault("FIL004", "overlays/dev/gate/gate.yml", "", "", "rename it to .yaml"),
    Fault("FIL005", "clusters/edge/cluster.yaml", "edeg", "cluster.environment", "environments here are"),
    Fault("REL001", "clusters/dev/release.yaml", "stagin", "release.follows", "did you mean 'staging'?"),
    Fault("CLU001", "clusters/prod/cluster.yaml", "protcted", "cluster.protcted", "'protected'"),
    Fault("CLU001", "clusters/staging/cluster.yaml", "openshft", "cluster.platform", "'openshift'"),
    *(
        Fault(
            "OBJ002",
            "charts/serving/model/templates/inferenceservice.yaml",
            "",
            f"InferenceService/{name} spec.predictor.minReplica",
            "'minReplicas'",
        )
        for name in ("chat", "granite-8b-bf16", "granite-8b-int4")
    ),
    Fault(
        "ENG001",
        "overlays/dev/models/granite-8b-int4.yaml",
        "max-model-length",
        "ServingRuntime/granite-8b-int4 spec.containers[0].args",
        "'--max-model-len'",
    ),
    Fault("FIT001", "overlays/dev/models/granite-8b-bf16.yaml", "", "model", "maxModelLen"),
    Fault("RAG001", "overlays/dev/rag/rag-stack.yaml", "instrct", "models.chat", "'granite-3.1-2b-instruct'"),
    Fault("RAG002", "overlays/prod/rag/rag-stack.yaml", "768", "dimension", "write 384"),
    Fault("DAT001", STACK, "", "PersistentVolumeClaim/seeded-volume", "Prune=false,Delete=false"),
    Fault("OBJ002", STACK, "", "spec.resources.requests.storage", "such as 8Gi"),
    Fault("OBJ004", STACK, "", "Service/seeded-service metadata.labels.team", "a label value is"),
    Fault("SVC001", STACK, "", "Service/seeded-service spec.selector", "labels of the pod template"),
    Fault("RBC001", STACK, "", "Role/seeded-role rules[0].verbs", "name what is needed"),
    Fault("NSP001", STACK, "", "Job/seeded-job metadata.namespace", "'lr-rag'"),
    Fault("HOK001", STACK, "", "spec.ttlSecondsAfterFinished", "remove it"),
    Fault("OBJ002", STACK, "", "Job/seeded-job spec.parallelism", "smaller number"),
    Fault("IMG001", STACK, "", f"{_NEW}.image", "pin a version and digest"),
    Fault("SEC001", STACK, "", f"{_NEW}.env[0].value", "Secret that is not in Git"),
    Fault("OBJ003", STACK, "", f"{_NEW}.env", "a key of its own"),
    Fault("POD001", STACK, "", f"{_NEW}.securityContext.allowPrivilegeEscalation", "false"),
    Fault("NET001", STACK, "", "Job/seeded-job spec.template.spec", "common.networkPolicy"),
    Fault("OBJ001", STACK, "", "RAGPipeline/seeded-pipeline", "sources.py"),
    Fault("RES001", STACK, "name: job", f"Job/seeded-job {_NEW}.resources", "requests"),
    Fault("TOK001", STACK, "spec:", "Job/seeded-job spec.template.spec.automountServiceAccountToken", "false"),
    # What follows from the faults above.
    Fault("RAG004", "overlays/prod/rag/rag-stack.yaml", "768", "data.needs.json store", "768"),
    Fault("RAG005", "overlays/dev/rag/rag-stack.yaml", "granite-3.1-2b-instrct", "engines.chat.url", "serve"),
    Fault("PRJ001", "apps/cluster/templates/appproject.yaml", "", "AppProject workload", "'RAGPipeline'"),
)


def copy_of_the_repository(target: Path) -> Path:
    for name in COPIED:
        shutil.copytree(ROOT / name, target / name)
    local = Path("bootstrap/local/cluster.yaml")
    (target / local).parent.mkdir(parents=True)
    shutil.copyfile(ROOT / local, target / local)
    return target


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CheckRun]:
    root = copy_of_the_repository(tmp_path_factory.mktemp("seeded"))
    for name, old, new in EDITS:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text() if path.exists() else ""
        assert old is None or old in text, f"{name} no longer holds {old!r}: adapt this fault"
        path.write_text(text + new if old is None else text.replace(old, new, 1))
    shutil.copyfile(SEEDED, root / STACK)
    return root, check_repository(Repository(root))


def shown(fault: Fault, finding: Finding, root: Path) -> bool:
    if fault.rule != finding.rule or fault.file != finding.file:
        return False
    line = (root / finding.file).read_text().splitlines()[finding.line - 1] if finding.line else ""
    return fault.on_line in line and fault.where in finding.where and fault.fix in finding.fix


@pytest.mark.parametrize(
    "fault", FAULTS, ids=lambda fault: f"{fault.rule}-{re.sub('[^a-zA-Z]+', '-', fault.where)[-40:]}"
)
def test_a_seeded_fault_is_found_with_file_line_and_way_out(fault: Fault, seeded: tuple[Path, CheckRun]) -> None:
    root, run = seeded
    found = [finding for finding in run.findings if shown(fault, finding, root)]
    assert len(found) == 1, "\n".join(str(each) for each in run.findings if each.rule == fault.rule)
    assert found[0].message


def test_nothing_but_the_seeded_faults_is_reported(seeded: tuple[Path, CheckRun]) -> None:
    root, run = seeded
    # No registry was asked for the digests of a protected cluster, which holds promotions only.
    counted = [finding for finding in run.findings if not finding.holds and not finding.allowed]
    assert {finding.rule for finding in run.findings if finding.holds} == {"IMG003"}
    extra = [finding for finding in counted if not any(shown(fault, finding, root) for fault in FAULTS)]
    assert extra == []
    assert len(counted) == len(FAULTS) >= 20


def test_findings_fail_the_step_and_count_in_it(seeded: tuple[Path, CheckRun]) -> None:
    _, run = seeded
    assert run.step.outcome is Outcome.FAIL
    assert run.step.facts["unknown"] == 1
    assert run.step.facts["findings"] == len(FAULTS) - 1


def test_this_repository_is_clean() -> None:
    code, text = check(ROOT)
    assert (code, text.splitlines()[-1].split(":")[0]) == (0, "PASS"), text
