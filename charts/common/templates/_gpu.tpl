{{/*
common.gpu: one GPU pool of the cluster as a map: its facts in cluster.yaml, and what follows from them, so that no chart works them
out again. Empty on a cluster without GPUs. A pool that is not there, or not named where there are several, fails the render.
  name, resource      the pool; what a pod asks for. The GPU operator cuts with the strategy `mixed`, so a slice has a name of its own.
  memoryGiB           of one such resource; 0 when nobody knows. A slice has 0.25 to 0.5 GiB less than its profile says (H100 80GB:
                      9.75, 19.62 and 39.5 for 10gb, 20gb and 40gb in `nvidia-smi mig -lgip`).
  perNode             such resources in one node. A GPU has 7 compute and about 8 memory slices (1g.20gb of 80 GB: four).
  timeSlices          pods on one GPU; nothing keeps them from each other's memory, so each may have its part only.
  alone               true: several of these in one pod work as one. Neither slices nor shared GPUs do (MIG has no peer-to-peer).
  nodeSelector, tolerations   what brings a pod to the pool. Feature discovery appends -SHARED to the product of a whole GPU in time
                      slices (k8s-device-plugin internal/lm/resource.go).
Takes: {ctx, pool (name; default: the only one), key (the values key that names it, for the message; default `capacity.gpu`)}.
*/}}
{{- define "common.gpu" -}}
{{- $pools := dict -}}
{{- range $name, $pool := (.ctx.Values.cluster | default dict).gpus -}}
{{- if $pool -}}{{- $_ := set $pools $name $pool -}}{{- end -}}
{{- end -}}
{{- $names := keys $pools | sortAlpha -}}
{{- $key := .key | default "capacity.gpu" -}}
{{- $name := .pool | default "" -}}
{{- if and (not $name) (eq (len $pools) 1) -}}{{- $name = first $names -}}{{- end -}}
{{- if and (not $name) $pools -}}
{{- fail (printf "%s: empty, but this cluster has several kinds of GPU; name one of: %s" $key (join ", " $names)) -}}
{{- end -}}
{{- if and $name (not (hasKey $pools $name)) -}}
{{- fail (printf "%s: %q is no pool of cluster.gpus (%s); name one of them, or add it to cluster.yaml" $key $name (join ", " $names | default "there is none")) -}}
{{- end -}}
{{- if $name -}}
{{- $pool := index $pools $name -}}
{{- $known := index ((.ctx.Values.common | default dict).gpus | default dict) (trimSuffix "-SHARED" $pool.product) | default dict -}}
{{- $memory := float64 ($pool.memoryGiB | default $known.memoryGiB | default 0) -}}
{{- $slices := int ($pool.timeSlices | default 1) -}}
{{- $cards := int ($pool.perNode | default 1) -}}
{{- $resource := "nvidia.com/gpu" -}}
{{- $perNode := mul $cards $slices -}}
{{- with $pool.mig -}}
{{- $resource = printf "nvidia.com/mig-%s" (replace "+" "." .) -}}
{{- $gb := regexFind "[0-9]+gb" . | trimSuffix "gb" | float64 -}}
{{- $each := div 7 (regexFind "^[0-9]" . | int) -}}
{{- if gt $memory 0.0 -}}{{- $each = min $each (round (divf $memory $gb) 0 | int) -}}{{- end -}}
{{- $memory = subf $gb 0.5 -}}
{{- $perNode = mul $cards $each $slices -}}
{{- end -}}
{{- $gpu := dict "name" $name "resource" $resource "memoryGiB" $memory "perNode" $perNode "timeSlices" $slices
      "alone" (and (not $pool.mig) (eq $slices 1))
      "nodeSelector" (dict "nvidia.com/gpu.product" (printf "%s%s" (trimSuffix "-SHARED" $pool.product) (ternary "-SHARED" "" (and (gt $slices 1) (not $pool.mig)))))
      "tolerations" (include "common.gpu.tolerations" ($pool.taint | default "") | fromYamlArray) -}}
{{- merge $gpu (deepCopy $pool) | toYaml -}}
{{- end -}}
{{- end -}}

{{/*
common.gpu.tolerations: a taint `key[=value][:effect]` as a list of tolerations.
*/}}
{{- define "common.gpu.tolerations" -}}
{{- if . -}}
{{- $effect := regexFind ":[A-Za-z]+$" . | trimPrefix ":" -}}
{{- $pair := regexReplaceAll ":[A-Za-z]+$" . "" | splitList "=" -}}
- key: {{ first $pair }}
  {{- if gt (len $pair) 1 }}
  operator: Equal
  value: {{ last $pair | quote }}
  {{- else }}
  operator: Exists
  {{- end }}
  {{- with $effect }}
  effect: {{ . }}
  {{- end }}
{{- end -}}
{{- end -}}
