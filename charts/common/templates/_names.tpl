{{/*
common.name: the name of everything a release owns. It is the release name, unshortened, because the overlay
file, the Application, the Service and the URL must be one word that can be searched for.
Takes: the root context.
*/}}
{{- define "common.name" -}}
{{- .Release.Name -}}
{{- end -}}

{{/*
common.layer: the layer that a chart belongs to, from the annotation leanrag.io/layer of its Chart.yaml: a fact
about the chart, so it is no value that an overlay could change.
Takes: the root context.
*/}}
{{- define "common.layer" -}}
{{- $layer := index (.Chart.Annotations | default dict) "leanrag.io/layer" -}}
{{- if not $layer -}}
{{- fail (printf "chart %s: Chart.yaml lacks the annotation leanrag.io/layer; add platform, data, serving, rag, observe or gate" .Chart.Name) -}}
{{- end -}}
{{- $layer -}}
{{- end -}}

{{/*
common.namespace: the namespace of a layer: global.namespaces.<layer>, else `<cluster.namespacePrefix>-<layer>` with the
prefix `lr`, so that network policies and URLs never spell a namespace of ours.
Takes: {ctx, layer (default: the chart's own layer)}. The chart's own layer is where the release is installed.
*/}}
{{- define "common.namespace" -}}
{{- $own := include "common.layer" .ctx -}}
{{- $layer := .layer | default $own -}}
{{- $map := (.ctx.Values.global | default dict).namespaces | default dict -}}
{{- if eq $layer $own -}}
{{- .ctx.Release.Namespace -}}
{{- else -}}
{{- $prefix := (.ctx.Values.cluster | default dict).namespacePrefix | default "lr" -}}
{{- index $map $layer | default (printf "%s-%s" $prefix $layer) -}}
{{- end -}}
{{- end -}}

{{/*
common.selectorLabels: what Services, policies and monitors select by. Only these three: a Deployment's selector
cannot be changed later, so nothing that varies (version, environment) may be in it.
Takes: {ctx, component (default: the chart's name)}.
*/}}
{{- define "common.selectorLabels" -}}
app.kubernetes.io/name: {{ .ctx.Chart.Name }}
app.kubernetes.io/instance: {{ include "common.name" .ctx }}
app.kubernetes.io/component: {{ .component | default .ctx.Chart.Name }}
{{- end -}}

{{/*
common.podLabels: labels of a pod template: the selector and what never changes. No chart version here, because a
new chart version that changes nothing else must not restart a model that takes ten minutes to load.
Takes: {ctx, component}.
*/}}
{{- define "common.podLabels" -}}
{{ include "common.selectorLabels" . }}
app.kubernetes.io/part-of: lean-rag
leanrag.io/layer: {{ include "common.layer" .ctx }}
{{- end -}}

{{/*
common.labels: labels of every object we render. The environment and cluster come from cluster.yaml, so that one
label query finds everything of an environment on a hub that manages several clusters.
Takes: {ctx, component, extra (map, optional)}.
*/}}
{{- define "common.labels" -}}
{{- $cluster := .ctx.Values.cluster | default dict -}}
{{ include "common.podLabels" . }}
app.kubernetes.io/managed-by: {{ .ctx.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .ctx.Chart.Name .ctx.Chart.Version | replace "+" "_" | trunc 63 }}
{{- with $cluster.name }}
leanrag.io/cluster: {{ . | quote }}
{{- end }}
{{- with $cluster.environment }}
leanrag.io/environment: {{ . | quote }}
{{- end }}
{{- with .extra }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/*
common.metadata: the `metadata:` of an object: name, namespace, labels, annotations. The namespace is written out,
because `helm template` output is checked and compared outside a cluster, where a missing one cannot be told from a
forgotten one. A cluster-scoped object has none: `clustered: true`. What an operator reads in its own namespace names it.
Takes: {ctx, name (default: the release), namespace (default: the release's), clustered, component, labels (map), annotations (map)}.
*/}}
{{- define "common.metadata" -}}
metadata:
  name: {{ .name | default (include "common.name" .ctx) }}
  {{- if not .clustered }}
  namespace: {{ .namespace | default .ctx.Release.Namespace }}
  {{- end }}
  labels:
    {{- include "common.labels" (dict "ctx" .ctx "component" .component "extra" .labels) | nindent 4 }}
  {{- with .annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
