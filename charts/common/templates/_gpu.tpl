{{/*
common.gpu: one GPU pool of the cluster as a map: all its facts of cluster.yaml, and what follows from them: `name`, `resource` (what a
pod asks for), `memoryGiB` (of one such resource; 0 when nobody knows) and `perNode` (such resources in one node). Empty without a pool.
Takes: {ctx, pool (name; default: the only pool of the cluster), key (the values key that names it, for the message)}.
*/}}
{{- define "common.gpu" -}}
{{- $pools := (.ctx.Values.cluster | default dict).gpus | default dict -}}
{{- $name := .pool | default "" -}}
{{- if and (not $name) (eq (len $pools) 1) -}}{{- $name = keys $pools | first -}}{{- end -}}
{{- if and (not $name) (gt (len $pools) 1) -}}
{{- fail (printf "%s: empty, but this cluster has several kinds of GPU; name one of: %s" .key (keys $pools | sortAlpha | join ", ")) -}}
{{- end -}}
{{- if and $name (not (hasKey $pools $name)) -}}
{{- fail (printf "%s: %q is no pool of cluster.gpus (%s); name one of them, or add it to cluster.yaml" .key $name (keys $pools | sortAlpha | join ", " | default "it has none")) -}}
{{- end -}}
{{- if $name -}}
{{- $pool := deepCopy (index $pools $name) -}}
{{- $known := index ((.ctx.Values.common | default dict).gpus | default dict) ($pool.product | default "") | default dict -}}
{{- $memory := float64 ($pool.memoryGiB | default $known.memoryGiB | default 0) -}}
{{- $resource := "nvidia.com/gpu" -}}
{{- $perNode := mul (int ($pool.perNode | default 1)) (int ($pool.timeSlices | default 1)) -}}
{{- with $pool.mig -}}
{{- $resource = printf "nvidia.com/mig-%s" . -}}
{{- $memory = regexFind "[0-9]+gb" . | trimSuffix "gb" | float64 -}}
{{- $perNode = mul (int ($pool.perNode | default 1)) (div 7 (regexFind "^[0-9]" . | int)) -}}
{{- end -}}
{{- merge (dict "name" $name "resource" $resource "memoryGiB" $memory "perNode" $perNode) $pool | toYaml -}}
{{- end -}}
{{- end -}}
