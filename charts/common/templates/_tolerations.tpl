{{/*
common.tolerations: tolerations for the taints of every GPU pool of the cluster, each once, as a list: for what must run on all GPU
nodes. For one pool: common.gpu. Takes: {ctx, taints (further ones: map of name -> `key[=value][:effect]`)}.
*/}}
{{- define "common.tolerations" -}}
{{- $all := list -}}
{{- range $name, $pool := (.ctx.Values.cluster | default dict).gpus -}}
{{- $all = concat $all (include "common.gpu.tolerations" (($pool | default dict).taint | default "") | fromYamlArray) -}}
{{- end -}}
{{- range $name, $taint := .taints -}}
{{- $all = concat $all (include "common.gpu.tolerations" ($taint | default "") | fromYamlArray) -}}
{{- end -}}
{{- if $all -}}{{- uniq $all | toYaml -}}{{- end -}}
{{- end -}}
