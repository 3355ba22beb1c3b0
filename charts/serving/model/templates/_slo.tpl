{{/*
model.objectives: the objectives that are promised and that this task can have, as JSON. An embedding comes in one piece, so a
time to its first token would be its end-to-end latency under another name.
*/}}
{{- define "model.objectives" -}}
{{- $promised := dict -}}
{{- range $name, $objective := .Values.slo.objectives -}}
{{- if $objective -}}
{{- $_ := set $promised $name (ternary $objective (omit $objective "zone") (not (empty $objective.zone))) -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.task "embedding" -}}{{- $promised = omit $promised "ttft" "itl" "tpot" -}}{{- end -}}
{{- $promised | toJson -}}
{{- end -}}

{{/*
model.edges.default: vLLM's own bucket edges in seconds, by the family that its argument calls them (0.32.0, vllm/v1/metrics/buckets.py), as JSON.
*/}}
{{- define "model.edges.default" -}}
{{- dict
      "time_to_first_token" (list 0.001 0.005 0.01 0.02 0.04 0.06 0.08 0.1 0.25 0.5 0.75 1.0 2.5 5.0 7.5 10.0 20.0 40.0 80.0 160.0 640.0 2560.0)
      "inter_token_latency" (list 0.01 0.025 0.05 0.075 0.1 0.15 0.2 0.3 0.4 0.5 0.75 1.0 2.5 5.0 7.5 10.0 20.0 40.0 80.0)
      "request_latency" (list 0.3 0.5 0.8 1.0 1.5 2.0 2.5 5.0 10.0 15.0 20.0 30.0 40.0 50.0 60.0 120.0 240.0 480.0 960.0 1920.0 7680.0) | toJson -}}
{{- end -}}

{{/*
model.families: which family each latency objective is read in, as JSON.
*/}}
{{- define "model.families" -}}
{{- dict "ttft" "time_to_first_token" "itl" "inter_token_latency" "tpot" "inter_token_latency" "e2e" "request_latency" "queue" "request_latency" | toJson -}}
{{- end -}}

{{/*
model.limit: what an objective promises in base units: seconds, shares, tokens or requests a second.
*/}}
{{- define "model.limit" -}}
{{- if eq .unit "ms" -}}{{- divf (float64 .limit) 1000.0 -}}{{- else -}}{{- float64 .limit -}}{{- end -}}
{{- end -}}

{{/*
model.buckets: vLLM's own bucket edges with one more at each latency objective that is not an edge already, as JSON; two
objectives may share a family. Empty when there is none, or when they are off. A p95 inside a bucket of 100 to 250 ms can be
wrong by 150 ms; a share at an edge is exact.
*/}}
{{- define "model.buckets" -}}
{{- $mode := .Values.monitoring.sloBuckets -}}
{{- if or (eq $mode "always") (and (eq $mode "auto") (include "model.knows" (dict "ctx" . "since" "0.32.0"))) -}}
{{- $edges := include "model.edges.default" . | fromJson -}}
{{- $of := include "model.families" . | fromJson -}}
{{- $families := dict -}}
{{- range $name, $objective := include "model.objectives" . | fromJson -}}
{{- with get $of $name -}}
{{- $before := get $families . | default (get $edges .) -}}
{{- $limit := include "model.limit" $objective | float64 -}}
{{- $after := include "model.edges" (dict "edges" $before "limit" $limit) | fromJsonArray -}}
{{- if gt (len $after) (len $before) -}}{{- $_ := set $families . $after -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- if $families -}}{{- $families | toJson -}}{{- end -}}
{{- end -}}
{{- end -}}

{{/*
model.edges: ascending bucket edges with the limit among them, as JSON.
*/}}
{{- define "model.edges" -}}
{{- $limit := .limit -}}
{{- $out := list -}}
{{- $placed := false -}}
{{- range $edge := .edges -}}
{{- if and (not $placed) (ge (float64 $edge) $limit) -}}
{{- $placed = true -}}
{{- if gt (float64 $edge) $limit -}}{{- $out = append $out $limit -}}{{- end -}}
{{- end -}}
{{- $out = append $out $edge -}}
{{- end -}}
{{- if not $placed -}}{{- $out = append $out $limit -}}{{- end -}}
{{- $out | toJson -}}
{{- end -}}
