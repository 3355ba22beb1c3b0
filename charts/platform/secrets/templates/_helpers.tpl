{{/* secrets.provider: the one that is configured; validate.yaml refuses none and several. */}}
{{- define "secrets.provider" -}}
{{- $p := .Values.provider -}}
{{- if $p.vault.server -}}vault{{- else if $p.aws.region -}}aws{{- else if $p.kubernetes.remoteNamespace -}}kubernetes{{- end -}}
{{- end -}}

{{/*
secrets.wanted: every Secret with its entries written out, by name, as JSON: {layers: [layer], type, keys: {key: {key, property, version}}}.
*/}}
{{- define "secrets.wanted" -}}
{{- $prefix := .Values.prefix -}}
{{- if and (not $prefix) (ne (include "secrets.provider" .) "kubernetes") -}}{{- $prefix = (.Values.cluster | default dict).name | default "" -}}{{- end -}}
{{- $wanted := dict -}}
{{- range $name, $secret := .Values.secrets -}}
{{- if $secret -}}
{{- $layers := list -}}
{{- range $layer, $on := $secret.layers -}}{{- if $on -}}{{- $layers = append $layers $layer -}}{{- end -}}{{- end -}}
{{- $keys := dict -}}
{{- range $key, $ref := $secret.keys -}}
{{- if not (kindIs "invalid" $ref) -}}
{{- $default := dict "key" (ternary (printf "%s/%s" $prefix $name) $name (ne $prefix "")) "property" $key -}}
{{- $_ := set $keys $key (merge (dict) $ref (ternary (dict) $default (hasKey $ref "key"))) -}}
{{- end -}}
{{- end -}}
{{- $_ := set $wanted $name (dict "layers" $layers "type" ($secret.type | default "Opaque") "keys" $keys) -}}
{{- end -}}
{{- end -}}
{{- toJson $wanted -}}
{{- end -}}

{{/* secrets.layers: the layers that get any, as JSON: layer to the names of the entries that it reads. */}}
{{- define "secrets.layers" -}}
{{- $layers := dict -}}
{{- if eq .Values.mode "external" -}}
{{- range include "secrets.wanted" . | fromJson -}}
{{- $entries := list -}}
{{- range .keys -}}{{- $entries = append $entries .key -}}{{- end -}}
{{- range .layers -}}{{- $_ := set $layers . (concat (index $layers . | default list) $entries | uniq | sortAlpha) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $layers -}}
{{- end -}}
