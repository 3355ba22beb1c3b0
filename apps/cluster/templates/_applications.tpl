{{/* Labels of everything that belongs to this cluster; `leanrag` and the gate select by them. */}}
{{- define "cluster.labels" -}}
leanrag.io/cluster: {{ .Values.cluster.name }}
{{- end }}

{{/*
What a protected cluster's ApplicationSet adds: a lost overlay file or a renamed chart deletes no Application, and a
deleted Application deletes nothing that it deployed. Removal there is `leanrag prune`.
*/}}
{{- define "cluster.protection" -}}
{{- if .Values.cluster.protected }}
syncPolicy: {applicationsSync: create-update, preserveResourcesOnDeletion: true}
{{- end }}
{{- end }}

{{/* The retries of an ordinary Application. The gate has its own. */}}
{{- define "cluster.retry" -}}
limit: {{ .Values.retry.limit }}
# On a cluster that tracks main a retry takes the newest commit: the fix does not wait for the retries of the fault.
refresh: true
backoff: {duration: {{ .Values.retry.duration }}, factor: {{ .Values.retry.factor }}, maxDuration: {{ .Values.retry.maxDuration }}}
{{- end }}

{{/*
The part that the Applications of all three share. Server-side apply keeps large objects below the annotation limit, and
server-side diff lets the API server fill in CRD defaults on both sides, so they are no drift; the one needs the other.
*/}}
{{- define "cluster.annotations" -}}
argocd.argoproj.io/compare-options: ServerSideDiff=true
{{- end }}
{{- define "cluster.syncOptions" -}}
[ServerSideApply=true]
{{- end }}

{{/*
The namespace of a layer. Clusters that share one Kubernetes have prefixes of their own (cluster.yaml, namespacePrefix).
Takes: {ctx, layer}.
*/}}
{{- define "cluster.namespace" -}}
{{ .ctx.Values.cluster.namespacePrefix | default "lr" }}-{{ .layer }}
{{- end }}

{{/*
The map of namespaces, for the charts' own names of each other (common.namespace).
*/}}
{{- define "cluster.valuesObject" -}}
{{- $namespaces := dict -}}
{{- range .Values.layers -}}
{{- $_ := set $namespaces . (include "cluster.namespace" (dict "ctx" $ "layer" .)) -}}
{{- end -}}
{global: {namespaces: {{ toJson $namespaces }}}}
{{- end }}
