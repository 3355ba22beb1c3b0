{{- define "object-store.server" -}}{{ if eq .Values.mode "server" }}true{{ end }}{{- end -}}

{{/* Name of a bucket's ConfigMap and, unless another is given, of its Secret. Takes: {ctx, bucket}. */}}
{{- define "object-store.handle" -}}
{{- printf "%s-%s" .ctx.Release.Name .bucket -}}
{{- end -}}

{{- define "object-store.host" -}}
{{- printf "%s.%s.svc" .Release.Name .Release.Namespace -}}
{{- end -}}

{{/* Accounts by name: Secret, variables' prefix, and what the account may do. A bucket's account sees that bucket only, and cannot delete it. */}}
{{- define "object-store.accounts" -}}
admin: {secret: {{ .Values.admin.secretName | quote }}, prefix: ADMIN, actions: [Admin]}
{{- range $bucket, $given := .Values.buckets }}
bucket-{{ $bucket }}:
  secret: {{ ($given | default dict).secretName | default (include "object-store.handle" (dict "ctx" $ "bucket" $bucket)) }}
  prefix: BUCKET_{{ $bucket | upper | replace "-" "_" }}
  actions: [{{ range $i, $action := list "Read" "Write" "List" "Tagging" }}{{ if $i }}, {{ end }}"{{ $action }}:{{ $bucket }}"{{ end }}]
{{- end }}
{{- end -}}

{{/* The accounts as SeaweedFS reads them; it puts the variables in the place of ${…} (weed/s3api/auth_credentials.go), so no key is in here. */}}
{{- define "object-store.identities" -}}
{{- $identities := list -}}
{{- range $name, $account := include "object-store.accounts" . | fromYaml -}}
{{- $credentials := list (dict "accessKey" (printf "${%s_ACCESS_KEY_ID}" $account.prefix) "secretKey" (printf "${%s_SECRET_ACCESS_KEY}" $account.prefix)) -}}
{{- $identities = append $identities (dict "name" $name "credentials" $credentials "actions" $account.actions) -}}
{{- end -}}
{{- dict "identities" $identities | toPrettyJson -}}
{{- end -}}

{{/* Variables of one account. Takes: {account}. */}}
{{- define "object-store.keys" -}}
{{- range $key := list "ACCESS_KEY_ID" "SECRET_ACCESS_KEY" }}
- name: {{ $.account.prefix }}_{{ $key }}
  valueFrom:
    secretKeyRef: {name: {{ $.account.secret }}, key: AWS_{{ $key }}}
{{- end }}
{{- end -}}

{{- define "object-store.ingress" -}}
buckets:
  from: [{pods: {app.kubernetes.io/instance: {{ .Release.Name }}, app.kubernetes.io/component: buckets}}]
  ports: [8333]
{{- range $name, $peer := .Values.clients }}
{{- if $peer }}
client-{{ $name }}:
  from: [{{ toJson $peer }}]
  ports: [8333]
{{- end }}
{{- end }}
{{- if .Values.monitoring.enabled }}
monitoring:
  from: [{monitoring: true}]
  ports: [9327]
{{- end }}
{{- with .Values.networkPolicy.ingress }}
{{ toYaml . }}
{{- end }}
{{- end -}}
