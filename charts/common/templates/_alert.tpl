{{/*
common.alert: one alerting rule, as an item of a PrometheusRule's list. Whoever is told by `severity` and `owner` finds the runbook by its label:
<runbooks>/<alert>.md. `namespace` is that of the rule unless the query's series, or `labels`, have their own: alerts are routed by it.
Takes: {ctx, alert, expr, for (default: at once), severity (critical|warning), owner (default: the layer), runbooks, summary, description, labels (map)}.
*/}}
{{- define "common.alert" -}}
{{- $labels := dict "severity" .severity "owner" (.owner | default (include "common.layer" .ctx)) "runbook" (printf "%s/%s.md" .runbooks .alert) -}}
{{- $rule := dict "alert" .alert "expr" (trim .expr) "labels" (merge $labels (.labels | default dict))
      "annotations" (dict "summary" .summary "description" .description) -}}
{{- with .for -}}{{- $_ := set $rule "for" . -}}{{- end -}}
{{- list $rule | toYaml -}}
{{- end -}}
