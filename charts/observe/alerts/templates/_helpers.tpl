{{/*
alerts.alert: common.alert of an area; routed by this namespace, as many of these series have none or that of their exporter.
Takes: {ctx, area, alert, expr, for, severity, summary, description, labels, own (keep the series' namespace)}.
*/}}
{{- define "alerts.alert" -}}
{{- $labels := dict "namespace" .ctx.Release.Namespace | merge (deepCopy (.labels | default dict)) -}}
{{- if .own -}}{{- $labels = omit $labels "namespace" -}}{{- end -}}
{{- include "common.alert" (merge (dict "owner" (index .ctx.Values.owners .area) "runbooks" .ctx.Values.runbooks "labels" $labels) .) -}}
{{- end -}}

{{/*
alerts.missing: the alert on an area whose metrics nobody reads, so that its other alerts are blind. Takes: {ctx, area, source, expr}.
*/}}
{{- define "alerts.missing" -}}
{{- include "alerts.alert" (merge (dict "alert" "MetricsMissing" "for" "15m" "severity" "warning" "labels" (dict "source" .source)
      "summary" "Nothing is known of {{ $labels.source }}"
      "description" "No Prometheus reads its metrics, or they are switched off: the other alerts on it are blind.") .) -}}
{{- end -}}

{{/*
alerts.gpu, alerts.certificates: "true" where they are watched.
*/}}
{{- define "alerts.gpu" -}}
{{- $watch := .Values.gpu.watch -}}
{{- if or (eq $watch "on") (and (eq $watch "auto") (.Values.cluster.gpus | default dict)) }}true{{ end -}}
{{- end -}}

{{- define "alerts.certificates" -}}
{{- $watch := .Values.certificates.watch -}}
{{- if or (eq $watch "on") (and (eq $watch "auto") (has "cert-manager" (.Values.cluster.features | default list))) }}true{{ end -}}
{{- end -}}

{{/*
alerts.clusters: names of the clusters whose verdicts are watched, as JSON.
*/}}
{{- define "alerts.clusters" -}}
{{- $names := list -}}
{{- range $name, $watched := .Values.gate.clusters -}}{{- if $watched -}}{{- $names = append $names $name -}}{{- end -}}{{- end -}}
{{- toJson $names -}}
{{- end -}}

{{/*
alerts.rules: a PrometheusRule's head. Takes: {ctx, area}.
*/}}
{{- define "alerts.rules" -}}
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
{{ include "common.metadata" (dict "ctx" .ctx "name" (printf "%s-%s" .ctx.Release.Name .area) "component" .area "annotations" (include "common.annotations.foreign" .ctx | fromYaml)) }}
{{- end -}}
