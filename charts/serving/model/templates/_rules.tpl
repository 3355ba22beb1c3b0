{{/*
model.series: what tells this model's series from others'.
*/}}
{{- define "model.series" -}}
namespace="{{ .Release.Namespace }}",model_name="{{ .Values.model.name }}"
{{- end -}}

{{/*
model.target: share of requests that must keep an objective; empty where it is not about shares. Takes: {name, objective}.
*/}}
{{- define "model.target" -}}
{{- if .objective.percentile -}}{{- divf (float64 .objective.percentile) 100.0 -}}
{{- else if eq .name "errorRate" -}}{{- subf 1.0 (float64 .objective.limit) -}}
{{- else if ne .name "throughput" -}}{{- float64 .objective.limit -}}
{{- end -}}
{{- end -}}

{{/*
model.histogram: the engine's histogram of a latency objective; empty for the others. `itl` is promised of a request's mean, which vLLM has in
a histogram of its own and the simulator has not. Takes: {ctx, name}.
*/}}
{{- define "model.histogram" -}}
{{- $each := ternary "vllm:request_time_per_output_token_seconds" "vllm:inter_token_latency_seconds" (eq .ctx.Values.engine "vllm") -}}
{{- index (dict "ttft" "vllm:time_to_first_token_seconds" "itl" $each "tpot" $each "e2e" "vllm:e2e_request_latency_seconds"
      "queue" "vllm:request_queue_time_seconds") .name | default "" -}}
{{- end -}}

{{/*
model.upTo: PromQL of the requests a second that one bucket counted; 0 below the first. An edge that is a whole number is written 10 or 10.0.
Takes: {ctx, histogram, edge, window}.
*/}}
{{- define "model.upTo" -}}
{{- $edge := float64 .edge -}}
{{- $le := printf "le=%q" (toString $edge) -}}
{{- if eq (floor $edge) $edge -}}{{- $le = printf "le=~%q" (printf "%d([.]0)?" (int $edge)) -}}{{- end -}}
sum(rate({{ .histogram }}_bucket{ {{- include "model.series" .ctx }},{{ $le -}} }[{{ .window }}]))
{{- end -}}

{{/*
model.within: PromQL of the requests a second that kept a latency's limit: exact where the limit is an edge, else on the line between the
edges around it, and beyond the last edge what that one counted. Takes: {ctx, name, histogram, limit, window}.
*/}}
{{- define "model.within" -}}
{{- $family := get (include "model.families" . | fromJson) .name -}}
{{- $own := include "model.buckets" .ctx | default "{}" | fromJson -}}
{{- $limit := float64 .limit -}}
{{- $below := 0.0 -}}
{{- $above := 0.0 -}}
{{- range get $own $family | default (get (include "model.edges.default" . | fromJson) $family) -}}
{{- if le (float64 .) $limit -}}{{- $below = float64 . -}}{{- else if not $above -}}{{- $above = float64 . -}}{{- end -}}
{{- end -}}
{{- $low := include "model.upTo" (merge (dict "edge" $below) .) -}}
{{- if or (eq $below $limit) (not $above) -}}
{{- $low -}}
{{- else -}}
{{- $part := divf (subf $limit $below) (subf $above $below) | printf "%.6g" -}}
{{- $high := printf "%s * %s" $part (include "model.upTo" (merge (dict "edge" $above) .)) -}}
{{- if $below -}}({{ subf 1.0 (float64 $part) | printf "%.6g" }} * {{ $low }} + {{ $high }}){{- else -}}{{ $high }}{{- end -}}
{{- end -}}
{{- end -}}

{{/*
model.finished: PromQL of the requests a second that came to an end, those that a full queue refused included. Takes: {ctx, window}.
*/}}
{{- define "model.finished" -}}
sum(rate(vllm:request_success_total{ {{- include "model.series" .ctx -}} }[{{ .window }}])){{ include "model.refused" . }}
{{- end -}}

{{- define "model.refused" -}}
{{- if and (eq .ctx.Values.engine "vllm") (include "model.knows" (dict "ctx" .ctx "since" "0.32.0")) }} + (sum(rate(vllm:admission_rejections_total{model_name={{ .ctx.Values.model.name | quote }},namespace={{ .ctx.Release.Namespace | quote }}}[{{ .window }}])) or vector(0)){{ end -}}
{{- end -}}

{{/*
model.broken: PromQL of the share of requests that broke an objective; no series without requests, empty where the engine does not tell
(`goodput`: no histogram of several latencies together; `throughput`: not a share). A client that leaves is an abort: `availability`
counts it, `errorRate` does not. Takes: {ctx, name, objective, window}.
*/}}
{{- define "model.broken" -}}
{{- $histogram := include "model.histogram" . -}}
{{- if $histogram -}}
1 - {{ include "model.within" (merge (dict "histogram" $histogram "limit" (include "model.limit" .objective)) .) }} / (sum(rate({{ $histogram }}_count{ {{- include "model.series" .ctx -}} }[{{ .window }}])) > 0)
{{- else if has .name (list "errorRate" "availability") -}}
{{- $reasons := ternary "error" "error|abort" (eq .name "errorRate") -}}
((sum(rate(vllm:request_success_total{ {{- include "model.series" .ctx }},finished_reason=~"{{ $reasons }}"}[{{ .window }}])) or vector(0)){{ include "model.refused" . }}) / ({{ include "model.finished" . }} > 0)
{{- end -}}
{{- end -}}

{{/*
model.records: the recording rules of every promise, as YAML: its limit, its target, and the share of requests that broke it.
*/}}
{{- define "model.records" -}}
{{- $rules := list -}}
{{- range $name, $objective := include "model.objectives" . | fromJson -}}
{{- $labels := dict "namespace" $.Release.Namespace "model" $.Values.model.name "objective" $name -}}
{{- $rules = append $rules (dict "record" "leanrag:objective:limit" "expr" (printf "vector(%s)" (include "model.limit" $objective)) "labels" $labels) -}}
{{- with include "model.target" (dict "name" $name "objective" $objective) -}}
{{- $rules = append $rules (dict "record" "leanrag:objective:target" "expr" (printf "vector(%s)" .) "labels" $labels) -}}
{{- end -}}
{{- if ne $.Values.engine "standin" -}}
{{- range $window := list "5m" "30m" "1h" "2h" "6h" "1d" "3d" -}}
{{- with include "model.broken" (dict "ctx" $ "name" $name "objective" $objective "window" $window) -}}
{{- $rules = append $rules (dict "record" (printf "leanrag:objective_broken:ratio%s" $window) "expr" . "labels" $labels) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $rules -}}
{{- end -}}

{{/*
model.burns: PromQL of the objectives whose budget burns `factor` times as fast as it may, over a long and a short window, and of 20 requests
at least. `most`: what a factor above a wide budget would never reach (14.4 times the budget of a median is 720 %).
Takes: {ctx, long, short, factor, most}.
*/}}
{{- define "model.burns" -}}
{{- $of := printf "{namespace=%q,model=%q}" .ctx.Release.Namespace .ctx.Values.model.name -}}
{{- $limit := printf "on (model, objective) clamp_max(%v * (1 - leanrag:objective:target%s), %v)" .factor $of .most -}}
(
  leanrag:objective_broken:ratio{{ .long }}{{ $of }} > {{ $limit }}
  and on (model, objective) leanrag:objective_broken:ratio{{ .short }}{{ $of }} > {{ $limit }}
  and on () {{ include "model.finished" (dict "ctx" .ctx "window" .long) }} >= 20 / {{ index (dict "1h" 3600 "6h" 21600 "1d" 86400 "3d" 259200) .long }}
)
{{- end -}}

{{/*
model.alert: common.alert with what all of a model's alerts share. Takes: {ctx, alert, expr, for, severity, summary, description}.
*/}}
{{- define "model.alert" -}}
{{- $rules := .ctx.Values.monitoring.rules -}}
{{ include "common.alert" (merge (dict "owner" $rules.owner "runbooks" $rules.runbooks "labels" (dict "namespace" .ctx.Release.Namespace "model" .ctx.Values.model.name)) .) }}
{{- end -}}

{{/*
model.job: how Prometheus calls the scrape of the engine's pods: a ServiceMonitor's by the Service, a PodMonitor's by itself.
*/}}
{{- define "model.job" -}}
{{- if eq .Values.runtime "llm-d" -}}{{ .Release.Namespace }}/{{ include "common.name" . }}{{- else -}}{{ include "model.service" . }}{{- end -}}
{{- end -}}
