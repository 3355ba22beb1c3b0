{{/*
certificates.wanted: every certificate with its namespace and its DNS names written out, by the name of its Secret, as JSON.
*/}}
{{- define "certificates.wanted" -}}
{{- $domain := (.Values.cluster | default dict).domain | default "" -}}
{{- $wanted := dict -}}
{{- range $name, $certificate := .Values.certificates -}}
{{- if $certificate -}}
{{- $namespace := $certificate.namespace | default "" -}}
{{- with $certificate.layer -}}{{- $namespace = include "common.namespace" (dict "ctx" $ "layer" .) -}}{{- end -}}
{{- $names := list -}}
{{- range $host, $on := $certificate.hosts -}}
{{- if $on -}}{{- $names = append $names (ternary $host (printf "%s.%s" $host $domain) (contains "." $host)) -}}{{- end -}}
{{- end -}}
{{- range $service, $on := $certificate.services -}}
{{- if $on -}}{{- $names = concat $names (list (printf "%s.%s.svc" $service $namespace) (printf "%s.%s.svc.cluster.local" $service $namespace)) -}}{{- end -}}
{{- end -}}
{{- $_ := set $wanted $name (dict "namespace" $namespace "names" $names "layer" ($certificate.layer | default "")) -}}
{{- end -}}
{{- end -}}
{{- toJson $wanted -}}
{{- end -}}

{{/* certificates.metadata: of an object that belongs to the issuer. Takes: {ctx, name, clustered, wave}. */}}
{{- define "certificates.metadata" -}}
{{- include "common.metadata" (dict "ctx" .ctx "name" .name "clustered" .clustered "namespace" .ctx.Values.issuer.namespace
     "annotations" (include "common.sync" (dict "foreign" true "wave" .wave) | fromYaml)) -}}
{{- end -}}
