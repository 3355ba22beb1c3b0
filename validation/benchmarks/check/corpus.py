"""What is judged: realistic objects, and the faults that a plain schema check misses."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILES = 40
FAULTY = 18  # every so-many-th object has a field that does not exist: 112 of 2,000


def service(number: int, extra: str = "") -> str:
    """Return an InferenceService as a platform team writes it, with one chat model on a GPU."""
    return f"""apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: model-{number:04d}
  namespace: team-{number % 20}
  labels:
    app.kubernetes.io/name: model-{number:04d}
    app.kubernetes.io/part-of: rag
    app.kubernetes.io/version: 1.{number % 9}.0
  annotations:
    serving.kserve.io/deploymentMode: RawDeployment
    argocd.argoproj.io/sync-wave: "{number % 5}"
    description: "Serves model {number}: chat, with tools"
spec:
  predictor:
    minReplicas: {number % 3 + 1}
    maxReplicas: {number % 3 + 3}
    serviceAccountName: model-{number:04d}
{extra}    tolerations:
    - key: nvidia.com/gpu
      operator: Exists
      effect: NoSchedule
    model:
      modelFormat:
        name: vLLM
      runtime: vllm-cuda
      storageUri: oci://registry.example.com/models/granite-{number}:1.4.0
      args:
      - --max-model-len=8192
      - --gpu-memory-utilization=0.9
      - --served-model-name
      - granite-{number}
      env:
      - name: HF_HUB_OFFLINE
        value: "1"
      - name: VLLM_LOGGING_LEVEL
        value: INFO
      resources:
        requests: {{cpu: "4", memory: 24Gi, nvidia.com/gpu: "1"}}
        limits: {{cpu: "8", memory: 32Gi, nvidia.com/gpu: "1"}}
      readinessProbe:
        httpGet: {{path: /health, port: 8080, scheme: HTTP}}
        periodSeconds: 10
        failureThreshold: 3
      startupProbe:
        httpGet: {{path: /health, port: 8080}}
        periodSeconds: 10
        failureThreshold: 60
      volumeMounts:
      - {{name: shm, mountPath: /dev/shm}}
    volumes:
    - name: shm
      emptyDir: {{medium: Memory, sizeLimit: 8Gi}}
"""


def language_model(number: int, extra: str = "") -> str:
    """Return an LLMInferenceService that scales by itself, whose kind has rules in CEL."""
    return f"""apiVersion: serving.kserve.io/v1alpha2
kind: LLMInferenceService
metadata:
  name: llm-{number:04d}
  namespace: team-{number % 20}
  labels:
    app.kubernetes.io/name: llm-{number:04d}
    app.kubernetes.io/part-of: rag
spec:
{extra}  model:
    uri: oci://registry.example.com/models/granite-{number}:1.4.0
    name: granite-{number}
  scaling:
    minReplicas: {number % 3 + 1}
    maxReplicas: {number % 3 + 3}
    wva:
      keda:
        pollingInterval: 30
        cooldownPeriod: 300
  template:
    serviceAccountName: llm-{number:04d}
    containers:
    - name: main
      image: registry.example.com/vllm/vllm-openai:v0.18.0
      args: [--max-model-len=8192, --gpu-memory-utilization=0.9]
      env:
      - {{name: HF_HUB_OFFLINE, value: "1"}}
      - {{name: VLLM_LOGGING_LEVEL, value: INFO}}
      resources:
        requests: {{cpu: "4", memory: 24Gi, nvidia.com/gpu: "1"}}
        limits: {{cpu: "8", memory: 32Gi, nvidia.com/gpu: "1"}}
      ports:
      - {{name: http, containerPort: 8000, protocol: TCP}}
      securityContext:
        runAsNonRoot: true
        allowPrivilegeEscalation: false
        capabilities: {{drop: [ALL]}}
        seccompProfile: {{type: RuntimeDefault}}
      livenessProbe:
        httpGet: {{path: /health, port: 8000, scheme: HTTPS}}
        periodSeconds: 10
        failureThreshold: 3
      startupProbe:
        httpGet: {{path: /health, port: 8000, scheme: HTTPS}}
        periodSeconds: 10
        failureThreshold: 60
"""


def write(folder: Path, count: int) -> int:
    """Write so many objects into files, three quarters of them InferenceServices; return how many are faulty."""
    texts, faulty = [], 0
    for number in range(count):
        broken = number % FAULTY == 0
        faulty += broken
        if number % 4 == 3:
            texts.append(language_model(number, "  modle: {}\n" if broken else ""))
        else:
            texts.append(service(number, "    minReplica: 1\n" if broken else ""))
    folder.mkdir(parents=True)
    for file in range(FILES):
        (folder / f"{file:02d}.yaml").write_text("---\n".join(texts[file::FILES]))
    return faulty


@dataclass(frozen=True, slots=True)
class Fault:
    """One case: the text with its fault, and the rule that must find it (empty: it is sound)."""

    text: str
    rule: str


_NOT_BOTH = "      hpa: {}\n      keda:\n"
_ENV = "      - name: VLLM_LOGGING_LEVEL\n        value: INFO\n"


def faults() -> Mapping[str, Fault]:
    """Return two sound objects and sixteen faulty ones by name."""
    good, llm = service(1), language_model(2)

    def swapped(old: str, new: str, rule: str, text: str = good) -> Fault:
        assert old in text, old
        return Fault(text.replace(old, new, 1), rule)

    return {
        "sound: InferenceService": Fault(good, ""),
        "sound: LLMInferenceService": Fault(llm, ""),
        "unknown field": swapped("    maxReplicas", "    maxReplica: 1\n    maxReplicas", "OBJ002"),
        "unknown field in an env item": swapped("        value: INFO\n", "        valeu: INFO\n", "OBJ002"),
        "key given twice": swapped("    maxReplicas", "    minReplicas: 1\n    maxReplicas", "FIL001"),
        "env name given twice": swapped(_ENV, _ENV + _ENV, "OBJ003"),
        "quantity 8Gib": swapped("sizeLimit: 8Gi", "sizeLimit: 8Gib", "OBJ002"),
        "env value is a number": swapped('value: "1"', "value: 1", "OBJ002"),
        "env value on": swapped("value: INFO", "value: on", "OBJ002"),
        "env value y": swapped("value: INFO", "value: y", "OBJ002"),
        "text for a number": swapped("minReplicas: 2", "minReplicas: two", "OBJ002"),
        "label value is a boolean": swapped("part-of: rag", "part-of: true", "OBJ004"),
        "label value with a space": swapped("part-of: rag", "part-of: rag stack", "OBJ004"),
        "name in upper case": swapped("  name: model-0001\n  namespace", "  name: Model-0001\n  namespace", "OBJ004"),
        "int32 overflow": swapped("minReplicas: 2", "minReplicas: 3000000000", "OBJ002"),
        "CEL: replicas and scaling": swapped("  model:\n", "  replicas: 2\n  model:\n", "CEL001", llm),
        "CEL: minimum above maximum": swapped("minReplicas: 3", "minReplicas: 9", "CEL001", llm),
        "CEL: two autoscalers": swapped("      keda:\n", _NOT_BOTH, "CEL001", llm),
    }
