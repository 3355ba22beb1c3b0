{{/*
common.graph: who may call whom, by layer. It is the only place that says so: common.networkPolicy refuses an edge between layers
that is not here, on either side. A new chart in a layer needs no edit; a new way between layers is a decision, made here.
`gateway` is what brings requests from outside (platform/gateway), `monitoring` whatever scrapes; both only call.
*/}}
{{- define "common.graph" -}}
# Its charts run no pods of ours: operators do, in namespaces of their own.
platform: []
# A store's parts call each other; backups go from store to store.
data: [data]
# Weights and KV caches from the object store; scheduler, prefill and decode call each other.
serving: [data, observe, serving]
rag: [data, observe, rag, serving]
# Dashboards read what observes.
observe: [observe]
# It asks, measures and reads the measurements of others.
gate: [data, observe, rag, serving]
gateway: [observe, rag, serving]
monitoring: [data, gate, observe, platform, rag, serving]
{{- end -}}

{{/*
common.graph.callers: which layers may call a layer, as a JSON list: those whose row names it. Takes: {layer}.
*/}}
{{- define "common.graph.callers" -}}
{{- $layer := .layer -}}
{{- $callers := list -}}
{{- range $caller, $callees := include "common.graph" . | fromYaml -}}
{{- if has $layer $callees -}}{{- $callers = append $callers $caller -}}{{- end -}}
{{- end -}}
{{- toJson $callers -}}
{{- end -}}

{{/*
common.graph.allows: "true" when one layer may call another, else empty. Takes: {from, to}.
*/}}
{{- define "common.graph.allows" -}}
{{- if has .to (index (include "common.graph" . | fromYaml) .from | default list) -}}true{{- end -}}
{{- end -}}

{{/*
common.graph.refuse: fails with what may be called instead. Takes: {from, to, edge (name of the edge)}.
*/}}
{{- define "common.graph.refuse" -}}
{{- $graph := include "common.graph" . | fromYaml -}}
{{- $may := index $graph .from | default list | join ", " | default "nobody" -}}
{{- fail (printf "networkPolicy: edge %q: the layer %q may not call %q, only: %s; drop the edge, or decide in charts/common/templates/_graph.tpl" .edge .from .to $may) -}}
{{- end -}}
