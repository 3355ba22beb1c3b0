"""What stands on a bench where llm-d's images stand in a cluster; none of them can be fetched or built here.

- endpoint picker: that of gateway-api-inference-extension v1.5.0, which llm-d's extends; with the plugins that it has,
  so it knows nothing of prefill and decode;
- routing sidecar: a relay, so every answer comes whole from the decode pod;
- vLLM, where the chart refuses the simulator (several nodes): the simulator under vLLM's command line.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leanrag.bench import archive, node
from leanrag.bench.images import userland
from leanrag.bench.images.recipes import REGISTRY
from leanrag.bench.model import Bench
from leanrag.core.files import cache_dir, write_atomic
from leanrag.render.tools import tool

PICKER = f"{REGISTRY}/endpoint-picker:1.5.0"
SIDECAR = f"{REGISTRY}/relay:1"
ENGINE = f"{REGISTRY}/vllm-simulated:1"
PROGRAMS = ("epp", "relay", "sim")
# KServe's presets are scripts for bash with these words in them.
_WORDS = ("awk", "bash", "cut", "getent", "head", "sleep", "sort", "tail")
_VLLM = """#!/bin/bash
# vLLM's command line as KServe's presets write it, answered by the simulator; what that does not know is left out.
[ "$1" = --version ] && { echo 0.32.0; exit; }
shift 2 # serve, and where the model is
names=() words=()
while [ $# -gt 0 ]; do
  case $1 in
    --headless) exec sleep infinity ;;
    --served-model-name) while [ $# -gt 1 ] && [ "${2#--}" = "$2" ]; do names+=("$2"); shift; done ;;
    --port | --ssl-certfile | --ssl-keyfile) words+=("$1" "$2"); shift ;;
  esac
  shift
done
export LEANRAG_LISTEN_HOST=0.0.0.0
words+=(--force-dummy-tokenizer --model "${names[0]}")
exec /app/llm-d-inference-sim --served-model-name "${names[@]}" "${words[@]}"
"""
_PLUGINS = {"queue-scorer": 2, "kv-cache-utilization-scorer": 2, "prefix-cache-scorer": 3}


def provide(bench: Bench) -> None:
    """Give the hub's node the images that stand in, each unless it is there."""
    _import(bench, PICKER, {"/app/epp": tool("epp")})
    _import(bench, SIDECAR, {"/app/pd-sidecar": tool("relay")})
    _import(bench, ENGINE, _engine())


def preset(body: dict[str, Any]) -> dict[str, Any]:
    """Return a well-known configuration with the images that stand in, and resources for a laptop."""
    for container in body["spec"].get("template", {}).get("initContainers", ()):
        if container["name"] == "llm-d-routing-sidecar":
            container["image"] = SIDECAR
    scheduler = body["spec"].get("router", {}).get("scheduler", {})
    if body["metadata"]["name"] == "kserve-config-llm-scheduler":
        pod = scheduler["template"]
        pod["containers"] = [each for each in pod["containers"] if each["name"] == "main"]
        pod["containers"][0] |= {"image": PICKER, "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}}}
        scheduler["config"] = {"inline": picking()}
    return body


def picking() -> dict[str, Any]:
    """Return the configuration of the endpoint picker: KServe's own, less the plugins of llm-d."""
    scored = [{"pluginRef": name, "weight": weight} for name, weight in _PLUGINS.items()]
    return {
        "apiVersion": "inference.networking.x-k8s.io/v1alpha1",
        "kind": "EndpointPickerConfig",
        "plugins": [{"type": name} for name in ("single-profile-handler", *_PLUGINS, "max-score-picker")],
        "schedulingProfiles": [{"name": "default", "plugins": [*scored, {"pluginRef": "max-score-picker"}]}],
    }


def _engine() -> Mapping[str, Path]:
    script = cache_dir() / "bench" / "vllm"
    write_atomic(script, _VLLM, mode=0o755)
    programs = {f"/bin/{name}": Path(str(shutil.which(name))).resolve() for name in _WORDS}
    files = {**programs, "/bin/vllm": script, "/app/llm-d-inference-sim": tool("sim")}
    for each in userland.libraries(programs.values()):
        # This image has no links from /lib to /usr/lib.
        assert each.source
        files |= {f"/{each.path}": each.source, f"/{each.path.removeprefix('usr/')}": each.source}
    return files


def _import(bench: Bench, reference: str, files: Mapping[str, Path]) -> None:
    hub = bench.network.hub
    if reference not in node.ctr(bench.state, hub, "images", "list", "-q").split():
        path = cache_dir() / "bench" / f"{reference.rpartition('/')[2].replace(':', '-')}.tar"
        archive.write_image(path, reference, files, ())
        node.ctr(bench.state, hub, "images", "import", path)
        path.unlink()
