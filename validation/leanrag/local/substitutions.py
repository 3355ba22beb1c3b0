"""The one place that says how the local stack differs from what the charts render, and why.

`leanrag local status` prints it. Fields that are not in this list are taken from the rendered objects as they are.
"""

from dataclasses import dataclass

# Fields of a pod that have no meaning for a local process: field → reason.
IGNORED_POD_FIELDS = {
    "automountServiceAccountToken": "no API server",
    "affinity": "one machine",
    "enableServiceLinks": "no services environment is made",
    "imagePullSecrets": "no image is pulled",
    "nodeSelector": "one machine",
    "priorityClassName": "no scheduler",
    "restartPolicy": "a part that ends is an error to be seen, not to be restarted",
    "securityContext": "a process runs as the user who started it",
    "serviceAccountName": "no API server",
    "terminationGracePeriodSeconds": "a part gets 20 s after SIGTERM",
    "tolerations": "one machine",
    "topologySpreadConstraints": "one machine",
}
# The same for a container.
IGNORED_CONTAINER_FIELDS = {
    "imagePullPolicy": "no image is pulled",
    "lifecycle": "traffic ends before a part does, so there is nothing to drain",
    "livenessProbe": "a part that hangs is an error to be seen, not to be restarted",
    "resources": "a process has no cgroup of its own",
    "securityContext": "a process runs as the user who started it; the file system is not read-only",
    "stdin": "no terminal",
    "terminationMessagePolicy": "the log file keeps everything",
}


@dataclass(frozen=True, slots=True)
class Substitution:
    """What a rendered object says, what stands for it locally, and why it cannot be the same."""

    what: str
    instead: str
    reason: str


SUBSTITUTIONS = (
    Substitution(
        "image", "the same version of the same program, in an environment or built from source", "no container engine"
    ),
    Substitution(
        "workload kinds",
        "Deployments and StatefulSets run, one replica each; Jobs do not: the demo runs the gate itself",
        "no controller, one machine",
    ),
    Substitution(
        "pod address", "127.77.N.M: a loopback address of its own, so that ports stay as rendered", "no pod network"
    ),
    Substitution(
        "service names",
        "rewritten to that address in arguments, environment and mounted configuration",
        "no cluster DNS",
    ),
    Substitution(
        "0.0.0.0 and an absent listen address", "the pod's address", "a part must not be reachable from other machines"
    ),
    Substitution(
        "mount paths",
        "rewritten to folders of the state folder in arguments, environment and mounted configuration",
        "no mount namespace",
    ),
    Substitution(
        "claim `models`", "the cache's models folder, filled at set-up", "no storage class; no model hub is asked"
    ),
    Substitution("other claims and emptyDirs", "folders in the state folder, empty at every up", "no storage class"),
    Substitution(
        "Secrets that no chart renders", "a random value a run, in a file of mode 0600", "operators bring theirs"
    ),
    Substitution("probe timing", "asked four times a second; the rendered allowance holds", "the demo should not wait"),
    Substitution(
        "service auth in lr-rag",
        "leanrag.local.identity, a token validator: accepts the run's token, else 401",
        "no chart provides an identity provider",
    ),
    Substitution(
        "VLLM_CPU_OMP_THREADS_BIND",
        "one core an engine, in turn, on machines of up to four cores",
        "by default every engine binds to the first core, and two would share it",
    ),
    Substitution(
        "/opt/tiktoken in the RAG servers' images", "the cache's tiktoken folder", "the file is fetched at set-up"
    ),
    Substitution(
        "inherited environment",
        "PATH (the part's programs, then the system's), HOME, LANG, TMPDIR; nothing else",
        "a container inherits nothing of the machine either",
    ),
    Substitution(
        "NetworkPolicy, ServiceMonitor, RBAC, PodDisruptionBudget",
        "nothing",
        "no API server; `leanrag check` reads them",
    ),
)
