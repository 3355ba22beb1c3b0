{{/* "true" on OpenShift. */}}
{{- define "autoscaling.openshift" -}}
{{- if eq (.Values.cluster.platform | default "openshift") "openshift" }}true{{ end -}}
{{- end -}}

{{/* Where KEDA runs. */}}
{{- define "autoscaling.keda" -}}
{{- .Values.keda.namespace | default (ternary "openshift-keda" "keda" (eq (include "autoscaling.openshift" .) "true")) -}}
{{- end -}}

{{/* Namespaces whose metrics may be asked for, as a list. */}}
{{- define "autoscaling.readable" -}}
{{- $found := .Values.metrics.namespaces -}}
{{- range .Values.metrics.layers -}}
{{- $found = append $found (include "common.namespace" (dict "ctx" $ "layer" .)) -}}
{{- end -}}
{{- toYaml ($found | uniq | sortAlpha) -}}
{{- end -}}

{{/* What common.scaledObject takes for one engine, less ctx. Takes: {ctx, name, engine}. No `merge` over min: it takes 0 for "not set". */}}
{{- define "autoscaling.engine" -}}
{{- $engine := merge (dict "name" .name "key" (printf "engines.%s" .name)) (deepCopy .engine) -}}
{{- $_ := set $engine "target" (merge (dict) .engine.target (dict "apiVersion" "apps/v1" "kind" "Deployment")) -}}
{{- if .ctx.Values.authentication.secretName -}}{{- $_ := set $engine "authenticated" true -}}{{- end -}}
{{- toYaml $engine -}}
{{- end -}}
