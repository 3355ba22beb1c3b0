"""Every rule, written out: an id, a true sentence, and the function that finds where it is not true."""

from typing import TYPE_CHECKING

from leanrag.checks.rule import Check, FileCheck, ObjectCheck

# Written twice: types come from the modules, and they are imported when a rule is first called (later.py).
if TYPE_CHECKING:
    from leanrag.checks import cel_rules, declarations, files, objects
    from leanrag.checks.rules import (
        access,
        addresses,
        argocd,
        autoscaling,
        bindings,
        context,
        engine,
        fit,
        follows,
        hardware,
        images,
        loading,
        metrics_known,
        network,
        objectives,
        probes,
        ragstack,
        references,
        resources,
        restricted,
        rollouts,
        routes,
        security,
        serving,
        targets,
        templates,
        ways_in,
    )
else:
    from leanrag.checks.later import (
        access,
        addresses,
        argocd,
        autoscaling,
        bindings,
        cel_rules,
        context,
        declarations,
        engine,
        files,
        fit,
        follows,
        hardware,
        images,
        loading,
        metrics_known,
        network,
        objectives,
        objects,
        probes,
        ragstack,
        references,
        resources,
        restricted,
        rollouts,
        routes,
        security,
        serving,
        targets,
        templates,
        ways_in,
    )


FILES: tuple[FileCheck, ...] = (
    FileCheck("FIL001", "Every file is YAML as Kubernetes reads it", files.readable),
    FileCheck("FIL002", "No key is written twice", files.keys_are_unique),
    FileCheck("FIL003", "Every overlay deploys a chart that exists", files.overlays_have_charts),
    FileCheck("FIL004", "Every file lies where something reads it", files.places_are_known),
    FileCheck("FIL005", "Every environment has a cluster and overlays", files.environments_have_overlays),
    FileCheck("FIL006", "Every Application has a name of its own", files.application_names_are_unique),
    FileCheck("CLU001", "Every cluster.yaml says what is needed and nothing else", declarations.clusters_are_valid),
    FileCheck("CLU002", "Every cluster has namespaces of its own", declarations.namespaces_are_their_own),
    FileCheck("REL001", "Every release.yaml says what is needed and nothing else", declarations.releases_are_valid),
    FileCheck("FOL001", "Every chain of follows ends at a cluster that tracks main", follows.chains_end),
    FileCheck("SEC001", "No secret is in Git", files.no_secret_in_values),
    FileCheck("RND002", "A render is a pure function of its inputs", templates.renders_are_pure),
)

# Found while values are merged and charts rendered (run.py).
RENDERING: tuple[Check, ...] = (
    Check("VAL001", "Every value is one that its chart knows"),
    Check("VAL002", "Every value has a type and a range that its chart accepts"),
    Check("MOD001", "Every model comes from hf://, oci://, s3:// or pvc://"),
    Check("RND001", "Every chart renders with its values"),
)

OBJECTS: tuple[ObjectCheck, ...] = (
    ObjectCheck("OBJ001", "Every kind has a schema to be judged by", objects.known_kind, alone=True),
    ObjectCheck("OBJ002", "Every object has the fields of its kind and no other", objects.strict_fields, alone=True),
    ObjectCheck("CEL002", "Every change is one that the CEL rules of its kind allow", cel_rules.changes),
    ObjectCheck("OBJ005", "Every object is rendered by one Application", objects.one_owner),
    ObjectCheck("IMG001", "Every image is pinned", images.pinned, alone=True),
    ObjectCheck("IMG002", "Every container names an image", images.container_images, alone=True),
    ObjectCheck(
        "IMG003", "Every image of a protected cluster has its digest in images.lock", images.locked, plain=False
    ),
    ObjectCheck("POD001", "Every pod keeps to the restricted profile", restricted.restricted, alone=True),
    ObjectCheck("PRB001", "Every server says when it is ready", probes.servers_say_when_ready, plain=False, alone=True),
    ObjectCheck("PRB002", "Every probe asks a port that its container has", probes.probes_ask_own_ports, alone=True),
    ObjectCheck(
        "PRB003",
        "Nothing gives up on a pod that is still starting",
        probes.nothing_gives_up_early,
        plain=False,
        alone=True,
    ),
    ObjectCheck(
        "PRB004", "Every engine has the time to load its weights", loading.engines_have_time_to_load, plain=False
    ),
    ObjectCheck(
        "RES001",
        "Every container says what it needs and where it ends",
        resources.everything_is_bounded,
        plain=False,
        alone=True,
    ),
    ObjectCheck(
        "RES002", "Every engine has its memory for itself", resources.engines_have_their_memory, plain=False, alone=True
    ),
    ObjectCheck("RES003", "Engines on several GPUs have shared memory", resources.engines_share_memory, plain=False),
    ObjectCheck(
        "ROL001", "No update waits for a GPU that the old pod holds", rollouts.updates_need_no_spare_gpu, plain=False
    ),
    ObjectCheck("ROL002", "Every pod has time to end its requests", rollouts.pods_have_time_to_end, alone=True),
    ObjectCheck("ROL003", "Every deadline is inside the one around it", rollouts.deadlines_are_nested, plain=False),
    ObjectCheck(
        "ROL004", "Argo CD's retries end before its sync timeout", rollouts.retries_end_before_the_sync, plain=False
    ),
    ObjectCheck("SEC001", "No secret is in Git", security.no_literal_secret, alone=True),
    ObjectCheck(
        "DAT001", "What holds data survives a sync and a removal", argocd.data_is_kept, plain=False, alone=True
    ),
    ObjectCheck(
        "CRD001", "Objects of foreign kinds wait for their CRD", argocd.foreign_kinds_wait, plain=False, alone=True
    ),
    ObjectCheck("HOK001", "Hook Jobs run once and keep their result", argocd.hooks_run_once, alone=True),
    ObjectCheck(
        "JOB001", "Every Job can be replaced by its next version", argocd.jobs_can_be_replaced, plain=False, alone=True
    ),
    ObjectCheck("SVC001", "Every Service reaches a pod on a port that it has", network.services_reach_pods),
    ObjectCheck("SVC002", "Every budget and route finds its target", targets.targets_are_there, plain=False),
    ObjectCheck("MON001", "Every monitor reaches what it measures", network.monitors_reach_targets),
    ObjectCheck("NET001", "Every pod is covered by a NetworkPolicy", network.pods_have_policies, plain=False),
    ObjectCheck("NET002", "Every call to another layer is let in there", network.calls_are_let_in, plain=False),
    ObjectCheck(
        "NET003", "Every address in a pod can be called from there", addresses.addresses_can_be_called, plain=False
    ),
    ObjectCheck("RBC001", "No role grants '*'", access.no_wildcards, alone=True),
    ObjectCheck("RBC002", "No role leads to more rights", bindings.roles_lead_nowhere, plain=False, alone=True),
    ObjectCheck(
        "RBC003",
        "Every binding is of a role that is there, to accounts that are there",
        bindings.bindings_are_narrow,
        plain=False,
    ),
    ObjectCheck("TOK001", "Every token in a pod has a use", bindings.tokens_have_a_use, plain=False),
    ObjectCheck(
        "REF001", "Every name in a pod is of something that is there", references.references_are_there, plain=False
    ),
    ObjectCheck("NSP001", "Every object lives in its layer's namespace", access.layer_namespaces),
    ObjectCheck("PRJ001", "Every AppProject allows what its charts render", access.projects_allow_what_is_rendered),
    ObjectCheck("ENG001", "Every engine argument is one that its engine knows", engine.arguments_are_known),
    ObjectCheck("ENG002", "Every vLLM metric is one that the engines have", engine.metrics_exist),
    ObjectCheck(
        "MET001", "Every query asks for metrics and labels that exist", metrics_known.queries_ask_for_what_exists
    ),
    ObjectCheck("MET002", "Every query treats a metric as what it is", metrics_known.queries_fit_their_types),
    ObjectCheck("SCL001", "Every autoscaler has a target to itself", autoscaling.targets_are_there_and_scaled_once),
    ObjectCheck("SCL002", "Every autoscaler counts a model that is served", autoscaling.scalers_ask_for_a_served_model),
    ObjectCheck("FIT001", "Every model fits its GPU", fit.models_fit, plain=False),
    ObjectCheck("RAG001", "The RAG stack's models are served on its cluster", ragstack.models_are_served),
    ObjectCheck("RAG002", "The vector store has the dimension of the embedding model", ragstack.dimensions_agree),
    ObjectCheck("RAG003", "What charts publish for the gate is readable", ragstack.contracts_are_json, alone=True),
    ObjectCheck("RAG004", "The vector store is what the RAG stack takes it for", ragstack.stores_agree),
    ObjectCheck("RAG005", "The RAG stack calls each model where it is served", ragstack.engines_agree),
    ObjectCheck("CTX001", "Every chunk fits the embedding model's sequence", context.chunks_fit),
    ObjectCheck("CTX002", "Retrieved chunks and the answer leave the chat model room", context.prompts_fit),
    ObjectCheck("CTX003", "Every request of the gate's traffic fits its model", context.traffic_fits),
    ObjectCheck("SLO001", "Every objective can be proven by its traffic", objectives.objectives_are_provable),
    ObjectCheck(
        "SLO002",
        "Every gate has a model and the time to measure",
        objectives.gates_have_something_to_measure,
        plain=False,
    ),
    ObjectCheck("SRV001", "Every model has a name and an address of its own", serving.names_are_their_own),
    ObjectCheck("SRV002", "Every engine serves what its contract publishes", serving.engines_keep_their_contract),
    ObjectCheck("RTE001", "No route ends a request before its objective does", routes.timeouts_exceed_promises),
    ObjectCheck(
        "RTE002", "All ways to a Service give an answer the same time", ways_in.ways_give_the_same_time, plain=False
    ),
    ObjectCheck("GPU001", "Every pod on GPUs reaches a pool that has them", hardware.pods_reach_a_pool, plain=False),
    ObjectCheck("GPU002", "Every HardwareProfile is of a pool", hardware.profiles_are_of_a_pool, plain=False),
)

# strict_fields judges five sentences in one pass over an object.
SAME_PASS: tuple[Check, ...] = (
    Check("OBJ003", "No list holds two items with the same key"),
    Check("OBJ004", "Every name, label and annotation is well formed"),
    Check("OBJ006", "Every object passes what the API server checks beyond its schema"),
    Check("CEL001", "Every object satisfies the CEL rules of its kind"),
)

# What an object allows itself is judged when everything else was (exemptions.py).
EXEMPTIONS = (Check("ALW001", "Every exemption is of a rule that has some, says why, and is needed"),)

_EVERY = (*FILES, *RENDERING, *OBJECTS, *SAME_PASS, *EXEMPTIONS)
ALL: tuple[Check, ...] = tuple({check.id: check for check in _EVERY}.values())
