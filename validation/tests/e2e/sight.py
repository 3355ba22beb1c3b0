"""What the world looks like, in words: printed when a story waits in vain, so that the reason stands in the report."""

from collections.abc import Iterable

from .api import Api, Object

EVENTS = 12
WORDS = 240


def sight(api: Api, argocd: str, namespaces: Iterable[str]) -> str:
    """Return Applications that are not well, pods that are not ready, warnings, and the gates' last words."""
    own = set(namespaces)
    parts = [
        ("Applications", applications(api, argocd)),
        ("pods", [line for pod in api.list("Pod") for line in pods(pod, own)]),
        ("warnings", warnings(api, own | {argocd})),
        ("verdicts", verdicts(api)),
        ("gates", [line for name in sorted(own) if name.endswith("-gate") for line in gate_log(api, name)]),
    ]
    return "\n".join(f"--- {title}\n" + ("\n".join(lines) or "  (none)") for title, lines in parts)


def applications(api: Api, argocd: str) -> list[str]:
    """Return one line an Application: what it is at, its health, its operation, and its complaints."""
    return [_application(app) for app in api.list("Application", argocd)]


def _application(app: Object) -> str:
    status = app.get("status") or {}
    sync, operation = status.get("sync") or {}, status.get("operationState") or {}
    words = (
        app["metadata"]["name"],
        str(sync.get("status")),
        str((status.get("health") or {}).get("status")),
        str(sync.get("revision") or "-")[:12],
        f"operation {operation.get('phase')} {str(operation.get('message') or '')[:WORDS]}" if operation else "",
        *(f"{c['type']}: {c['message'][:WORDS]}" for c in status.get("conditions") or ()),
    )
    return "  " + "  ".join(word for word in words if word)


def pods(pod: Object, own: set[str]) -> Iterable[str]:
    """Yield a line for a pod of ours that is not ready, with the reason that its containers give."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    if metadata["namespace"] not in own or status.get("phase") == "Succeeded":
        return
    ready = all(one.get("ready") for one in status.get("containerStatuses") or ()) and status.get("containerStatuses")
    if status.get("phase") == "Running" and ready:
        return
    said = [c.get("message", "") for c in status.get("conditions") or () if c.get("status") == "False"]
    for one in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        state = one.get("state") or {}
        said += [f"{key}: {value.get('reason')} {value.get('message') or ''}" for key, value in state.items() if value]
    yield f"  {metadata['namespace']}/{metadata['name']} {status.get('phase')} " + "; ".join(said)[: 2 * WORDS]


def warnings(api: Api, own: set[str]) -> list[str]:
    """Return the newest warnings of our namespaces."""
    events = [e for e in api.list("Event") if e.get("type") == "Warning" and e["metadata"]["namespace"] in own]
    events.sort(key=lambda e: str(e.get("lastTimestamp") or e.get("eventTime") or ""))
    return [
        f"  {e['metadata']['namespace']}/{e['involvedObject'].get('name')}: {e.get('reason')}: "
        f"{str(e.get('message'))[:WORDS]}"
        for e in events[-EVENTS:]
    ]


def verdicts(api: Api) -> list[str]:
    """Return one line a verdict: where, which commit, which attempt, what it says."""
    found = sorted(
        api.list("ConfigMap", label="leanrag.io/verdict=true"), key=lambda m: m["metadata"]["creationTimestamp"]
    )
    return [
        f"  {m['metadata']['creationTimestamp']} {m['metadata']['namespace']}/{m['metadata']['name']} "
        f"{m['metadata']['labels'].get('leanrag.io/outcome')}: "
        f"{(m['metadata'].get('annotations') or {}).get('leanrag.io/sentence', '')[:WORDS]}"
        for m in found[-EVENTS:]
    ]


def gate_log(api: Api, namespace: str) -> list[str]:
    """Return the last lines of the newest gate pod in a namespace."""
    found = sorted(api.list("Pod", namespace), key=lambda pod: pod["metadata"]["creationTimestamp"])
    if not found:
        return []
    name = found[-1]["metadata"]["name"]
    return [f"  {namespace}/{name}:", *(f"    {line}" for line in api.logs(name, namespace).splitlines())]
