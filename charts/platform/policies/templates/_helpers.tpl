{{/* policies.layers: the layers whose namespace is made here, layer to namespace, as JSON. */}}
{{- define "policies.layers" -}}
{{- $found := dict -}}
{{- range $layer, $wanted := .Values.layers -}}
{{- if $wanted -}}{{- $_ := set $found $layer (include "common.namespace" (dict "ctx" $ "layer" $layer)) -}}{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end -}}

{{/* policies.labels: what a namespace is marked with. Takes: {ctx, layer}. */}}
{{- define "policies.labels" -}}
{{- $v := .ctx.Values -}}
{{- $cluster := $v.cluster | default dict -}}
{{- $openshift := eq ($cluster.platform | default "openshift") "openshift" -}}
{{- $level := (index $v.podSecurity.exceptions .layer | default dict).level | default $v.podSecurity.level -}}
{{- $labels := deepCopy $v.labels -}}
{{- range list "enforce" "audit" "warn" -}}
{{- $_ := set $labels (printf "pod-security.kubernetes.io/%s" .) $level -}}
{{- end -}}
{{- if $openshift -}}
{{- /* The default, written out so that a `false` set by hand is drift: a namespace left out is measured by nobody. */ -}}
{{- $_ := set $labels "openshift.io/user-monitoring" "true" -}}
{{- with $v.managedBy -}}{{- $_ := set $labels "argocd.argoproj.io/managed-by" . -}}{{- end -}}
{{- if and (eq .layer "serving") (has "kueue" ($cluster.features | default list)) -}}
{{- $_ := set $labels "kueue.openshift.io/managed" "true" -}}
{{- end -}}
{{- end -}}
{{- toYaml $labels -}}
{{- end -}}

{{/*
policies.hard: the bounds of one layer. Exposure is the gateway's business, so only the platform layer, where a Gateway's proxies may
run, may have a load balancer; GPUs belong to serving. Takes: {ctx, layer}.
*/}}
{{- define "policies.hard" -}}
{{- $quota := .ctx.Values.quota -}}
{{- $hard := dict "pods" (toString $quota.pods) "persistentvolumeclaims" (toString $quota.claims) -}}
{{- with index $quota.storage .layer -}}{{- $_ := set $hard "requests.storage" (toString .) -}}{{- end -}}
{{- if ne .layer "platform" -}}
{{- $_ := set $hard "services.loadbalancers" "0" -}}
{{- $_ := set $hard "services.nodeports" "0" -}}
{{- end -}}
{{- $bounded := dict -}}
{{- range $pool, $_ := (.ctx.Values.cluster | default dict).gpus -}}
{{- $gpu := include "common.gpu" (dict "ctx" $.ctx "pool" $pool "key" "cluster.gpus") | fromYaml -}}
{{- $most := index $quota.gpus $pool -}}
{{- if ne $.layer "serving" -}}
{{- $_ := set $hard (printf "requests.%s" $gpu.resource) "0" -}}
{{- else if not (kindIs "invalid" $most) -}}
{{- /* Pools that share a resource name share its bound: a quota cannot tell their nodes apart. */ -}}
{{- $_ := set $bounded $gpu.resource (add (index $bounded $gpu.resource | default 0) (int $most)) -}}
{{- end -}}
{{- end -}}
{{- range $resource, $most := $bounded -}}{{- $_ := set $hard (printf "requests.%s" $resource) (toString $most) -}}{{- end -}}
{{- range $name, $most := index $quota.hard .layer -}}{{- $_ := set $hard $name (toString $most) -}}{{- end -}}
{{- toYaml $hard -}}
{{- end -}}
