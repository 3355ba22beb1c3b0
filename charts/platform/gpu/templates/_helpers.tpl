{{/*
gpu.pools: the pools that are cut (MIG) or shared (time slices), as a map in JSON: what a pod asks for, and the label of each decision.
The MIG manager's own configurations are called all-<profile>, with a dot for a plus (gpu-operator v26.3.2, state-mig-manager).
Takes: the root context.
*/}}
{{- define "gpu.pools" -}}
{{- $pools := dict -}}
{{- range $name, $pool := (.Values.cluster | default dict).gpus -}}
{{- if and $pool (or $pool.mig (gt (int ($pool.timeSlices | default 1)) 1)) -}}
{{- $gpu := include "common.gpu" (dict "ctx" $ "pool" $name "key" "cluster.gpus") | fromYaml -}}
{{- $labels := dict -}}
{{- with $pool.mig -}}{{- $_ := set $labels "nvidia.com/mig.config" (printf "all-%s" (replace "+" "." .)) -}}{{- end -}}
{{- if gt (int $gpu.timeSlices) 1 -}}{{- $_ := set $labels "nvidia.com/device-plugin.config" $name -}}{{- end -}}
{{- $_ := set $pools $name (dict "product" $pool.product "mig" ($pool.mig | default "") "resource" $gpu.resource "timeSlices" $gpu.timeSlices "labels" $labels) -}}
{{- end -}}
{{- end -}}
{{- toJson $pools -}}
{{- end -}}

{{/*
gpu.shared: "true" when a pool is shared in time slices. Takes: the root context.
*/}}
{{- define "gpu.shared" -}}
{{- range $name, $pool := include "gpu.pools" . | fromJson }}{{ if gt (int $pool.timeSlices) 1 }}true{{ end }}{{ end -}}
{{- end -}}

{{/*
gpu.metrics: the exporter's list: field, type, help. Takes: the root context.
*/}}
{{- define "gpu.metrics" -}}
{{- $lines := list -}}
{{- range $field, $facts := .Values.metrics.fields -}}
{{- if and $facts (or $.Values.metrics.profiling (not (hasPrefix "DCGM_FI_PROF_" $field))) -}}
{{- $lines = append $lines (printf "%s, %s, %s" $field $facts.type $facts.help) -}}
{{- end -}}
{{- end -}}
{{- join "\n" $lines -}}
{{- end -}}

{{/*
gpu.metricsName: its ConfigMap, named after its content: the exporter reads a single file of it once, at its start, so that only a new
name brings a new list to it. Takes: the root context.
*/}}
{{- define "gpu.metricsName" -}}
dcgm-metrics-{{ include "gpu.metrics" . | sha256sum | trunc 8 }}
{{- end -}}
