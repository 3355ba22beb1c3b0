{{/*
One way out for a URL. A host of this cluster (x.ns.svc) opens its namespace without naming a port, because a policy sees the pod's port
and the URL has the Service's; any other host opens its port everywhere, because a policy knows no names.
*/}}
{{- define "rag-stack.edge" -}}
{{- $at := include "common.address" . | fromYaml -}}
{{- if $at.namespace -}}
to: [{namespace: {{ $at.namespace }}}]
{{- else -}}
to: [{anywhere: true}]
ports: [{{ $at.port }}]
{{- end -}}
{{- end -}}

{{- define "rag-stack.egress" -}}
{{- range $role, $model := .Values.models }}
{{ $role }}:
  {{- if $model.url }}
  {{- include "rag-stack.edge" $model.url | nindent 2 }}
  {{- else }}
  to: [{layer: serving}]
  ports: [8000]
  {{- end }}
{{- end }}
{{- $store := include "rag-stack.store" . | fromYaml }}
{{- if .Values.store.url }}
vector-store:
  {{- include "rag-stack.edge" .Values.store.url | nindent 2 }}
{{- else if $store.chart }}
vector-store:
  to: [{layer: data}]
  ports: [{{ $store.port }}]
{{- end }}
{{- if eq .Values.state.records "postgres" }}
records:
  {{- include "rag-stack.edge" (printf "postgresql://%s:%v" .Values.state.postgres.host .Values.state.postgres.port) | nindent 2 }}
{{- end }}
{{- if eq .Values.state.files "s3" }}
files:
  {{- include "rag-stack.edge" (.Values.state.s3.endpoint | default "https://s3.amazonaws.com") | nindent 2 }}
{{- end }}
{{- if .Values.safety.url }}
safety:
  {{- include "rag-stack.edge" .Values.safety.url | nindent 2 }}
{{- else if eq .Values.safety.provider "llama-guard" }}
safety:
  to: [{layer: serving}]
  ports: [8000]
{{- end }}
{{- if eq .Values.auth.mode "kubernetes" }}
kubernetes-api:
  # The API server's pods are on the host network, so neither namespace nor Service address can name them.
  to: [{anywhere: true}]
  ports: [443, 6443]
{{- else if and (eq .Values.auth.mode "custom") .Values.auth.custom.endpoint }}
sign-in:
  {{- include "rag-stack.edge" .Values.auth.custom.endpoint | nindent 2 }}
{{- else if and (eq .Values.auth.mode "oauth2") (or .Values.auth.oauth2.jwks.uri .Values.auth.oauth2.introspection.url) }}
sign-in:
  {{- include "rag-stack.edge" (.Values.auth.oauth2.jwks.uri | default .Values.auth.oauth2.introspection.url) | nindent 2 }}
{{- end }}
{{- if and .Values.telemetry.enabled .Values.telemetry.otlpEndpoint }}
telemetry:
  {{- include "rag-stack.edge" .Values.telemetry.otlpEndpoint | nindent 2 }}
{{- end }}
{{- if and .Values.telemetry.traces.enabled .Values.telemetry.traces.endpoint }}
traces:
  {{- include "rag-stack.edge" .Values.telemetry.traces.endpoint | nindent 2 }}
{{- else if .Values.telemetry.traces.enabled }}
traces:
  to: [{layer: observe}]
  ports: [4318]
{{- end }}
{{- with .Values.networkPolicy.egress }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "rag-stack.ingress" -}}
gate:
  from: [{layer: gate}]
  ports: [8321]
{{- range $name, $peer := .Values.clients }}
client-{{ $name }}:
  from: [{{ toJson $peer }}]
  ports: [8321]
{{- end }}
{{- if .Values.telemetry.serviceMonitor.enabled }}
monitoring:
  from: [{monitoring: true}]
  ports: [9464]
{{- end }}
{{- with .Values.networkPolicy.ingress }}
{{ toYaml . }}
{{- end }}
{{- end -}}
